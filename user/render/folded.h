/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks: `thread;pid 1234;root;…;leaf bytes`, one line for each different stack, sorted.
 * Read by flamegraph.pl, inferno, speedscope and Pyroscope; what those require of a line is the
 * business of folded_frame() in folded_lines.h.
 */
#ifndef RENDER_FOLDED_H
#define RENDER_FOLDED_H

#include "render/format.h"

/*
 * 0 or -errno. A growth without rows prints nothing, and so does a stack that has shrunk: those who
 * read folded stacks know no negative number.
 */
int folded_growth(const struct growth *growth, const struct render_options *options, FILE *stream);

struct folded_left_out {
	size_t stacks;
	uint64_t bytes; /* by which they have shrunk */
};

/* What folded_growth() leaves out: its lines add up to the total and this. 0 or -ENOMEM. */
int folded_left_out(const struct growth *growth, const struct render_options *options,
		    struct folded_left_out *ret_left_out);

/*
 * Differential lines, `thread;root;…;leaf before after`, as difffolded.pl prints them and
 * flamegraph.pl reads them. options->without_pids makes stacks of different runs meet.
 */
int folded_diff(const struct growth *before, const struct growth *after,
		const struct render_options *options, FILE *stream);

#endif
