/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes one incident at a time into the spool, so that it is there whole or not at all: under
 * another name, synced, then renamed, and the directory synced. All the memory that it needs is
 * taken at the start: it may have to write when there is none left. Called by the watcher.
 */
#ifndef FLEET_SPOOL_WRITER_H
#define FLEET_SPOOL_WRITER_H

#include "capture/event.h"
#include "fleet/spool.h"

struct spool_writer;

/* What is written: two processes do at the same time, each under a name of its own. */
enum spool_stage {
	SPOOL_RAW,      /* as it comes from the kernel */
	SPOOL_FINISHED, /* with names: nobody writes to it again */
};

/* The spool is borrowed, and open for writing. 0 or -errno. */
int spool_writer_new(const struct spool *spool, enum spool_stage stage,
		     struct spool_writer **ret_writer);
void spool_writer_free(struct spool_writer *writer);
DEFINE_CLEANUP(struct spool_writer *, spool_writer_free)

/* Begins a file; one that was begun and not committed is given up. 0 or -errno. */
int spool_writer_begin(struct spool_writer *writer);

/* 0, or -errno as trace_writer_add(): then the file cannot be committed. */
int spool_writer_add(struct spool_writer *writer, const struct event *event);

/*
 * Puts it there under this id, in the place of what had the name. 0, -EINVAL for what is no id, or
 * -errno: then nothing has changed.
 */
int spool_writer_commit(struct spool_writer *writer, const char *id);

/* All of a file at once, as spool_writer_begin() to spool_writer_commit() would make it. */
int spool_writer_put(struct spool_writer *writer, const char *id, const void *bytes,
		     size_t len_bytes);

/* Gives up what was begun. */
void spool_writer_abort(struct spool_writer *writer);

#endif
