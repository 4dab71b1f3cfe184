/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame graph as one SVG file that needs nothing else: style and script are inside, nothing is
 * fetched. It draws the lines that folded.h prints.
 */
#ifndef RENDER_SVG_H
#define RENDER_SVG_H

#include "base/buf.h"
#include "render/format.h"

/* 0 or -errno. */
int svg_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

/*
 * The same as an element of a page, which brings flame.css and flame.js and says what it is a
 * picture of. 0 or -errno.
 */
int svg_growth_part(const struct growth *growth, const struct render_options *options,
		    FILE *stream);

/* What the picture is of, and when and where it was taken. Not escaped yet. */
void svg_say_title(const struct growth *growth, struct buf *out);
void svg_say_session(const struct growth *growth, struct buf *out);

/* What grew is red, what shrank is blue; a frame is as wide as the larger of its two sides. */
int svg_diff(const struct growth *before, const struct growth *after,
	     const struct render_options *options, FILE *stream);

#endif
