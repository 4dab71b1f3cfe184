/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds files by a path as a process sees it, without being led anywhere else: on the process's own
 * root, symbolic links followed within it, step by step, each step held by a descriptor and its
 * file system asked for (mount_types.h) before anything is looked up in it. Reads no file.
 */
#ifndef CAPTURE_TARGET_PATH_H
#define CAPTURE_TARGET_PATH_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/sysroot.h"

/* The root of a process, or with pid 0 our own. Opened with O_PATH; -errno. */
int target_root_open(const struct sysroot *root, uint32_t pid);

/*
 * Follows a path from `top`, a root. Returns a regular file, opened with O_PATH, or -errno:
 * -EREMOTE where a file system may hang.
 */
int target_path_find(const struct sysroot *root, uint32_t pid, int top, const char *path,
		     struct stat *ret_status);

/* What was found, for reading; or -errno. */
int target_path_open(const struct sysroot *root, int found_fd);

#endif
