/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps by which a fresh fork gives up what it has from its parent: handlers of signals,
 * descriptors, its user, capabilities. What is put together of them is for whoever calls them.
 */
#ifndef BASE_DROP_H
#define BASE_DROP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The kernel's overflow id: owns no file, and is the same in every distribution. */
#define DROP_NOBODY 65534

/* All signals as they are by default and not blocked, but these, which are ignored. 0 or -errno. */
int drop_signals(const int *ignored, size_t count);

/*
 * Standard streams become /dev/null, stderr unless it is kept; `fd` becomes the one after them, and
 * everything else is closed. 0 or -errno.
 */
int drop_descriptors(int fd, bool keep_stderr);
#define DROP_FD 3

/*
 * Becomes that user and group alone, without any capability. Who may not change its ids keeps them,
 * and is left with what any program of that user has. 0 or -errno.
 */
int drop_identity(uid_t uid, gid_t gid);

/* May this process change its ids? */
bool drop_can_change_ids(void);

#endif
