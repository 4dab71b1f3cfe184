// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/told_losses.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

/* Causes are words of ours. NULL: there are more than there should be. */
static struct told_loss *told_loss(struct told_losses *told, const char *cause)
{
	for (size_t i = 0; i < TOLD_LOSSES_MAX; i++) {
		struct told_loss *item = &told->items[i];

		if (!item->cause)
			item->cause = cause;
		if (strcmp(item->cause, cause) == 0)
			return item;
	}
	return NULL;
}

void told_losses_note(struct told_losses *told, const struct lost_event *lost)
{
	struct told_loss *item = told_loss(told, lost->cause);

	told->data_lost |= lost->data && lost->count > 0;
	if (item)
		item->count = lost->count;
}

void told_losses_say(struct told_losses *told, uint64_t count, const char *what)
{
	told->data_lost |= count > 0;
	if (count)
		log_warning("%" PRIu64 " %s were not told: too many came at once", count, what);
}

int told_losses_take_late(void *context, const struct event *event)
{
	struct told_losses *told = context;
	const struct lost_event *lost = &event->lost;
	const struct told_loss *item = told_loss(told, lost->cause);
	uint64_t count = lost->count - (item ? item->count : 0);

	if (!count || !lost->data)
		return 0;
	log_warning("lost after the last incident: %s, %" PRIu64 " time%s (%s)", lost->meaning,
		    count, count == 1 ? "" : "s", lost->cause);
	told_losses_note(told, lost);
	return 0;
}
