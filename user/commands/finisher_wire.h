/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the two ends of a finisher: finisher.c, in the recorder, and finisher_run.c, the process.
 * To the process go messages, with the descriptors of a module's files where it is about one; from
 * it comes a byte each time that it has read all there was.
 */
#ifndef COMMANDS_FINISHER_WIRE_H
#define COMMANDS_FINISHER_WIRE_H

#include <sys/types.h>

#include "commands/hook.h"
#include "commands/options.h"
#include "fleet/spool.h"
#include "symbols/symbolizer.h"

/* A module's file, and what may be its debug files. */
#define FINISHER_FDS_MAX (1 + SYMBOLIZER_DEBUG_FILES_MAX)
/*
 * Of what is kept nowhere: a trace file that follows the message. A warning has at most
 * GROWING_BYTES of stacks, WARNING_POINTS of 45 bytes, a session, and a path; incidents are smaller
 * but for those of many processes, and the kernel has such a message without large pieces of
 * memory.
 */
#define FINISHER_BRIEF_MAX 65536

struct finisher_message {
	uint32_t module; /* 0: it is about an incident */
	bool perf_map;   /* the file is one of a JIT's names */
	/* other than none: the file is of the container of a victim of the next incident */
	enum container_format container;
	uint32_t process; /* that victim */
	char container_id[WORKLOAD_ID_LEN + 1];
	/* of that; where a trace file follows the spool has not got it, and "" is told in passing
	 */
	char id[SPOOL_ID_MAX];
};

/* What the process does, in a fresh fork, until the socket is closed at its other end. */
_Noreturn void finisher_run(const struct opts *opts, struct spool *spool, struct hook *hook,
			    int socket, pid_t parent);

#endif
