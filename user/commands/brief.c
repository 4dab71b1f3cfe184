// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/brief.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "capture/trace_writer.h"
#include "commands/finisher_wire.h"

/* Of the room, for what comes last: what was lost, and that it is the end. */
#define LAST_BYTES 8192

struct brief {
	struct finisher *finisher;
	FILE *stream;
	struct trace_writer *trace;
	int error;               /* of the one that is being made */
	enum incident_kind kind; /* of that */
	uint64_t left_out;       /* of its events */
	uint64_t lost[INCIDENT_KIND_COUNT];
	size_t len_bytes, room_bytes;
	char bytes[FINISHER_BRIEF_MAX];
};

/* All of it, or 0: a cookie's way to say that it failed. Why is in errno. */
static ssize_t write_to_memory(void *cookie, const char *bytes, size_t len_bytes)
{
	struct brief *brief = cookie;

	if (len_bytes > brief->room_bytes - brief->len_bytes) {
		errno = ENOSPC;
		return 0;
	}
	memcpy(brief->bytes + brief->len_bytes, bytes, len_bytes);
	brief->len_bytes += len_bytes;
	return (ssize_t)len_bytes;
}

int brief_new(struct finisher *finisher, struct brief **ret_brief)
{
	_cleanup_(brief_freep) struct brief *brief = calloc(1, sizeof(*brief));
	int err;

	if (!brief)
		return -ENOMEM;
	brief->finisher = finisher;
	brief->stream = fopencookie(brief, "w", (cookie_io_functions_t){.write = write_to_memory});
	if (!brief->stream || setvbuf(brief->stream, NULL, _IONBF, 0))
		return -ENOMEM;
	err = trace_writer_reserve(brief->stream, &brief->trace);
	if (err)
		return err;
	*ret_brief = TAKE_PTR(brief);
	return 0;
}

void brief_free(struct brief *brief)
{
	if (brief->trace)
		trace_writer_free(brief->trace);
	if (brief->stream)
		fclose(brief->stream);
	free(brief);
}

static void begin(struct brief *brief)
{
	clearerr(brief->stream);
	brief->len_bytes = 0;
	brief->room_bytes = sizeof(brief->bytes) - LAST_BYTES;
	brief->left_out = 0;
	brief->error = trace_writer_restart(brief->trace);
}

static void add(struct brief *brief, const struct event *event)
{
	if (!brief->error)
		brief->error = trace_writer_add(brief->trace, event);
}

/* Others may refer to what was left out. */
static void add_if_room(struct brief *brief, const struct event *event)
{
	if (brief->left_out) {
		brief->left_out++;
		return;
	}
	add(brief, event);
	if (brief->error != -ENOSPC)
		return;
	clearerr(brief->stream);
	brief->error = 0;
	brief->left_out = 1;
}

static void end(struct brief *brief, const struct event *event)
{
	const struct event lost = {
		.type = EVENT_LOST,
		.lost = {.cause = "copy-full",
			 .meaning =
				 "pieces that found no room in the copy in memory, which this is",
			 .count = brief->left_out,
			 .data = true},
	};

	if (brief->left_out)
		add(brief, &lost);
	add(brief, event);
	if (!brief->error)
		brief->error = trace_writer_finish(brief->trace);
}

void brief_add(struct brief *brief, const struct event *event)
{
	if (event->type == EVENT_SESSION)
		begin(brief);
	if (event->type == EVENT_INCIDENT)
		brief->kind = event->incident.kind;
	if (event->type != EVENT_LOST && event->type != EVENT_END) {
		add_if_room(brief, event);
		return;
	}
	brief->room_bytes = sizeof(brief->bytes);
	if (event->type == EVENT_LOST)
		add(brief, event);
	else
		end(brief, event);
}

const void *brief_bytes(const struct brief *brief, size_t *ret_len_bytes)
{
	*ret_len_bytes = brief->len_bytes;
	return brief->error ? NULL : brief->bytes;
}

int brief_send(struct brief *brief, const char *id)
{
	int err = brief->error;

	if (!err)
		err = finisher_brief(brief->finisher, id, brief->bytes, brief->len_bytes);
	brief->lost[brief->kind] += err && !id;
	return err;
}

uint64_t brief_lost(const struct brief *brief, enum incident_kind kind)
{
	return brief->lost[kind];
}
