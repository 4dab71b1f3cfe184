// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/brief.h"

#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "capture/trace_writer.h"
#include "commands/finisher_wire.h"

struct brief {
	struct finisher *finisher;
	FILE *stream;
	struct trace_writer *trace;
	int error;               /* of the one that is being made */
	enum incident_kind kind; /* of that */
	uint64_t lost[INCIDENT_KIND_COUNT];
	size_t len_bytes;
	char bytes[FINISHER_BRIEF_MAX];
};

/* All of it, or 0: a cookie's way to say that it failed. */
static ssize_t write_to_memory(void *cookie, const char *bytes, size_t len_bytes)
{
	struct brief *brief = cookie;

	if (len_bytes > sizeof(brief->bytes) - brief->len_bytes)
		return 0;
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
	brief->error = trace_writer_restart(brief->trace);
}

static void end(struct brief *brief)
{
	if (!brief->error)
		brief->error = trace_writer_finish(brief->trace);
	if (!brief->error)
		brief->error = finisher_brief(brief->finisher, brief->bytes, brief->len_bytes);
	brief->lost[brief->kind] += brief->error != 0;
}

void brief_add(struct brief *brief, const struct event *event)
{
	if (event->type == EVENT_SESSION)
		begin(brief);
	if (event->type == EVENT_INCIDENT)
		brief->kind = event->incident.kind;
	if (!brief->error)
		brief->error = trace_writer_add(brief->trace, event);
	if (event->type == EVENT_END)
		end(brief);
}

uint64_t brief_lost(const struct brief *brief, enum incident_kind kind)
{
	return brief->lost[kind];
}
