// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/format.h"

#include <string.h>

#include "render/folded.h"
#include "render/html.h"
#include "render/incident.h"
#include "render/json.h"
#include "render/pprof.h"
#include "render/svg.h"
#include "render/text.h"

static const struct format formats[] = {
	[FORMAT_AUTO] = {FORMAT_AUTO, "auto", NULL, NULL, NULL},
	[FORMAT_TEXT] = {FORMAT_TEXT, "text", ".txt", text_growth, text_incident},
	[FORMAT_FOLDED] = {FORMAT_FOLDED, "folded", ".folded", folded_growth, NULL},
	[FORMAT_JSON] = {FORMAT_JSON, "json", ".json", json_growth, json_incident},
	[FORMAT_SVG] = {FORMAT_SVG, "svg", ".svg", svg_growth, NULL},
	[FORMAT_PPROF] = {FORMAT_PPROF, "pprof", ".pb.gz", pprof_growth, NULL},
	[FORMAT_HTML] = {FORMAT_HTML, "html", ".html", html_growth, html_incident},
	[FORMAT_TRACE] = {FORMAT_TRACE, "oomtrace", ".oomtrace", NULL, NULL},
};

_Static_assert(sizeof(formats) / sizeof(formats[0]) == FORMAT_COUNT,
	       "every format is in the table");

int format_incident(const struct format *format, const struct incident *incident,
		    const struct render_options *options, FILE *stream)
{
	if (format->incident)
		return format->incident(incident, options, stream);
	return format->growth(&incident->held, options, stream);
}

const struct format *format_get(enum format_id id)
{
	return &formats[id];
}

const struct format *format_by_name(const char *name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static bool ends_in(const char *text, const char *ending)
{
	size_t text_len = strlen(text);
	size_t ending_len = strlen(ending);

	return text_len > ending_len && strcmp(text + text_len - ending_len, ending) == 0;
}

const struct format *format_by_ending(const char *path)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (formats[i].ending && ends_in(path, formats[i].ending))
			return &formats[i];
	return NULL;
}
