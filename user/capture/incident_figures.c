// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "capture/incident.h"
#include "capture/watch_state.h"

struct figures {
	const struct incident *incident;
	const struct incident_file *file;
};

static void queue_figure(const char *key, uint64_t value, void *context)
{
	const struct figures *figures = context;
	const struct event event = {
		.type = EVENT_FIGURE,
		.figure = {.level = figures->file->level,
			   .key = key,
			   .value = value,
			   .source = figures->file->source,
			   .when = TAKEN_AFTER},
	};

	event_queue_push(figures->incident->queue, &event);
}

/* In v1 the second counter is of memory and swap, and counts nothing where that is switched off. */
static void fill_swap(const struct incident *incident, const struct ot_kill_level *level,
		      uint64_t page_bytes, struct level_event *event)
{
	uint64_t pages = level->swap;

	if (!incident->watch->unified) {
		if (pages < level->usage)
			return;
		pages -= level->usage;
	}
	event->known |= LEVEL_SWAP;
	event->swap_bytes = pages * page_bytes;
}

static void queue_level(const struct incident *incident, uint32_t index, uint32_t fired)
{
	const struct ot_kill_level *level = &incident->chosen->levels[index];
	uint64_t page_bytes = sysconf(_SC_PAGESIZE);
	char path[INCIDENT_PATH_MAX];
	struct event event = {
		.type = EVENT_LEVEL,
		.level = {.index = index,
			  .id = level->id,
			  .path = path,
			  .known = LEVEL_USAGE | LEVEL_PEAK,
			  .usage_bytes = level->usage * page_bytes,
			  .peak_bytes = level->watermark * page_bytes,
			  .fired = index == fired && incident->scope == SCOPE_MEMCG,
			  .when = TAKEN_AT_KILL},
	};

	incident_level_path(incident->chosen, index, path);
	if (incident_level_has_limit(level)) {
		event.level.known |= LEVEL_LIMIT;
		event.level.limit_bytes = level->max * page_bytes;
	}
	fill_swap(incident, level, page_bytes, &event.level);
	event_queue_push(incident->queue, &event);
}

void incident_queue_levels(const struct incident *incident)
{
	uint32_t fired = incident_level_fired(incident->chosen);

	for (uint32_t i = 0; i < incident->chosen->level_count && i < OT_KILL_LEVELS; i++)
		queue_level(incident, i, fired);
	for (uint32_t i = 0; incident->files && i < incident->files->count; i++) {
		struct figures figures = {incident, &incident->files->files[i]};

		incident_file_each(figures.file, queue_figure, &figures);
	}
}
