/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growth as the lines of folded stacks, before anybody prints them: text and bytes, one line for
 * each different stack. What is printed folded and what is drawn as a flame graph are these lines,
 * so that both always agree.
 */
#ifndef RENDER_FOLDED_LINES_H
#define RENDER_FOLDED_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "render/format.h"

struct folded_line {
	const char *stack;    /* thread;pid 1234;root;…;leaf, as folded_frame() wrote them */
	int64_t before_bytes; /* of differential lines alone */
	int64_t bytes;
	const struct growth_row *row; /* one of those that became this line: they differ in kind */
	uint64_t allocated_bytes;
};

/* {0} is empty. Wears _cleanup_(folded_lines_release). */
struct folded_lines {
	struct folded_line *line; /* sorted by stack */
	size_t count;
	struct arena arena; /* the lines and their text */
};

void folded_lines_release(struct folded_lines *lines);

/* Of one growth. Bytes may be negative, where a stack has shrunk. 0 or -ENOMEM. */
int folded_lines_make(struct folded_lines *lines, const struct growth *growth,
		      const struct render_options *options);

/* Of two, the first of them in before_bytes. options->without_pids makes stacks of different runs
 * meet. 0 or -ENOMEM. */
int folded_lines_diff(struct folded_lines *lines, const struct growth *before,
		      const struct growth *after, const struct render_options *options);

/*
 * Appends one frame, whatever bytes it has: no separator, no control character, UTF-8, never
 * empty. Replacements: ';' by ':', what controls by '_', what is no UTF-8 by U+FFFD.
 */
void folded_frame(struct buf *out, const char *name);

#endif
