/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flame graph before it is drawn: boxes with a place and a width in bytes, made of folded lines.
 * Knows nothing of pixels or markup.
 */
#ifndef RENDER_FLAME_H
#define RENDER_FLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "render/folded_lines.h"

/* One frame with everything that was called from it. */
struct flame_box {
	const char *name; /* not terminated; borrowed from the lines, or static */
	size_t name_bytes;
	uint32_t depth; /* 0: the box of everything */
	uint64_t start_bytes;
	uint64_t width_bytes;
	uint64_t before_bytes, after_bytes; /* of a differential graph alone */
};

struct flame {
	struct flame_box *boxes; /* by depth, then from left to right; [0] is everything */
	size_t count;
	size_t capacity;
	uint32_t deepest;
	uint64_t total_bytes;
	size_t narrow; /* boxes left out for being narrower than asked for */
};

/* {0} is empty. Wears _cleanup_(flame_release). */
void flame_release(struct flame *flame);

/*
 * Lays out `lines`, which it sorts anew and whose text must outlive the boxes. A line without a
 * positive width is left out: folded_left_out() counts it. `differential`: a line is as wide as the
 * larger of its two sides, so that what has gone is still seen. Boxes narrower than 1/`shares` of
 * the total are left out; their bytes are part of their parent's. 0 or -ENOMEM.
 */
int flame_make(struct folded_lines *lines, bool differential, uint64_t shares, struct flame *flame);

#endif
