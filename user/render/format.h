/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output formats as a table: a new format is one file and one line here. Renderers take a
 * finished growth, escape every name they print and compute nothing.
 */
#ifndef RENDER_FORMAT_H
#define RENDER_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "model/growth.h"
#include "model/incident.h"

enum format_id {
	FORMAT_AUTO, /* not chosen: text on a terminal, else folded */
	FORMAT_TEXT,
	FORMAT_FOLDED,
	FORMAT_JSON,
	FORMAT_SVG,
	FORMAT_PPROF,
	FORMAT_HTML,
	FORMAT_TRACE, /* events instead of a rendering: capture/trace_writer.h */
	FORMAT_COUNT,
};

struct render_options {
	bool show_kinds;      /* folded: a frame such as [anon] after the pid */
	bool by_cgroup;       /* folded: the cgroup's path is the root */
	bool annotate;        /* folded, text: kinds of frames are marked, growth_frame_mark() */
	bool explain;         /* text: what each rule of a verdict measured */
	bool without_pids;    /* folded: the same code of different processes is one stack */
	bool unkept;          /* text, JSON: the spool has not got this incident */
	unsigned int top;     /* text: stacks to list */
	unsigned int columns; /* text: width to fit, 0: never cut a name */
};

struct format {
	enum format_id id;
	const char *name;
	const char *ending; /* of a file name, with its dot */
	/* 0 or -errno; NULL where a growth has no such rendering. Leaves flushing to the caller. */
	int (*growth)(const struct growth *growth, const struct render_options *options,
		      FILE *stream);
	/* the same of an incident; NULL: its stacks are rendered as growth is */
	int (*incident)(const struct incident *incident, const struct render_options *options,
			FILE *stream);
};

int format_incident(const struct format *format, const struct incident *incident,
		    const struct render_options *options, FILE *stream);

const struct format *format_get(enum format_id id);
/* NULL when there is none. */
const struct format *format_by_name(const char *name);
const struct format *format_by_ending(const char *path);

#endif
