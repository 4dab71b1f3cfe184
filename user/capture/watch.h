/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching a host for OOM kills: a source that hands out nothing. Incidents go to `take`, event by
 * event while they are made, without a copy in between: there may be no memory to keep one in. The
 * events of an incident begin with EVENT_SESSION and EVENT_INCIDENT, end with EVENT_END and refer
 * to nothing outside themselves, so that they can be written to a file of their own. next() watches
 * until SIGINT or SIGTERM, and then returns 0.
 */
#ifndef CAPTURE_WATCH_H
#define CAPTURE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/failure.h"
#include "capture/programs.h"
#include "capture/rows_provider.h"
#include "capture/source.h"
#include "capture/warn_percents.h"

struct watch_options {
	uint64_t period_pages; /* 0: chosen */
	uint64_t duration_ns;  /* 0: until a signal */
	bool sigkills;         /* those of others, too */
	struct warn_percents warn;
	uint64_t last_sequence; /* of the incidents of this boot that there are already */
	/* 0, or -errno to end the watch; the event, its file included, is valid during the call */
	int (*take)(void *context, const struct event *event);
	/* the same for what is told in passing, as a whole trace file each: `sigkills`, `warn` */
	int (*take_brief)(void *context, const struct event *event);
	void *context;
	const char *target;        /* for the session events */
	enum unwind_method unwind; /* how user stacks are taken */
	struct rows_provider rows; /* of unwind data; get is NULL: nobody has any */
};

/*
 * Probes are live when this returns. Where BPF cannot be used, the kernel's log alone is watched,
 * and *ret_failure says why. 0, or -errno with *ret_failure.
 */
int watch_open(const struct watch_options *options, struct source **ret_source,
	       struct failure *ret_failure);
bool watch_is_by_log(const struct source *source);

/*
 * Hands out how much has been lost by each cause, as each incident does at its end: what came after
 * the last one no incident tells. When next() has returned.
 */
void watch_losses(const struct source *source,
		  int (*take)(void *context, const struct event *event), void *context);

#endif
