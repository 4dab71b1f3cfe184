/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder's end of the names child: starting it, ending it, one packet there, one packet
 * back. Knows the form of the packets (wire.h) and believes nothing beyond it; what they mean is
 * symbolizer.c's.
 */
#ifndef SYMBOLS_NAMES_CHILD_H
#define SYMBOLS_NAMES_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/wire.h"

/* What to do when `fd` can be read while we wait for the child. NULL: there is nothing else to do.
 */
struct names_meanwhile {
	int fd;
	void (*work)(void *context);
	void *context;
};

struct names_child {
	int pidfd; /* -1: there is no child */
	int socket;
};

#define NAMES_CHILD_NONE ((struct names_child){.pidfd = -1, .socket = -1})

/*
 * Forks a child and waits until it has locked itself in, until `deadline_ns` (CLOCK_MONOTONIC) at
 * most. Returns -errno of what failed, in the child as well.
 */
int names_child_start(struct names_child *ret_child, uint64_t deadline_ns);

/* The same for the child that fetches debug files (fetch_server.h); -ELIBACC: no libdebuginfod. */
struct fetch_places;
int names_child_start_fetching(struct names_child *ret_child, const struct fetch_places *places,
			       uint64_t deadline_ns);

/* Kills and reaps; sets *child to NAMES_CHILD_NONE. A child stuck in the kernel is left behind. */
void names_child_end(struct names_child *child);

/* Without blocking: false when there is none, or it has ended. */
bool names_child_is_running(const struct names_child *child);

/* Never blocks. The first `fd_count` of `fds` go along. -ECONNRESET when nobody is there. */
int names_child_send(const struct names_child *child, const struct names_request *request,
		     const int *fds, size_t fd_count);

/*
 * Waits for one answer, and works meanwhile (NULL: does not). Returns -ETIMEDOUT at the deadline,
 * -ECONNRESET when the child has ended, -EBADMSG for what is no answer.
 */
int names_child_receive(const struct names_child *child, uint64_t deadline_ns,
			const struct names_meanwhile *meanwhile, struct names_answer *ret_answer);

/* CLOCK_MONOTONIC, `milliseconds` from now. */
uint64_t deadline_after(unsigned int milliseconds);

#endif
