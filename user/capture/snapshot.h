/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the ledger as events: what every stack of every traced process holds, what the
 * kernel says about those processes, and what was lost. The end of a session.
 */
#ifndef CAPTURE_SNAPSHOT_H
#define CAPTURE_SNAPSHOT_H

#include "capture/event_queue.h"
#include "capture/ledger.h"
#include "capture/lives.h"
#include "capture/programs.h"
#include "capture/spaces.h"
#include "capture/stacks.h"

struct snapshot_context {
	const struct sysroot *root;
	struct programs *programs;
	struct ledger *ledger;
	struct lives *lives;
	struct stacks *stacks;
	const struct spaces *spaces; /* NULL: mappings are not followed */
	struct event_queue *queue;
	void (*drain)(void *drain_context); /* takes the records that wait in the ring */
	void *drain_context;
	bool reconcile; /* look at page tables: for targets, not for a whole host */
};

/* Queues the events; the counters go on meanwhile. 0 or -errno. */
int snapshot(const struct snapshot_context *context);

#endif
