/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spool: a directory of incidents, one trace file each, named after the incident's id. A name
 * that ends in .oomtrace is a whole file; whatever is being written has another name, and what a
 * killed writer left behind is swept by the next one. A file that may still be written to (0600)
 * waits for its names, one that has them may only be read (0400). Knows names, sizes and ages,
 * nothing of what is in the files. Called by the watcher, `list` and `report`.
 */
#ifndef FLEET_SPOOL_H
#define FLEET_SPOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

#define SPOOL_DIRECTORY "/var/lib/oomtrace"
#define SPOOL_ENDING ".oomtrace"
/* Of an id: what a file name holds, with room for the ending. */
#define SPOOL_ID_MAX 128

struct spool;

/* To read. 0, or -errno of the directory. */
int spool_open(const char *path, struct spool **ret_spool);

/*
 * To write: made if it is not there (0700), swept, and locked until it is closed. 0, -errno,
 * -EBUSY when another one writes there, -EPERM when others than its owner may write there.
 */
int spool_open_writing(const char *path, struct spool **ret_spool);

void spool_close(struct spool *spool);
DEFINE_CLEANUP(struct spool *, spool_close)

/* In a forked child: leaves the lock to the parent, so that it ends with that. */
void spool_leave_lock(struct spool *spool);

/* Borrowed: the directory. */
int spool_fd(const struct spool *spool);

/* May this be a file name here? Letters, digits, '-', '_', '.', not at the start. */
bool spool_id_is_valid(const char *id);

/* Ids, oldest first, as their time and number tell. */
struct spool_ids {
	char (*ids)[SPOOL_ID_MAX];
	size_t count;
};

void spool_ids_release(struct spool_ids *ids);
int spool_list(const struct spool *spool, struct spool_ids *ret_ids);

/* 0, -ENOENT, -EINVAL for what is no id, or -errno. */
int spool_read(const struct spool *spool, const char *id, FILE **ret_stream);

/* Does it wait for its names? What cannot be looked at does not. */
bool spool_is_raw(const struct spool *spool, const char *id);

/*
 * Drops the oldest incidents until all of them take at most `max_bytes` and the file system has
 * `keep_free_percent` left; the newest one always stays. 0 or -errno; says how many have gone.
 */
int spool_prune(const struct spool *spool, uint64_t max_bytes, unsigned int keep_free_percent,
		unsigned int *ret_dropped);

#endif
