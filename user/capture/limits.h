/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How near a target is to the limits of the cgroups around it, its own and all above: read once a
 * second, ten times where it grows fast, and told where something has changed. For live*.c.
 */
#ifndef CAPTURE_LIMITS_H
#define CAPTURE_LIMITS_H

#include "bpf/oomtrace.h"
#include "capture/cgroup.h"
#include "capture/event_queue.h"

struct limit_level {
	struct cgroup cgroup;
	bool declared;
	uint64_t told_ns;
	uint64_t told_bytes;
};

struct limits {
	struct limit_level levels[OT_KILL_LEVELS]; /* its own first */
	uint32_t count;
	uint64_t looked_ns;
	bool fast;
};

/* By the cgroup's path. What cannot be opened is not looked at. */
void limits_open(struct limits *limits, const struct sysroot *root, const char *path);
void limits_close(struct limits *limits);

/* Queues what has changed; `now_ns` since the session began. `force`: whatever the time is. */
void limits_look(struct limits *limits, uint64_t now_ns, bool force, struct event_queue *queue);

#endif
