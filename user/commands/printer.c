// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/printer.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "commands/output.h"
#include "commands/replay.h"
#include "render/format.h"

/* Incidents that wait for their turn; the spool keeps those of more. */
#define WAITING_MAX 1024
/* As large as a pipe is made for one line. */
#define PIPE_MOST (1u << 20)
/* What is told in passing leaves them the rest of the room. */
#define BRIEFS_MAX 512

struct waiting {
	char id[SPOOL_ID_MAX]; /* "": it is kept nowhere */
	char *brief;           /* a trace file, of that */
	size_t brief_bytes;
};

struct printer {
	const struct opts *opts;
	const struct spool *spool;
	struct waiting waiting[WAITING_MAX];
	size_t first, count;
	char *text; /* of the incident whose turn it is; NULL: none */
	size_t text_bytes, written_bytes;
	int pipe_fd; /* stdout, where it is a pipe: writing never waits. Else -1 */
	uint64_t begun, passed_over;
};

/*
 * A description of our own: the flag is not for whoever else writes to the same pipe. -1 where it
 * is none, or may not be opened: then what surely fits is written at a time.
 */
static int open_pipe(void)
{
	struct stat status;

	if (fstat(STDOUT_FILENO, &status) || !S_ISFIFO(status.st_mode))
		return -1;
	return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

int printer_new(const struct opts *opts, const struct spool *spool, struct printer **ret_printer)
{
	struct printer *printer = calloc(1, sizeof(*printer));

	if (!printer)
		return -ENOMEM;
	printer->opts = opts;
	printer->spool = spool;
	printer->pipe_fd = open_pipe();
	*ret_printer = printer;
	return 0;
}

void printer_free(struct printer *printer)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		free(printer->waiting[i].brief);
	free(printer->text);
	cleanup_close(&printer->pipe_fd);
	free(printer);
}

/* NULL: too many wait. */
static struct waiting *add(struct printer *printer, size_t most)
{
	size_t place = (printer->first + printer->count) % WAITING_MAX;

	if (printer->count >= most) {
		printer->passed_over++;
		return NULL;
	}
	printer->count++;
	printer->waiting[place] = (struct waiting){.brief = NULL};
	return &printer->waiting[place];
}

void printer_add(struct printer *printer, const char *id)
{
	struct waiting *waiting = add(printer, WAITING_MAX);

	if (waiting)
		snprintf(waiting->id, SPOOL_ID_MAX, "%s", id);
}

void printer_add_brief(struct printer *printer, bool is_incident, const void *bytes,
		       size_t len_bytes)
{
	struct waiting *waiting = add(printer, is_incident ? WAITING_MAX : BRIEFS_MAX);

	if (!waiting)
		return;
	waiting->brief = malloc(len_bytes);
	if (!waiting->brief)
		return; /* read as one that is damaged, and counted */
	memcpy(waiting->brief, bytes, len_bytes);
	waiting->brief_bytes = len_bytes;
}

bool printer_has_more(const struct printer *printer)
{
	return printer->text || printer->count;
}

uint64_t printer_left_out(const struct printer *printer)
{
	return printer->passed_over + printer->count + (printer->text != NULL);
}

static int render_to(const struct printer *printer, const struct incident *incident, bool unkept,
		     FILE *stream)
{
	const struct opts *opts = printer->opts;
	const struct render_options options = {.top = (unsigned int)opts->top, .unkept = unkept};
	const struct format *format =
		format_get(opts->format == FORMAT_AUTO ? FORMAT_TEXT : opts->format);

	if (format->id == FORMAT_TEXT && printer->begun)
		fputs("\n\n", stream);
	return format_incident(format, incident, &options, stream);
}

static int render(struct printer *printer, const struct incident *incident, bool unkept)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&text, &bytes);
	int err = stream ? render_to(printer, incident, unkept, stream) : -ENOMEM;

	if (stream && fclose(stream) && !err)
		err = -ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	/* with room for all of it, and an empty pipe, it is one write; a megabyte is what anybody
	 * may have */
	if (printer->pipe_fd >= 0 && fcntl(printer->pipe_fd, F_GETPIPE_SZ) < (int)bytes)
		fcntl(printer->pipe_fd, F_SETPIPE_SZ, (int)(bytes < PIPE_MOST ? bytes : PIPE_MOST));
	printer->text = text;
	printer->text_bytes = bytes;
	printer->written_bytes = 0;
	printer->begun++;
	return 0;
}

static bool read_waiting(const struct printer *printer, const struct waiting *waiting,
			 struct replay *ret_replay)
{
	if (waiting->id[0])
		return replay_read_id(printer->spool, waiting->id, printer->opts, ret_replay);
	return waiting->brief && replay_stream("what is kept nowhere",
					       fmemopen(waiting->brief, waiting->brief_bytes, "r"),
					       printer->opts, ret_replay);
}

/* What was dropped from the spool, or cannot be read, is said by replay_read_id(). */
static void take_next(struct printer *printer)
{
	_cleanup_(replay_release) struct replay replay = {0};
	struct waiting *waiting = &printer->waiting[printer->first];

	printer->first = (printer->first + 1) % WAITING_MAX;
	printer->count--;
	if (!read_waiting(printer, waiting, &replay) || !replay.incident ||
	    render(printer, replay.incident, waiting->brief))
		printer->passed_over++;
	free(TAKE_PTR(waiting->brief));
}

int printer_step(struct printer *printer)
{
	size_t left_bytes;
	ssize_t written;

	if (!printer->text && printer->count)
		take_next(printer);
	if (!printer->text)
		return 0;
	/* as much as it takes without making us wait */
	left_bytes = printer->text_bytes - printer->written_bytes;
	if (printer->pipe_fd < 0 && left_bytes > PIPE_BUF)
		left_bytes = PIPE_BUF;
	written = write(printer->pipe_fd < 0 ? STDOUT_FILENO : printer->pipe_fd,
			printer->text + printer->written_bytes, left_bytes);
	if (written < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	printer->written_bytes += (size_t)written;
	if (printer->written_bytes == printer->text_bytes)
		free(TAKE_PTR(printer->text));
	return 0;
}
