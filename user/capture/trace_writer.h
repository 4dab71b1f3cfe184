/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes trace events to a stream, in the format of docs/trace-format.md. Knows the layout of a
 * record and nothing else: no file names, no symbols, no order of events except that it writes
 * them as they come. Called by the recording command and by tests.
 */
#ifndef CAPTURE_TRACE_WRITER_H
#define CAPTURE_TRACE_WRITER_H

#include <stdio.h>

#include "base/cleanup.h"
#include "capture/event.h"

struct trace_writer;

/* Writes the file header. The stream is borrowed and must outlive the writer. 0 or -errno. */
int trace_writer_new(FILE *stream, struct trace_writer **ret_writer);

/*
 * A writer for many files, one after the other on the same stream, with the memory for any event
 * taken now. Nothing is written before trace_writer_restart(). 0 or -ENOMEM.
 */
int trace_writer_reserve(FILE *stream, struct trace_writer **ret_writer);

/* Writes the file header: what follows is of a new file. 0 or -errno. */
int trace_writer_restart(struct trace_writer *writer);

/*
 * Writes one event. Strings longer than TRACE_STRING_MAX are cut. 0, -EINVAL for an event that the
 * format cannot hold, or -errno of the stream: if that took nothing of it, others may follow.
 */
int trace_writer_add(struct trace_writer *writer, const struct event *event);

/* How much it has written. */
uint64_t trace_writer_bytes(const struct trace_writer *writer);

/* Writes the trailer that proves the file complete, after the last event. 0 or -errno. */
int trace_writer_finish(struct trace_writer *writer);

/* Releases the writer; without trace_writer_finish() the file counts as cut short. */
void trace_writer_free(struct trace_writer *writer);
DEFINE_CLEANUP(struct trace_writer *, trace_writer_free)

#endif
