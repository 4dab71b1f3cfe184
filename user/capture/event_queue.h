/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events waiting to be handed out by a live source. Copies what it is given, strings and frames
 * included, and takes over descriptors; what is popped is valid until the next pop.
 */
#ifndef CAPTURE_EVENT_QUEUE_H
#define CAPTURE_EVENT_QUEUE_H

#include <stdbool.h>

#include "capture/event.h"

struct queued_event;

struct event_queue {
	struct queued_event *first, *last;
	struct queued_event *popped; /* what the caller still looks at */
	int error;                   /* -ENOMEM once an event could not be kept */
};

/*
 * A module event's descriptor is the queue's from here on, also on failure. Returns what was
 * pushed, for event_queue_remove(); NULL when there is no memory, which `error` says as well.
 */
struct queued_event *event_queue_push(struct event_queue *queue, const struct event *event);
/* Takes out and frees what was pushed and has not been popped. */
void event_queue_remove(struct event_queue *queue, struct queued_event *queued);
/* False when nothing waits. */
bool event_queue_pop(struct event_queue *queue, struct event *ret_event);
void event_queue_release(struct event_queue *queue);

#endif
