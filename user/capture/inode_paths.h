/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths of files that are known by their inode's address in the kernel alone. Nothing is held: an
 * inode is believed only while it has the number that was seen, and a path is what somebody could
 * type now, if at all.
 */
#ifndef CAPTURE_INODE_PATHS_H
#define CAPTURE_INODE_PATHS_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "capture/mounts.h"
#include "capture/programs.h"

/* The longest there is within a file system, as the kernel side tells it, and where it was cut. */
#define INODE_PATH_BYTES (OT_PATH_DEPTH * (OT_NAME_LEN + 1) + sizeof("/..."))

struct inode_paths {
	const struct programs *programs;
	struct ot_file_path *answer;
	struct mounts mounts;
};

/* Borrows the programs. 0 or -errno; without a table of mounts paths begin with their device. */
int inode_paths_open(const struct sysroot *root, const struct programs *programs,
		     struct inode_paths *ret_paths);
void inode_paths_close(struct inode_paths *paths);

/* Appends nothing where the file has no name, or none any more. */
void inode_paths_append(struct inode_paths *paths, const struct ot_file_page *file,
			struct buf *out);

/* The same of one file, once, without keeping a table of mounts; see mounts_look_up(). */
void inode_path_look_up(const struct sysroot *root, const struct programs *programs,
			const struct ot_file_page *file, struct buf *out);

#endif
