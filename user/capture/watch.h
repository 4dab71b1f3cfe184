/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching a host for OOM kills: a source whose events come in groups, one for each incident. A
 * group begins with EVENT_SESSION and EVENT_INCIDENT, ends with EVENT_END and refers to nothing
 * outside itself, so that it can be written to a file of its own. next() waits for the next
 * incident, and returns 0 after SIGINT or SIGTERM.
 */
#ifndef CAPTURE_WATCH_H
#define CAPTURE_WATCH_H

#include <stdint.h>

#include "capture/failure.h"
#include "capture/programs.h"
#include "capture/rows_provider.h"
#include "capture/source.h"

struct watch_options {
	uint64_t period_pages;     /* 0: chosen */
	uint64_t duration_ns;      /* 0: until a signal */
	bool sigkills;             /* those of others, too */
	uint64_t last_sequence;    /* of the incidents of this boot that there are already */
	const char *target;        /* for the session events */
	enum unwind_method unwind; /* how user stacks are taken */
	struct rows_provider rows; /* of unwind data; get is NULL: nobody has any */
};

/* Probes are live when this returns. 0, or -errno with *ret_failure. */
int watch_open(const struct watch_options *options, struct source **ret_source,
	       struct failure *ret_failure);

#endif
