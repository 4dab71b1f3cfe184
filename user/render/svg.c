// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/svg.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "render/flame.h"
#include "render/flame_css.h"
#include "render/flame_js.h"
#include "render/quantity.h"
#include "render/xml.h"

#define WIDTH 1200
#define MARGIN 10
#define HEAD 74
#define FOOT 46
#define LINE 17
#define TEXT_MARGIN 3
/* Of one character of the font; the script has the same figure. */
#define CHARACTER 7.3
/* Frames below 0.02 % of the whole, a quarter of a pixel, are not drawn. */
#define SHARES 5000
#define FRAMES_WIDTH (WIDTH - 2 * MARGIN)

struct drawing {
	const struct flame *flame;
	bool differential;
	bool annotated; /* names keep their _[k] */
	bool part;      /* of a page that has style, script and heading */
	double height;
	struct buf heading;
	struct buf remark;
	struct buf footnote;
};

static void drawing_release(struct drawing *drawing)
{
	buf_release(&drawing->heading);
	buf_release(&drawing->remark);
	buf_release(&drawing->footnote);
}

/* --- what a frame looks like --------------------------------------------------------------- */

/* FNV-1a: the same name has the same shade in every graph. */
static uint32_t shade_of(const struct flame_box *box)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < box->name_bytes; i++)
		hash = (hash ^ (unsigned char)box->name[i]) * 16777619U;
	return (hash ^ hash >> 16) % 8;
}

static bool ends_in(const struct flame_box *box, const char *ending)
{
	size_t ending_bytes = strlen(ending);

	return box->name_bytes > ending_bytes &&
	       memcmp(box->name + box->name_bytes - ending_bytes, ending, ending_bytes) == 0;
}

/* How much a frame has changed, against the larger side: one class a quarter. */
static void change_class(const struct flame_box *box, struct buf *out)
{
	bool more = box->after_bytes > box->before_bytes;
	uint64_t change =
		more ? box->after_bytes - box->before_bytes : box->before_bytes - box->after_bytes;

	if (!change || !box->width_bytes)
		buf_append_string(out, "same");
	else
		buf_printf(out, "%s%d", more ? "more" : "less",
			   1 + (int)(3.999 * (double)change / (double)box->width_bytes));
}

/* Kinds of frames, by how folded stacks annotate them; the endings are equally long. */
static const struct {
	const char *ending, *class;
} annotations[] = {{"_[k]", "kernel"}, {"_[i]", "inlined"}, {"_[j]", "jit"}};

#define ANNOTATIONS (sizeof(annotations) / sizeof(annotations[0]))

/* What is shown of a name: colours say what annotations do. */
static size_t shown_bytes(const struct drawing *drawing, const struct flame_box *box)
{
	for (size_t i = 0; i < ANNOTATIONS && !drawing->annotated; i++)
		if (ends_in(box, annotations[i].ending))
			return box->name_bytes - strlen(annotations[i].ending);
	return box->name_bytes;
}

static void box_class(const struct drawing *drawing, const struct flame_box *box, struct buf *out)
{
	if (drawing->differential) {
		change_class(box, out);
		return;
	}
	if (!box->depth) {
		buf_append_string(out, "all");
		return;
	}
	for (size_t i = 0; i < ANNOTATIONS; i++) {
		if (ends_in(box, annotations[i].ending)) {
			buf_append_string(out, annotations[i].class);
			return;
		}
	}
	if (box->name[0] == '[' && ends_in(box, "]"))
		buf_append_string(out, "label");
	else
		buf_printf(out, "c%" PRIu32, shade_of(box));
}

static void grouped(struct buf *out, uint64_t number)
{
	char digits[32];
	int count = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < count; i++) {
		if (i && (count - i) % 3 == 0)
			buf_append_byte(out, ',');
		buf_append_byte(out, (uint8_t)digits[i]);
	}
}

static void box_figures(const struct drawing *drawing, const struct flame_box *box, struct buf *out)
{
	if (drawing->differential) {
		grouped(out, box->before_bytes);
		buf_append_string(out, " bytes before, ");
		grouped(out, box->after_bytes);
		buf_append_string(out, " bytes after");
		return;
	}
	grouped(out, box->width_bytes);
	buf_append_string(out, " bytes, ");
	quantity_share(out, box->width_bytes, drawing->flame->total_bytes);
}

/* As many characters as fit, whole ones. */
static void fitted_name(const char *name, size_t name_bytes, double width, struct buf *out)
{
	int room = (int)((width - 2 * TEXT_MARGIN) / CHARACTER);
	size_t at = 0, cut = 0;
	int count = 0;

	while (at < name_bytes && count <= room) {
		uint32_t character;
		size_t length = utf8_decode(name + at, name_bytes - at, &character);

		if (count == room - 2)
			cut = at;
		at += length ? length : 1;
		count++;
	}
	if (room < 3)
		return;
	if (at == name_bytes && count <= room) {
		xml_text(out, name, name_bytes);
		return;
	}
	xml_text(out, name, cut);
	buf_append_string(out, "..");
}

