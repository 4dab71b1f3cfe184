/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is traced by name of a pid: processes that run already, or a command that is started and held
 * until the probes are live. Holds on to each, so that a pid used again is nobody's.
 */
#ifndef CAPTURE_TARGET_H
#define CAPTURE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sysroot.h"
#include "capture/event.h"
#include "capture/failure.h"

struct target {
	uint32_t pid; /* of the thread group */
	int pidfd;
	char comm[EVENT_COMM_LEN];
};

struct targets {
	struct target *items; /* each process once */
	size_t count;         /* 0: whom a rule chooses, or everybody */
	size_t running;
	int ended_fd;   /* readable when one more has ended; -1: there is none to wait for */
	bool child;     /* the only one is ours: a command */
	int release_fd; /* a byte lets the command go, its end forbids it */
	int exec_fd;    /* tells whether it could be executed */
};

#define TARGETS_NONE                                            \
	{                                                       \
		.ended_fd = -1, .release_fd = -1, .exec_fd = -1 \
	}

/* Finds processes by the pids of any of their threads. 0, or -errno with *ret_failure. */
int targets_find(const struct sysroot *root, const uint32_t *pids, size_t count,
		 struct targets *ret_targets, struct failure *ret_failure);

/* Forks; the child waits. It will have the signal mask and dispositions oomtrace was started with.
 */
int targets_spawn(char *const *argv, struct targets *ret_targets, struct failure *ret_failure);

/* Lets a held command go. 0, or -errno with FAILURE_EXEC when it could not be executed. */
int targets_let_go(struct targets *targets, struct failure *ret_failure);

bool targets_have(const struct targets *targets, uint32_t pid);

/* Looks who has ended since. True when nobody is left of those there were. */
bool targets_have_ended(struct targets *targets);

/* Its pid, if it has not ended; 0: it has, or there is none. */
uint32_t targets_command_that_runs(const struct targets *targets);

/* Waits for the command; *ret_status as from waitpid(). False when it was no child. */
bool targets_wait(const struct targets *targets, int *ret_status);

/* A command that was never let go ends by itself, and is waited for. */
void targets_close(struct targets *targets);

#endif
