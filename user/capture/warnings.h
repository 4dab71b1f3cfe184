/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits that come near: of the cgroups that are followed (cgroup_curves.h), and of the host. Each
 * second what cannot be reclaimed is held against the limit; when it has passed one of the percents
 * asked for, a group of events without a number tells of it, with the points of the time before,
 * from which the model makes a rate and a forecast, and with the stacks that have grown most
 * (incident_growing.c). Knows nothing of processes. For watch*.c and incident*.c alone.
 */
#ifndef CAPTURE_WARNINGS_H
#define CAPTURE_WARNINGS_H

#include "capture/cell_baseline.h"
#include "capture/cgroup_curves.h"
#include "capture/event.h"
#include "capture/event_queue.h"
#include "capture/warn_percents.h"

struct live;

/* Of the time before, whole: where there are more, every second one goes. */
#define WARNING_POINTS 128
/* A percent is told again when so many below it were reached in between. */
#define WARNING_REARM 5
/* Of each limit, that an incident has: the last ones. */
#define WARNINGS_KEPT 16

struct told_warning {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t held_bytes, limit_bytes;
	uint32_t percent;
};

struct warned_limit {
	uint64_t id;   /* of the cgroup; 0: nobody's, or the host's */
	uint32_t told; /* bits, by percent of the options: not to be told now */
	uint32_t count;
	struct charge_event points[WARNING_POINTS]; /* oldest first */
	/* since when, in the session, it fills up: most had gone then; and the time before that */
	uint64_t since_ns, since_before_ns;
	uint32_t warning_count;
	struct told_warning warnings[WARNINGS_KEPT]; /* oldest first */
};

struct warnings {
	const struct warn_percents *percents; /* NULL: nobody asked */
	struct cell_baseline baseline;        /* what stacks held some time ago */
	bool *inside;                         /* by account: incident_growing.c's alone */
	struct warned_limit *limits; /* by place of the cgroup's curve; the last: the host */
	uint64_t count;              /* that were told */
};

/* 0 or -ENOMEM; the percents are borrowed. */
int warnings_init(struct warnings *warnings, const struct warn_percents *percents,
		  const struct ledger *ledger);
void warnings_release(struct warnings *warnings);

/* Called once a second, after the curves. */
void warnings_look(struct live *live, uint64_t now_ns);

/*
 * Queues what was told of a limit, and its points, as of a level of an incident: of the cgroup with
 * that id, or of the host, 0 and LEVEL_HOST. Nothing where nothing was told before the kill.
 */
void warnings_queue_told(const struct warnings *warnings, uint64_t id, uint32_t level,
			 uint64_t start_ns, uint64_t killed_ns, struct event_queue *queue);

/* What is now crossed: the highest percent that was not told; 0: none. Keeps `told`. */
uint32_t warning_crossed(const struct warn_percents *percents, uint32_t *told, uint64_t held_bytes,
			 uint64_t limit_bytes);

#endif
