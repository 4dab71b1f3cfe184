/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom to trace: a process that runs already, or a command that is started and held until the
 * probes are live.
 */
#ifndef CAPTURE_TARGET_H
#define CAPTURE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sysroot.h"
#include "capture/event.h"
#include "capture/failure.h"

struct target {
	uint32_t pid; /* of the thread group; 0: none */
	int pidfd;
	bool child;     /* ours: a command */
	int release_fd; /* a byte lets the command go, its end forbids it */
	int exec_fd;    /* tells whether it could be executed */
	char comm[EVENT_COMM_LEN];
};

#define TARGET_NONE                                          \
	{                                                    \
		.pidfd = -1, .release_fd = -1, .exec_fd = -1 \
	}

/* Finds a process by the pid of any of its threads. 0, or -errno with *ret_failure. */
int target_find(const struct sysroot *root, uint32_t pid, struct target *ret_target,
		struct failure *ret_failure);

/* Forks; the child waits. It will have the signal mask and dispositions oomtrace was started with.
 */
int target_spawn(char *const *argv, struct target *ret_target, struct failure *ret_failure);

/* Lets a held command go. 0, or -errno with FAILURE_EXEC when it could not be executed. */
int target_release(struct target *target, struct failure *ret_failure);

bool target_has_ended(const struct target *target);

/* Waits for the command; *ret_status as from waitpid(). False when it was no child. */
bool target_wait(const struct target *target, int *ret_status);

void target_close(struct target *target);

#endif
