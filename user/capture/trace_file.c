// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/trace_file.h"

#include <stdbool.h>

#include "base/atomic_file.h"
#include "capture/event_queue.h"
#include "capture/trace_reader.h"
#include "capture/trace_writer.h"

struct trace_file {
	const char *path;
	uint64_t max_bytes;
	struct atomic_file *file;
	struct trace_writer *writer;
	uint64_t stride;         /* every so manieth snapshot is kept, and the one of the end */
	uint64_t seen;           /* snapshots, the one of the end left out */
	uint64_t kept;           /* of them */
	bool dropping;           /* what comes is of a snapshot that is not kept */
	struct event_queue held; /* of the session, declared in snapshots that were not kept */
	unsigned int halvings;
};

static bool is_of_a_snapshot(const struct event *event)
{
	switch (event->type) {
	case EVENT_SNAPSHOT:
	case EVENT_WHOLE:
	case EVENT_CELL:
	case EVENT_INHERITED:
	case EVENT_RESERVED:
	case EVENT_MAPPINGS:
	case EVENT_LOST:
	case EVENT_FILE:
	case EVENT_MEMBER:
		return true;
	case EVENT_MEMORY:
		return event->memory.when == MEMORY_END;
	case EVENT_HOST:
		return event->host.when == MEMORY_END;
	case EVENT_CGROUP:
		return event->cgroup.when == MEMORY_END;
	default:
		return false;
	}
}

static void turn_to_snapshot(struct trace_file *file, const struct event *event)
{
	if (event->snapshot.last) {
		file->dropping = false;
		return;
	}
	file->dropping = file->seen++ % file->stride != 0;
	file->kept += !file->dropping;
}

/* Kept for the next snapshot that is kept: before it, nobody had heard of it. */
static int hold(struct trace_file *file, const struct event *event)
{
	struct event copy = *event;

	/* the queue would own it */
	if (copy.type == EVENT_MODULE)
		copy.module.fd = -1;
	event_queue_push(&file->held, &copy);
	return file->held.error;
}

static int put_held(struct trace_file *file)
{
	struct event event;
	int err = 0;

	while (!err && event_queue_pop(&file->held, &event))
		err = trace_writer_add(file->writer, &event);
	return err;
}

static int take(struct trace_file *file, const struct event *event)
{
	int err;

	if (event->type == EVENT_SNAPSHOT)
		turn_to_snapshot(file, event);
	if (file->dropping)
		return is_of_a_snapshot(event) ? 0 : hold(file, event);
	err = trace_writer_add(file->writer, event);
	return !err && event->type == EVENT_SNAPSHOT ? put_held(file) : err;
}

static int open_writer(struct trace_file *file)
{
	int err = atomic_file_open(file->path, &file->file);

	return err ? err : trace_writer_new(atomic_file_stream(file->file), &file->writer);
}

int trace_file_open(const char *path, uint64_t max_bytes, struct trace_file **ret_file)
{
	_cleanup_(trace_file_abortp) struct trace_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file)
		return -ENOMEM;
	file->path = path;
	file->max_bytes = max_bytes;
	file->stride = 1;
	err = open_writer(file);
	if (err)
		return err;
	*ret_file = TAKE_PTR(file);
	return 0;
}

/* All of `source` that `to` keeps. It has no trailer yet: that is its end. */
static int copy(struct source *source, struct trace_file *to)
{
	struct event event;
	int more, err = 0;

	while (!err && (more = source->next(source, &event)) > 0)
		err = take(to, &event);
	return err ? err : more == -ENODATA ? 0 : more;
}

static int read_back(const struct trace_file *file, struct source **ret_source)
{
	_cleanup_fclose_ FILE *stream = NULL;
	int err = atomic_file_read_back(file->file, &stream);

	if (!err)
		err = trace_reader_new(stream, ret_source);
	if (!err)
		TAKE_PTR(stream);
	return err;
}

/* What was held in `from` comes after what is held in `to`. */
static int move_held(struct trace_file *from, struct trace_file *to)
{
	struct event event;
	int err = 0;

	while (!err && event_queue_pop(&from->held, &event))
		err = hold(to, &event);
	return err;
}

/* Puts a copy with half of the snapshots in the place of the file. */
static int replace_by_half(struct trace_file *file, struct source *source)
{
	_cleanup_(trace_file_abortp) struct trace_file *half = NULL;
	struct trace_file whole;
	int err = trace_file_open(file->path, file->max_bytes, &half);

	if (err)
		return err;
	half->stride = 2;
	err = copy(source, half);
	if (!err)
		err = move_held(file, half);
	if (err)
		return err;
	half->stride = 2 * file->stride;
	half->seen = file->seen;
	half->halvings = file->halvings + 1;
	whole = *file;
	*file = *half;
	*half = whole;
	return 0;
}

static int halve(struct trace_file *file)
{
	struct source *source = NULL;
	int err = read_back(file, &source);

	if (err == -ESPIPE) {
		file->max_bytes = UINT64_MAX;
		return 0;
	}
	if (err)
		return err;
	err = replace_by_half(file, source);
	source->close(source);
	return err;
}

/* The first snapshot alone cannot be halved. */
static int keep_below_max(struct trace_file *file)
{
	int err = 0;

	while (!err && file->kept > 1 && trace_writer_bytes(file->writer) > file->max_bytes)
		err = halve(file);
	return err;
}

int trace_file_add(struct trace_file *file, const struct event *event)
{
	int err = event->type == EVENT_SNAPSHOT ? keep_below_max(file) : 0;

	return err ? err : take(file, event);
}

int trace_file_commit(struct trace_file *file, unsigned int *ret_halvings)
{
	_cleanup_(trace_file_abortp) struct trace_file *owned = file;
	int err = keep_below_max(owned);

	if (!err)
		err = trace_writer_finish(owned->writer);
	if (!err)
		err = atomic_file_commit(TAKE_PTR(owned->file));
	if (!err)
		*ret_halvings = owned->halvings;
	return err;
}

void trace_file_abort(struct trace_file *file)
{
	if (file->writer)
		trace_writer_free(file->writer);
	if (file->file)
		atomic_file_abort(file->file);
	event_queue_release(&file->held);
	free(file);
}