static double to_pixels(const struct drawing *drawing, uint64_t bytes)
{
	uint64_t total = drawing->flame->total_bytes;

	/* nothing at all fills the line, too */
	return total ? (double)bytes / (double)total * FRAMES_WIDTH : FRAMES_WIDTH;
}

static void box_markup(const struct drawing *drawing, const struct flame_box *box, struct buf *out)
{
	double x = MARGIN + (box->start_bytes ? to_pixels(drawing, box->start_bytes) : 0);
	double width = to_pixels(drawing, box->width_bytes);
	size_t name_bytes = shown_bytes(drawing, box);
	double y = drawing->height - FOOT - LINE * (box->depth + 1.0);

	buf_append_string(out, "<g class=\"f ");
	box_class(drawing, box, out);
	buf_printf(out, "\" data-at=\"%" PRIu64 "\" data-bytes=\"%" PRIu64 "\"><title>",
		   box->start_bytes, box->width_bytes);
	xml_text(out, box->name, name_bytes);
	buf_append_byte(out, '\n');
	box_figures(drawing, box, out);
	buf_printf(out,
		   "</title><rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"%d\"/>"
		   "<text x=\"%.2f\" y=\"%.0f\">",
		   x, y, width, LINE - 1, x + TEXT_MARGIN, y + 12);
	fitted_name(box->name, name_bytes, width, out);
	buf_append_string(out, "</text></g>\n");
}

/* --- the page around it -------------------------------------------------------------------- */

static void text_element(struct buf *out, const char *class, double x, double y, const char *anchor,
			 const struct buf *escaped)
{
	buf_printf(out, "<text class=\"%s\" x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n",
		   class, x, y, anchor, buf_string(escaped));
}

