/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source of trace events: the live kernel (live.h) or a trace file (trace_reader.h).
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include "capture/event.h"

struct source {
	/*
	 * Fills *ret_event with the next event; a live source waits for it. Returns 1, or 0 when
	 * the session is over, or -errno when the source is broken (what came before stays valid).
	 */
	int (*next)(struct source *source, struct event *ret_event);
	/* Releases everything, the source itself included. */
	void (*close)(struct source *source);
};

#endif
