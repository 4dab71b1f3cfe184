// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/trace_file.h"

#include <stdbool.h>

#include "base/atomic_file.h"
#include "capture/trace_held.h"
#include "capture/trace_reader.h"
#include "capture/trace_writer.h"

/*
 * While a file is thinned it goes on being written, and a copy with every second snapshot follows
 * behind until it has caught up: reading 64 MiB back takes half a second, for which the kernel's
 * ring would not be looked at. So much of it is copied for each event that is written, a few
 * microseconds' worth; and at most so much when it takes the file's place.
 */
#define THIN_BYTES_AN_EVENT 2048
#define THIN_BYTES_AT_ONCE (256 << 10)

struct thinning {
	struct source *source;   /* the file, read back; NULL: it is not being thinned */
	uint64_t readable_bytes; /* of it that have left the writer's buffer */
	struct trace_file *half;
};

struct trace_file {
	const char *path;
	uint64_t max_bytes;
	struct atomic_file *file;
	struct trace_writer *writer;
	uint64_t stride;        /* every so manieth snapshot is kept, and the one of the end */
	uint64_t seen;          /* snapshots, the one of the end left out */
	uint64_t kept;          /* of them */
	bool between;           /* what comes is of no snapshot that is kept */
	struct trace_held held; /* of it, what belongs to the session */
	unsigned int halvings;
	struct thinning thinning;
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
		file->between = false;
		return;
	}
	file->between = file->seen++ % file->stride != 0;
	file->kept += !file->between;
}

static int put(struct trace_file *file, const struct event *event)
{
	int err = trace_writer_add(file->writer, event);

	return err ? err : trace_held_written(&file->held, event);
}

static int put_held(struct trace_file *file,
		    bool (*pop)(struct trace_held *held, struct event *ret_event))
{
	struct event event;
	int err = 0;

	while (!err && pop(&file->held, &event))
		err = put(file, &event);
	return err;
}

static int put_snapshot(struct trace_file *file, const struct event *event)
{
	int err = put_held(file, trace_held_pop_gone);

	if (!err)
		err = put(file, event);
	return err ? err : put_held(file, trace_held_pop);
}

/*
 * What belongs to the session and comes between two snapshots that are kept is held for the later
 * one: before it nobody has heard of it, and if it is forgotten until then, nobody will.
 */
static int take(struct trace_file *file, const struct event *event)
{
	if (event->type == EVENT_SNAPSHOT)
		turn_to_snapshot(file, event);
	else if (event->type == EVENT_SESSION)
		return put(file, event);
	if (file->between)
		return is_of_a_snapshot(event) ? 0 : trace_held_add(&file->held, event);
	if (event->type == EVENT_WHOLE)
		file->between = !event->snapshot.last;
	return event->type == EVENT_SNAPSHOT ? put_snapshot(file, event) : put(file, event);
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
	file->between = true;
	err = open_writer(file);
	if (err)
		return err;
	*ret_file = TAKE_PTR(file);
	return 0;
}

/* --- thinning ----------------------------------------------------------------------------- */

