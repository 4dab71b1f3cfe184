// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/incident_levels.h"

#include <stdio.h>
#include <string.h>

/*
 * include/linux/page_counter.h: PAGE_COUNTER_MAX, "max", is LONG_MAX / PAGE_SIZE. With pages of
 * 64 KiB it is this; no machine has as much.
 */
#define NO_LIMIT_PAGES (INT64_MAX / 65536)

/* mm/memcontrol.c: charged in batches of MEMCG_CHARGE_BATCH, or a huge page. */
#define CHARGED_AT_ONCE_PAGES 64

static uint32_t level_count(const struct ot_kill_record *record)
{
	return record->level_count < OT_KILL_LEVELS ? record->level_count : OT_KILL_LEVELS;
}

void incident_level_path(const struct ot_kill_record *record, uint32_t level,
			 char ret_path[INCIDENT_PATH_MAX])
{
	uint32_t end = level_count(record);
	size_t len = 0;

	ret_path[0] = '\0';
	if (record->flags & OT_KILL_CHAIN_CUT)
		len = snprintf(ret_path, INCIDENT_PATH_MAX, "/...");
	else if (end > 0)
		end--; /* the root has no name of its own */
	for (uint32_t i = end; i-- > level && i < end;)
		len += snprintf(ret_path + len, INCIDENT_PATH_MAX - len, "/%.*s", OT_KILL_NAME - 1,
				record->levels[i].name);
	if (!len)
		strcpy(ret_path, "/");
}

bool incident_level_has_limit(const struct ot_kill_level *level)
{
	return level->max < NO_LIMIT_PAGES;
}

/* The only one that has a limit; `count`: there are several, or some are not known. */
static uint32_t only_limit(const struct ot_kill_record *record, uint32_t count)
{
	uint32_t only = count;

	for (uint32_t i = 0; i < count; i++) {
		if (!incident_level_has_limit(&record->levels[i]))
			continue;
		if (only < count)
			return count;
		only = i;
	}
	return record->flags & OT_KILL_CHAIN_CUT ? count : only;
}

/* Where others have just been killed there may be room again: who alone has a limit has reached it.
 */
uint32_t incident_level_fired(const struct ot_kill_record *record)
{
	uint32_t count = level_count(record);

	for (uint32_t i = 0; i < count; i++) {
		const struct ot_kill_level *level = &record->levels[i];

		if (incident_level_has_limit(level) &&
		    level->usage + CHARGED_AT_ONCE_PAGES > level->max)
			return i;
	}
	return only_limit(record, count);
}
