/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace file was told and has not written: events of the session that wait for the next
 * snapshot that is kept. A process or stack that is forgotten before it was ever written leaves
 * nothing, whatever was said of it, so that a file with fewer snapshots has fewer of the dead, too.
 * Knows which ids are in the file, never what they are. Used by trace_file.c.
 */
#ifndef CAPTURE_TRACE_HELD_H
#define CAPTURE_TRACE_HELD_H

#include "base/table.h"
#include "capture/event_queue.h"

/* {0} holds nothing. */
struct trace_held {
	struct event_queue gone;   /* of ids in the file: they were forgotten */
	struct event_queue coming; /* everything else */
	struct table ids;          /* processes and stacks that were not forgotten */
};

void trace_held_release(struct trace_held *held);

/* Copies the event. 0 or -ENOMEM. */
int trace_held_add(struct trace_held *held, const struct event *event);

/*
 * The next to be written, in the order they came; valid until the next call. What was forgotten is
 * to be written first, before the snapshot that everything else belongs to: whoever thins the file
 * again knows then what need not be kept for that snapshot. False when there is none.
 */
bool trace_held_pop_gone(struct trace_held *held, struct event *ret_event);
bool trace_held_pop(struct trace_held *held, struct event *ret_event);

/* Is to be told of each event that goes to the file, popped or not. 0 or -ENOMEM. */
int trace_held_written(struct trace_held *held, const struct event *event);

#endif
