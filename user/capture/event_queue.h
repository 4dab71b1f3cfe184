/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events waiting to be handed out by a live source. Copies what it is given, strings and frames
 * included, and takes over descriptors; what is popped is valid until the next pop.
 *
 * With a taker nothing waits: it gets each event as it is pushed, and nothing is copied or
 * allocated. That is how incidents leave where there may be no memory left.
 */
#ifndef CAPTURE_EVENT_QUEUE_H
#define CAPTURE_EVENT_QUEUE_H

#include <stdbool.h>

#include "capture/event.h"

struct queued_event;

struct event_queue {
	/* NULL: events wait. 0 or -errno; what it is given is valid during the call. */
	int (*take)(void *context, const struct event *event);
	void *context;
	struct queued_event *first, *last;
	struct queued_event *popped; /* what the caller still looks at */
	int error;                   /* the first: -ENOMEM, or the taker's */
};

/*
 * A module event's descriptor is the queue's from here on, also on failure. Returns what was
 * pushed, for event_queue_remove(); NULL when it does not wait: it was taken, or `error` says why.
 */
struct queued_event *event_queue_push(struct event_queue *queue, const struct event *event);
/* Takes out and frees what was pushed and has not been popped. */
void event_queue_remove(struct event_queue *queue, struct queued_event *queued);
/* False when nothing waits. */
bool event_queue_pop(struct event_queue *queue, struct event *ret_event);
void event_queue_release(struct event_queue *queue);

#endif
