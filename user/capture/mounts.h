/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where file systems are mounted, as we see it: turns a path within a file system into one that
 * somebody can type. From /proc/self/mountinfo, of which at most MOUNTS_MAX mounts are read.
 */
#ifndef CAPTURE_MOUNTS_H
#define CAPTURE_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/sysroot.h"

/* More than a host with a thousand containers has. */
#define MOUNTS_MAX 65536

struct mount {
	uint32_t device; /* as the kernel counts: major << 20 | minor */
	const char *root;
	const char *point;
};

struct mounts {
	struct mount *items;
	size_t count;
	struct arena arena;
};

#define MOUNTS_MAJOR(device) ((device) >> 20)
#define MOUNTS_MINOR(device) ((device)&0xfffff)

/* 0 or -errno; what could be read is there in any case. */
int mounts_read(const struct sysroot *root, struct mounts *ret_mounts);
void mounts_release(struct mounts *mounts);

/*
 * Appends the path of a file: `path`, which begins with a slash, is the one within the file system
 * of `device`. Where that is not mounted for us the device stands in front: "[254:0]/etc/hosts".
 */
void mounts_append_path(const struct mounts *mounts, uint32_t device, const char *path,
			struct buf *out);

/*
 * The same for one file, by the table as it is now, without keeping it: nothing is allocated if
 * `out`, whose contents it replaces, is of fixed size.
 */
void mounts_look_up(const struct sysroot *root, uint32_t device, const char *path, struct buf *out);

#endif
