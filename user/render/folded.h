/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks: `thread;pid 1234;root;…;leaf bytes`, one line for each different stack, sorted.
 * Read by flamegraph.pl, inferno, speedscope and Pyroscope; what those require of a line is the
 * business of folded_frame().
 */
#ifndef RENDER_FOLDED_H
#define RENDER_FOLDED_H

#include "base/buf.h"
#include "render/format.h"

/* 0 or -errno. A growth without rows prints nothing. */
int folded_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

/*
 * Appends one frame, whatever bytes it has: no separator, no control character, UTF-8, never
 * empty. Replacements: ';' by ':', what controls by '_', what is no UTF-8 by U+FFFD.
 */
void folded_frame(struct buf *out, const char *name);

#endif
