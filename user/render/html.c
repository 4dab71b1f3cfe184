// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/html.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "render/flame_css.h"
#include "render/flame_js.h"
#include "render/incident.h"
#include "render/json.h"
#include "render/page_css.h"
#include "render/page_js.h"
#include "render/quantity.h"
#include "render/svg.h"
#include "render/text.h"
#include "render/xml.h"

/* What a page is made of; owns its strings. */
struct page {
	struct buf title, session; /* not escaped yet */
	char *json, *text, *svg;
};

static void page_release(struct page *page)
{
	buf_release(&page->title);
	buf_release(&page->session);
	free(page->json);
	free(page->text);
	free(page->svg);
}

/* Ends what was printed to memory. `err`: of the printing. Frees *text on failure. */
static int memory_close(FILE *stream, int err, char **text)
{
	if (fclose(stream) && !err)
		err = -ENOMEM;
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err;
}

static int print_growth(int (*render)(const struct growth *, const struct render_options *, FILE *),
			const struct growth *growth, const struct render_options *options,
			char **ret_text)
{
	size_t bytes;
	FILE *stream = open_memstream(ret_text, &bytes);

	if (!stream)
		return -ENOMEM;
	return memory_close(stream, render(growth, options, stream), ret_text);
}

static int print_incident(int (*render)(const struct incident *, const struct render_options *,
					FILE *),
			  const struct incident *incident, const struct render_options *options,
			  char **ret_text)
{
	size_t bytes;
	FILE *stream = open_memstream(ret_text, &bytes);

	if (!stream)
		return -ENOMEM;
	return memory_close(stream, render(incident, options, stream), ret_text);
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

static void page_head(const struct page *page, struct buf *out)
{
	buf_append_string(
		out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width\">\n"
		     /* the page may do nothing but what is in it */
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		     "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
		     "<link rel=\"icon\" href=\"data:,\">\n<title>");
	xml_string(out, buf_string(&page->title));
	buf_append_string(out, "</title>\n<style>\n");
	buf_append_string(out, page_css);
	buf_append_string(out, flame_css);
	buf_append_string(out, "</style>\n</head>\n");
}

/* The template keeps the graph until its section is made. */
static void page_body(const struct page *page, struct buf *out)
{
	buf_append_string(out, "<body>\n<header><h1>");
	xml_string(out, buf_string(&page->title));
	buf_append_string(out, "</h1><p class=\"faint\">");
	xml_string(out, buf_string(&page->session));
	buf_append_string(out, "</p><nav></nav></header>\n<main></main>\n<noscript><pre>");
	lines_as_text(out, page->text);
	buf_append_string(out, "</pre></noscript>\n<template id=\"flame\">\n");
	buf_append_string(out, page->svg);
	buf_append_string(out, "</template>\n<script type=\"application/json\" id=\"raw\">");
	json_in_script(out, page->json);
	buf_append_string(out, "</script>\n<script>\n");
	buf_append_string(out, page_js);
	buf_append_string(out, flame_js);
	buf_append_string(out, "</script>\n</body>\n</html>\n");
}

static int page_write(const struct page *page, FILE *stream)
{
	_cleanup_(buf_release) struct buf out = {0};

	page_head(page, &out);
	page_body(page, &out);
	return buf_write(&out, stream);
}

int html_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	_cleanup_(page_release) struct page page = {0};
	int err = print_growth(json_growth, growth, options, &page.json);

	if (!err)
		err = print_growth(text_growth, growth, options, &page.text);
	if (!err)
		err = print_growth(svg_growth_part, growth, options, &page.svg);
	if (err)
		return err;
	svg_say_title(growth, &page.title);
	svg_say_session(growth, &page.session);
	return page_write(&page, stream);
}

static void say_incident(const struct incident *incident, struct page *page)
{
	const struct growth_session *session = &incident->held.session;

	buf_append_string(&page->title, incident->event.kind == INCIDENT_WARNING
						? "Short of memory: "
						: "Killed for memory: ");
	buf_append_string(&page->title, incident_comm(incident));
	if (incident->victim_count)
		buf_printf(&page->title, " (pid %" PRIu32 ")", incident->victims[0].pid);
	if (incident->victim_count > 1)
		buf_printf(&page->title, " and %zu more", incident->victim_count - 1);
	quantity_time(&page->session, incident->event.realtime_ns);
	buf_printf(&page->session, " on %s, Linux %s, incident %s", session->hostname,
		   session->kernel_release, incident->event.id);
}

int html_incident(const struct incident *incident, const struct render_options *options,
		  FILE *stream)
{
	_cleanup_(page_release) struct page page = {0};
	int err = print_incident(json_incident, incident, options, &page.json);

	if (!err)
		err = print_incident(text_incident, incident, options, &page.text);
	if (!err)
		err = print_growth(svg_growth_part, &incident->held, options, &page.svg);
	if (err)
		return err;
	say_incident(incident, &page);
	return page_write(&page, stream);
}
