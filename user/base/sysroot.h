/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where /, /proc, /sys and /var/log are. Whoever parses them gets a struct sysroot and opens paths
 * relative to it, so that a test can hand over a fake tree. Knows nothing of what is in there.
 */
#ifndef BASE_SYSROOT_H
#define BASE_SYSROOT_H

#include "base/cleanup.h"

struct sysroot {
	int proc_fd;
	int sys_fd;
	int log_fd;  /* /var/log; -1: there is none */
	int root_fd; /* / */
};

/* An owning local starts as SYSROOT_CLOSED and wears _cleanup_(sysroot_close). */
#define SYSROOT_CLOSED                                                   \
	{                                                                \
		.proc_fd = -1, .sys_fd = -1, .log_fd = -1, .root_fd = -1 \
	}

/* Opens the directories of this host. 0 or -errno. */
int sysroot_open_host(struct sysroot *ret_root);

/* The same below another directory: `root`/proc and so on. 0 or -errno. */
int sysroot_open(const char *root, struct sysroot *ret_root);

void sysroot_close(struct sysroot *root);

#endif
