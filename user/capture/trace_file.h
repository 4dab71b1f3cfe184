/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace file on disk that stays below a size, however long the recording. When it has grown
 * beyond, every second snapshot is dropped, and of those to come as many: the file keeps reaching
 * from the start to the end, at half the resolution. Processes and stacks that came and went
 * between two snapshots of the file are not in it. The snapshot of the end is never dropped, nor is
 * what else belongs to the session (modules, names), and where these alone are larger, so is the
 * file. It gets its name when it is complete. Used by the recording command.
 */
#ifndef CAPTURE_TRACE_FILE_H
#define CAPTURE_TRACE_FILE_H

#include <stdint.h>

#include "base/cleanup.h"
#include "capture/event.h"

struct trace_file;

/* `path` as for atomic_file_open(); it is borrowed. What is no file has no size to keep. 0 or
 * -errno. */
int trace_file_open(const char *path, uint64_t max_bytes, struct trace_file **ret_file);

/* 0, or -errno as trace_writer_add(). */
int trace_file_add(struct trace_file *file, const struct event *event);

/*
 * Completes and names the file; frees it in every case. 0 and how often the snapshots were halved,
 * or -errno: then nothing is left.
 */
int trace_file_commit(struct trace_file *file, unsigned int *ret_halvings);

/* Gives up: nothing is left. */
void trace_file_abort(struct trace_file *file);
DEFINE_CLEANUP(struct trace_file *, trace_file_abort)

#endif
