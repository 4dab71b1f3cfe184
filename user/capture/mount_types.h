/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a file system answers by itself. Opening a file of a FUSE or network file system may
 * never return, and the target chose it; the mount table tells without asking that file system.
 * Internal mounts (memfd, mounts that are gone) are in no table: what is not found is said not to
 * answer.
 */
#ifndef CAPTURE_MOUNT_TYPES_H
#define CAPTURE_MOUNT_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sysroot.h"

/*
 * As the process sees it, or else as we do: of a process in a chroot the kernel shows no mounts
 * outside of it, not even the one that its root lies in. At most 1 MiB of a table is read, for a
 * process may have as many mounts as it likes.
 */
bool mount_answers_device(const struct sysroot *root, uint32_t pid, uint32_t major, uint32_t minor);

/* The number of the mount that a descriptor of ours, opened with O_PATH, lies on; 0: unknown. */
uint32_t mount_of_fd(const struct sysroot *root, int fd);

/* The same for a mount. */
bool mount_answers(const struct sysroot *root, uint32_t pid, uint32_t mount);
bool mount_answers_fd(const struct sysroot *root, uint32_t pid, int fd);

#endif
