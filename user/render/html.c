// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/html.h"

#include <string.h>

#include "render/flame_css.h"
#include "render/flame_js.h"
#include "render/json.h"
#include "render/page_css.h"
#include "render/page_js.h"
#include "render/svg.h"
#include "render/text.h"
#include "render/xml.h"

typedef int (*renderer)(const struct growth *growth, const struct render_options *options,
			FILE *stream);

/* What a renderer prints, as a string. 0 or -errno; the caller frees *ret_text. */
static int print_to_memory(renderer render, const struct growth *growth,
			   const struct render_options *options, char **ret_text)
{
	char *text = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&text, &bytes);
	int err;

	if (!stream)
		return -ENOMEM;
	err = render(growth, options, stream);
	if (fclose(stream) && !err)
		err = -ENOMEM;
	if (err)
		free(text);
	else
		*ret_text = text;
	return err;
}

/* In a script element only "</" and "<!" mean something, and in JSON '<' is only in strings. */
static void json_in_script(struct buf *out, const char *json)
{
	for (size_t plain; *json; json += plain) {
		plain = strcspn(json, "<");
		buf_append(out, json, plain);
		if (json[plain] == '<') {
			buf_append_string(out, "\\u003c");
			plain++;
		}
	}
}

static void lines_as_text(struct buf *out, const char *text)
{
	for (size_t line; *text; text += line + (text[line] == '\n')) {
		line = strcspn(text, "\n");
		xml_text(out, text, line);
		buf_append_byte(out, '\n');
	}
}

static void page_head(struct buf *out, const char *title)
{
	buf_append_string(
		out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width\">\n"
		     /* the page may do nothing but what is in it */
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		     "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
		     "<link rel=\"icon\" href=\"data:,\">\n<title>");
	xml_string(out, title);
	buf_append_string(out, "</title>\n<style>\n");
	buf_append_string(out, page_css);
	buf_append_string(out, flame_css);
	buf_append_string(out, "</style>\n</head>\n<body>\n<header><h1>");
	xml_string(out, title);
	buf_append_string(out, "</h1><p class=\"faint\">");
}

/* After the line below the title. The template keeps the graph until its section is made. */
static void page_body(struct buf *out, const char *svg, const char *json, const char *text)
{
	buf_append_string(out, "</p><nav></nav></header>\n<main></main>\n<noscript><pre>");
	lines_as_text(out, text);
	buf_append_string(out, "</pre></noscript>\n<template id=\"flame\">\n");
	buf_append_string(out, svg);
	buf_append_string(out, "</template>\n<script type=\"application/json\" id=\"raw\">");
	json_in_script(out, json);
	buf_append_string(out, "</script>\n<script>\n");
	buf_append_string(out, page_js);
	buf_append_string(out, flame_js);
	buf_append_string(out, "</script>\n</body>\n</html>\n");
}

int html_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	_cleanup_free_ char *json = NULL, *text = NULL, *svg = NULL;
	_cleanup_(buf_release) struct buf out = {0}, title = {0}, session = {0};
	int err = print_to_memory(json_growth, growth, options, &json);

	if (!err)
		err = print_to_memory(text_growth, growth, options, &text);
	if (!err)
		err = print_to_memory(svg_growth_part, growth, options, &svg);
	if (err)
		return err;
	svg_say_title(growth, &title);
	page_head(&out, buf_string(&title));
	svg_say_session(growth, &session);
	xml_string(&out, buf_string(&session));
	page_body(&out, svg, json, text);
	return buf_write(&out, stream);
}
