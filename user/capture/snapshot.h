/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of the ledger as events: what every stack of every traced process holds, what the
 * kernel says about those processes, and what was lost. At the end of a session, and before that as
 * often as asked for.
 */
#ifndef CAPTURE_SNAPSHOT_H
#define CAPTURE_SNAPSHOT_H

#include "capture/cgroups.h"
#include "capture/event_queue.h"
#include "capture/ledger.h"
#include "capture/lives.h"
#include "capture/programs.h"
#include "capture/spaces.h"
#include "capture/stacks.h"

/* Ids of what stands for no process or stack of its own, 0: not announced yet. {0} at the start. */
struct snapshot_labels {
	uint32_t stack_ids[STACK_ORIGIN_COUNT];
	uint32_t nobody_id; /* process of work without an account */
};

struct snapshot_context {
	const struct sysroot *root;
	struct programs *programs;
	struct ledger *ledger;
	struct lives *lives;
	struct stacks *stacks;
	struct cgroups *cgroups;     /* NULL: not told apart */
	const struct spaces *spaces; /* NULL: mappings are not followed */
	struct snapshot_labels *labels;
	struct event_queue *queue;
	void (*drain)(void *drain_context); /* takes the records that wait in the ring */
	void *drain_context;
	uint64_t time_ns; /* since the session began */
	bool last;
	bool files;     /* tell what files the page cache is of */
	bool host;      /* the whole host is traced: hold it against meminfo */
	bool reconcile; /* look at page tables: for targets, not for a whole host */
};

/* What the kernel says about the memory of the host now. */
void snapshot_queue_host(const struct sysroot *root, enum memory_when when,
			 struct event_queue *queue);

/* Queues the events; the counters go on meanwhile. 0 or -errno. */
int snapshot(const struct snapshot_context *context);

#endif
