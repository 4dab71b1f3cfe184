/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of what was lost a watcher has told: each incident has how often each cause of loss had
 * happened by then, and what came after the last one is said when the watch ends. For watch.c.
 */
#ifndef COMMANDS_TOLD_LOSSES_H
#define COMMANDS_TOLD_LOSSES_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/event.h"

/* Causes of loss that there are, and some more. */
#define TOLD_LOSSES_MAX 32

/* How much of a cause incidents have told. */
struct told_loss {
	const char *cause;
	uint64_t count;
};

/* Starts as {}. */
struct told_losses {
	struct told_loss items[TOLD_LOSSES_MAX];
	bool data_lost; /* it was said that some was */
};

/* An incident tells it. */
void told_losses_note(struct told_losses *told, const struct lost_event *lost);

/* Says how many of `what` were not told. */
void told_losses_say(struct told_losses *told, uint64_t count, const char *what);

/*
 * Says what came after the last incident, or where there was none. To be handed to watch_losses(),
 * with the struct told_losses. 0.
 */
int told_losses_take_late(void *told, const struct event *event);

#endif