static void thinning_end(struct thinning *thinning)
{
	if (thinning->source)
		thinning->source->close(thinning->source);
	if (thinning->half)
		trace_file_abort(thinning->half);
	*thinning = (struct thinning){.source = NULL};
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

/* Starts a copy with half of the snapshots. */
static int thinning_begin(struct trace_file *file)
{
	struct thinning *thinning = &file->thinning;
	int err = read_back(file, &thinning->source);

	if (err == -ESPIPE) {
		file->max_bytes = UINT64_MAX;
		return 0;
	}
	if (!err)
		err = trace_file_open(file->path, file->max_bytes, &thinning->half);
	if (err) {
		thinning_end(thinning);
		return err;
	}
	thinning->half->stride = 2;
	thinning->readable_bytes = trace_writer_bytes(file->writer);
	return 0;
}

/* How much of the file is not in the copy yet. */
static uint64_t left_bytes(const struct trace_file *file)
{
	return trace_writer_bytes(file->writer) - trace_reader_bytes(file->thinning.source);
}

/* What was written since the file was read back, too. */
static int make_readable(struct trace_file *file)
{
	struct thinning *thinning = &file->thinning;

	if (trace_reader_bytes(thinning->source) < thinning->readable_bytes)
		return 0;
	thinning->readable_bytes = trace_writer_bytes(file->writer);
	return fflush(atomic_file_stream(file->file)) ? -errno : 0;
}

/* Copies about so much of the file, or what there is. */
static int copy_some(struct trace_file *file, uint64_t bytes)
{
	struct thinning *thinning = &file->thinning;
	uint64_t end = trace_reader_bytes(thinning->source) + bytes;
	int err = make_readable(file);

	while (!err && trace_reader_bytes(thinning->source) < end &&
	       trace_reader_bytes(thinning->source) < thinning->readable_bytes) {
		struct event event;
		int more = thinning->source->next(thinning->source, &event);

		/* it was whole when it was written: there is an event, or something is wrong */
		err = more > 0 ? take(thinning->half, &event) : more ? more : -EBADMSG;
	}
	return err;
}

/* What was held in `from` comes after what is held in `to`. */
static int move_held(struct trace_file *from, struct trace_file *to)
{
	struct event event;
	int err = 0;

	while (!err && trace_held_pop_gone(&from->held, &event))
		err = trace_held_add(&to->held, &event);
	while (!err && trace_held_pop(&from->held, &event))
		err = trace_held_add(&to->held, &event);
	return err;
}

/* Copies the rest, and puts the copy in the place of the file. */
static int thinning_finish(struct trace_file *file)
{
	_cleanup_(trace_file_abortp) struct trace_file *half = NULL;
	struct trace_file whole;
	int err = 0;

	while (!err && left_bytes(file))
		err = copy_some(file, left_bytes(file));
	if (!err)
		err = move_held(file, file->thinning.half);
	half = TAKE_PTR(file->thinning.half);
	thinning_end(&file->thinning);
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

/* A bit more of the copy with each event, so that nobody waits for all of it at once. */
static int thin_on(struct trace_file *file, const struct event *event)
{
	int err;

	if (!file->thinning.source)
		return 0;
	err = copy_some(file, THIN_BYTES_AN_EVENT);
	/* a snapshot begins: none is in both */
	if (!err && event->type == EVENT_SNAPSHOT && left_bytes(file) <= THIN_BYTES_AT_ONCE)
		err = thinning_finish(file);
	return err;
}

/*
 * The first snapshot alone cannot be halved. It begins early, for what comes until it is done has
 * to fit, too.
 */
static int thin_if_large(struct trace_file *file, const struct event *event)
{
	uint64_t large_bytes = file->max_bytes - file->max_bytes / 8;

	if (event->type != EVENT_SNAPSHOT || file->thinning.source || file->kept <= 1 ||
	    trace_writer_bytes(file->writer) <= large_bytes)
		return 0;
	return thinning_begin(file);
}

/* At the end nobody waits any more. */
static int keep_below_max(struct trace_file *file)
{
	int err = 0;

	while (!err && file->kept > 1 && trace_writer_bytes(file->writer) > file->max_bytes) {
		if (!file->thinning.source)
			err = thinning_begin(file);
		if (!err && file->thinning.source)
			err = thinning_finish(file);
	}
	return err;
}

int trace_file_add(struct trace_file *file, const struct event *event)
{
	int err = thin_on(file, event);

	if (!err)
		err = thin_if_large(file, event);
	return err ? err : take(file, event);
}

int trace_file_commit(struct trace_file *file, unsigned int *ret_halvings)
{
	_cleanup_(trace_file_abortp) struct trace_file *owned = file;
	int err = keep_below_max(owned);

	if (!err)
		err = put_held(owned, trace_held_pop);
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
	thinning_end(&file->thinning);
	if (file->writer)
		trace_writer_free(file->writer);
	if (file->file)
		atomic_file_abort(file->file);
	trace_held_release(&file->held);
	free(file);
}
