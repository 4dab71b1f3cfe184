// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/folded.h"

#include <errno.h>
#include <inttypes.h>

#include "model/estimate.h"
#include "render/folded_lines.h"

static int print_error(void)
{
	return errno ? -errno : -EIO;
}

int folded_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	_cleanup_(folded_lines_release) struct folded_lines lines = {0};
	int err = folded_lines_make(&lines, growth, options);

	for (size_t i = 0; i < lines.count && !err; i++) {
		errno = 0;
		if (lines.line[i].bytes > 0 &&
		    fprintf(stream, "%s %" PRId64 "\n", lines.line[i].stack, lines.line[i].bytes) <
			    0)
			err = print_error();
	}
	return err;
}

int folded_left_out(const struct growth *growth, const struct render_options *options,
		    struct folded_left_out *ret_left_out)
{
	_cleanup_(folded_lines_release) struct folded_lines lines = {0};
	struct folded_left_out left_out = {0};
	int err = folded_lines_make(&lines, growth, options);

	if (err)
		return err;
	for (size_t i = 0; i < lines.count; i++) {
		if (lines.line[i].bytes >= 0)
			continue;
		left_out.stacks++;
		left_out.bytes = estimate_add(left_out.bytes, (uint64_t)-lines.line[i].bytes);
	}
	*ret_left_out = left_out;
	return 0;
}

int folded_diff(const struct growth *before, const struct growth *after,
		const struct render_options *options, FILE *stream)
{
	_cleanup_(folded_lines_release) struct folded_lines lines = {0};
	int err = folded_lines_diff(&lines, before, after, options);

	for (size_t i = 0; i < lines.count && !err; i++) {
		const struct folded_line *line = &lines.line[i];

		errno = 0;
		if (fprintf(stream, "%s %" PRId64 " %" PRId64 "\n", line->stack, line->before_bytes,
			    line->bytes) < 0)
			err = print_error();
	}
	return err;
}
