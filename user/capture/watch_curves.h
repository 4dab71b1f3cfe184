/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time before a kill: the curves of processes and of cgroups, and the ring in which those who
 * grow tell of themselves. For watch.c and incident*.c.
 */
#ifndef CAPTURE_WATCH_CURVES_H
#define CAPTURE_WATCH_CURVES_H

#include "capture/cgroup_curves.h"
#include "capture/timeline.h"

struct ring_buffer;

struct watch_curves {
	const struct ledger *ledger;
	struct timeline timeline;
	struct cgroup_curves cgroups;
	struct ring_buffer *ring;
	uint64_t taken; /* records */
};

/* Keeps the pointers, and its own address. 0 or -errno. */
int watch_curves_init(struct watch_curves *curves, const struct sysroot *root,
		      const struct programs *programs, const struct ledger *ledger,
		      struct cgroups *cgroups);
void watch_curves_release(struct watch_curves *curves);

/* Becomes readable when much waits in the ring. */
int watch_curves_fd(const struct watch_curves *curves);

/* Takes what waits in the ring: before an incident is made, or it would end too early. */
void watch_curves_take(struct watch_curves *curves);

/* The same, and looks at everybody when a second has passed: true. */
bool watch_curves_tick(struct watch_curves *curves, uint64_t now_ns);

#endif