static void prolog_markup(struct buf *out)
{
	buf_append_string(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

/* Style and heading of a picture that stands alone. */
static void frame_markup(const struct drawing *drawing, struct buf *out)
{
	buf_printf(out, "<title>%s</title>\n<style>\n", buf_string(&drawing->heading));
	buf_append_string(out, flame_css);
	buf_append_string(out,
			  "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
	text_element(out, "heading", WIDTH / 2.0, 26, "middle", &drawing->heading);
	text_element(out, "remark", WIDTH / 2.0, 44, "middle", &drawing->remark);
}

static void script_markup(struct buf *out)
{
	buf_append_string(out, "<script><![CDATA[\n");
	buf_append_string(out, flame_js);
	buf_append_string(out, "]]></script>\n");
}

static void head_markup(const struct drawing *drawing, struct buf *out)
{
	buf_printf(out,
		   "<svg class=\"flame\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		   "height=\"%.0f\" viewBox=\"0 0 %d %.0f\">\n",
		   WIDTH, drawing->height, WIDTH, drawing->height);
	if (!drawing->part)
		frame_markup(drawing, out);
	buf_printf(out,
		   "<text class=\"button reset\" x=\"%d\" y=\"26\" hidden=\"\">Reset zoom</text>\n"
		   "<foreignObject x=\"%d\" y=\"8\" width=\"200\" height=\"28\"><input "
		   "xmlns=\"http://www.w3.org/1999/xhtml\" type=\"search\" "
		   "placeholder=\"Search (Ctrl-F)\" aria-label=\"Search frames\"/>"
		   "</foreignObject>\n"
		   "<text class=\"button clear\" x=\"%d\" y=\"62\" text-anchor=\"end\" hidden=\"\">"
		   "Clear search</text>\n"
		   "<text class=\"share\" x=\"%d\" y=\"48\" text-anchor=\"end\"> </text>\n",
		   MARGIN, WIDTH - MARGIN - 200, WIDTH - MARGIN, WIDTH - MARGIN);
}

static void foot_markup(const struct drawing *drawing, struct buf *out)
{
	buf_printf(out, "<text class=\"detail\" x=\"%d\" y=\"%.0f\"> </text>\n", MARGIN,
		   drawing->height - FOOT + 16);
	text_element(out, "remark", MARGIN, drawing->height - 12, "start", &drawing->footnote);
	if (!drawing->part)
		script_markup(out);
	buf_append_string(out, "</svg>\n");
}

static int write_drawing(struct drawing *drawing, FILE *stream)
{
	const struct flame *flame = drawing->flame;
	_cleanup_(buf_release) struct buf out = {0};

	drawing->height = HEAD + LINE * (flame->deepest + 1.0) + FOOT;
	if (!drawing->part)
		prolog_markup(&out);
	head_markup(drawing, &out);
	buf_printf(&out,
		   "<g class=\"frames\" data-left=\"%d\" data-width=\"%d\" data-total=\"%" PRIu64
		   "\">\n",
		   MARGIN, FRAMES_WIDTH, flame->total_bytes);
	for (size_t i = 0; i < flame->count; i++)
		box_markup(drawing, &flame->boxes[i], &out);
	buf_append_string(&out, "</g>\n");
	foot_markup(drawing, &out);
	return buf_write(&out, stream);
}

/* --- what it says -------------------------------------------------------------------------- */

static const char *subject_of(const struct growth *growth)
{
	if (growth->reserved)
		return "Addresses reserved";
	if (growth->since_start)
		return "Memory allocated";
	return growth->has_from ? "Memory growth" : "Memory held";
}

void svg_say_session(const struct growth *growth, struct buf *out)
{
	const struct growth_session *session = &growth->session;

	buf_append_string(out, session->hostname);
	buf_append_string(out, ", ");
	quantity_time(out, session->start_realtime_ns);
	if (session->complete) {
		buf_append_string(out, ", for ");
		quantity_duration(out, session->duration_ns);
	} else {
		buf_append_string(out, ", the end is missing");
	}
}

static void say_method(const struct growth *growth, struct buf *out)
{
	const struct growth_session *session = &growth->session;

	if (!growth->reserved && session->period_pages > 1)
		buf_printf(out, "one page in %" PRIu64 " sampled; ", session->period_pages);
}

static void say_narrow(const struct flame *flame, struct buf *out)
{
	if (flame->narrow)
		buf_printf(
			out,
			"%zu frames below 0.02 %% are not drawn, their bytes are their caller's; ",
			flame->narrow);
}

static void say_losses(const struct growth *growth, struct buf *out)
{
	buf_append_string(out, growth->data_lost ? "data was lost: see the text report"
						 : "no data was lost");
}

void svg_say_title(const struct growth *growth, struct buf *out)
{
	buf_printf(out, "%s: %s", subject_of(growth), growth->session.target);
}

/* What one of the above says, escaped. */
static void say_escaped(void (*say)(const struct growth *, struct buf *),
			const struct growth *growth, struct buf *out)
{
	_cleanup_(buf_release) struct buf said = {0};

	say(growth, &said);
	xml_text(out, buf_string(&said), said.len_bytes);
}

static void say_growth(const struct growth *growth, struct drawing *drawing)
{
	say_escaped(svg_say_title, growth, &drawing->heading);
	quantity_bytes(&drawing->remark, drawing->flame->total_bytes);
	buf_append_string(&drawing->remark, " in all; ");
	say_escaped(svg_say_session, growth, &drawing->remark);
	say_method(growth, &drawing->footnote);
	say_narrow(drawing->flame, &drawing->footnote);
	say_losses(growth, &drawing->footnote);
}

/* The kernel's frames are told apart by their colour. */
static struct render_options annotated(const struct render_options *options)
{
	struct render_options copy = *options;

	copy.annotate = true;
	return copy;
}

static int draw_growth(const struct growth *growth, const struct render_options *options, bool part,
		       FILE *stream)
{
	_cleanup_(folded_lines_release) struct folded_lines lines = {0};
	_cleanup_(flame_release) struct flame flame = {0};
	_cleanup_(drawing_release) struct drawing drawing = {
		.flame = &flame,
		.annotated = options->annotate,
		.part = part,
	};
	const struct render_options with_kinds = annotated(options);
	int err = folded_lines_make(&lines, growth, &with_kinds);

	if (!err)
		err = flame_make(&lines, false, SHARES, &flame);
	if (err)
		return err;
	say_growth(growth, &drawing);
	return write_drawing(&drawing, stream);
}

int svg_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	return draw_growth(growth, options, false, stream);
}

int svg_growth_part(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	return draw_growth(growth, options, true, stream);
}

static void say_diff(const struct growth *before, const struct growth *after,
		     struct drawing *drawing)
{
	buf_printf(&drawing->heading, "%s, before and after: ", subject_of(after));
	xml_string(&drawing->heading, after->session.target);
	say_escaped(svg_say_session, before, &drawing->remark);
	buf_append_string(&drawing->remark, " → ");
	say_escaped(svg_say_session, after, &drawing->remark);
	buf_append_string(&drawing->footnote,
			  "red grew, blue shrank; a frame is as wide as the larger side; ");
	say_narrow(drawing->flame, &drawing->footnote);
	say_losses(before->data_lost ? before : after, &drawing->footnote);
}

int svg_diff(const struct growth *before, const struct growth *after,
	     const struct render_options *options, FILE *stream)
{
	_cleanup_(folded_lines_release) struct folded_lines lines = {0};
	_cleanup_(flame_release) struct flame flame = {0};
	_cleanup_(drawing_release) struct drawing drawing = {.flame = &flame, .differential = true};
	int err = folded_lines_diff(&lines, before, after, options);

	if (!err)
		err = flame_make(&lines, true, SHARES, &flame);
	if (err)
		return err;
	say_diff(before, after, &drawing);
	return write_drawing(&drawing, stream);
}
