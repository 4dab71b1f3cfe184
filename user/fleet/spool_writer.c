// SPDX-License-Identifier: GPL-2.0-or-later
#include "fleet/spool_writer.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <string.h>

#include "capture/trace_writer.h"

#define BUFFER_BYTES 65536

/* Swept by spool.c when nobody is left to finish them. */
static const struct {
	const char *name;
	mode_t mode;
} stages[] = {
	[SPOOL_RAW] = {".unfinished", 0600},
	[SPOOL_FINISHED] = {".unfinished-names", 0400},
};

struct spool_writer {
	const struct spool *spool;
	enum spool_stage stage;
	int fd; /* of the file that was begun; -1: none */
	int error;
	FILE *stream; /* into whatever fd is: a new one for each file would have to be allocated */
	struct trace_writer *trace;
	char buffer[BUFFER_BYTES];
};

/* All of it, or 0: a cookie's way to say that it failed. Why is kept aside. */
static ssize_t write_to_file(void *cookie, const char *bytes, size_t len_bytes)
{
	struct spool_writer *writer = cookie;
	size_t done_bytes = 0;

	while (done_bytes < len_bytes) {
		ssize_t written = write(writer->fd, bytes + done_bytes, len_bytes - done_bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			writer->error = written < 0 ? -errno : -EIO;
			return 0;
		}
		done_bytes += (size_t)written;
	}
	return (ssize_t)len_bytes;
}

int spool_writer_new(const struct spool *spool, enum spool_stage stage,
		     struct spool_writer **ret_writer)
{
	_cleanup_(spool_writer_freep) struct spool_writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return -ENOMEM;
	writer->spool = spool;
	writer->stage = stage;
	writer->fd = -1;
	writer->stream = fopencookie(writer, "w", (cookie_io_functions_t){.write = write_to_file});
	if (!writer->stream || setvbuf(writer->stream, writer->buffer, _IOFBF, BUFFER_BYTES))
		return -ENOMEM;
	err = trace_writer_reserve(writer->stream, &writer->trace);
	if (err)
		return err;
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

void spool_writer_free(struct spool_writer *writer)
{
	spool_writer_abort(writer);
	if (writer->trace)
		trace_writer_free(writer->trace);
	if (writer->stream)
		fclose(writer->stream);
	free(writer);
}

/* What the stream still holds is of a file that is given up. */
static void forget_buffer(struct spool_writer *writer)
{
	__fpurge(writer->stream);
	clearerr(writer->stream);
}

void spool_writer_abort(struct spool_writer *writer)
{
	if (writer->fd < 0)
		return;
	forget_buffer(writer);
	cleanup_close(&writer->fd);
	writer->fd = -1;
	unlinkat(spool_fd(writer->spool), stages[writer->stage].name, 0);
}

static int open_file(struct spool_writer *writer)
{
	spool_writer_abort(writer);
	writer->error = 0;
	writer->fd = openat(spool_fd(writer->spool), stages[writer->stage].name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    stages[writer->stage].mode);
	return writer->fd < 0 ? -errno : 0;
}

int spool_writer_begin(struct spool_writer *writer)
{
	int err = open_file(writer);

	return err ? err : trace_writer_restart(writer->trace);
}

/* What the file system said comes before what the stream made of it. */
static int keep_error(struct spool_writer *writer, int err)
{
	if (err && !writer->error)
		writer->error = err;
	return writer->error;
}

int spool_writer_add(struct spool_writer *writer, const struct event *event)
{
	if (writer->fd < 0)
		return -EBADF;
	if (writer->error)
		return writer->error;
	return keep_error(writer, trace_writer_add(writer->trace, event));
}

static int sync_file(struct spool_writer *writer)
{
	if (fflush(writer->stream) != 0)
		return keep_error(writer, -EIO);
	return fdatasync(writer->fd) != 0 ? -errno : 0;
}

/* With an error of what was written before, it is given up. */
static int put_in_place(struct spool_writer *writer, const char *id, int err)
{
	int directory_fd = spool_fd(writer->spool);
	char name[SPOOL_ID_MAX];

	if (!err)
		err = spool_id_is_valid(id) ? sync_file(writer) : -EINVAL;
	snprintf(name, sizeof(name), "%.*s" SPOOL_ENDING, SPOOL_ID_MAX - 16, id);
	if (!err && renameat(directory_fd, stages[writer->stage].name, directory_fd, name) != 0)
		err = -errno;
	if (err) {
		spool_writer_abort(writer);
		return err;
	}
	cleanup_close(&writer->fd);
	writer->fd = -1;
	/* some file systems cannot sync a directory; the file itself is safe */
	fsync(directory_fd);
	return 0;
}

int spool_writer_commit(struct spool_writer *writer, const char *id)
{
	if (writer->fd < 0)
		return -EBADF;
	return put_in_place(writer, id, keep_error(writer, trace_writer_finish(writer->trace)));
}

int spool_writer_put(struct spool_writer *writer, const char *id, const void *bytes,
		     size_t len_bytes)
{
	int err = open_file(writer);

	if (err)
		return err;
	if (fwrite(bytes, 1, len_bytes, writer->stream) != len_bytes)
		err = keep_error(writer, -EIO);
	return put_in_place(writer, id, err);
}
