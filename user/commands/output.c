// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/output.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/atomic_file.h"
#include "base/log.h"
#include "commands/commands.h"

struct growth_options output_growth_options(const struct opts *opts)
{
	return (struct growth_options){.since_start = opts->since_start, .kinds = opts->kinds};
}

static const struct format *output_format(const struct opts *opts, FILE *stream)
{
	if (opts->format != FORMAT_AUTO)
		return format_get(opts->format);
	return format_get(isatty(fileno(stream)) ? FORMAT_TEXT : FORMAT_FOLDED);
}

/* The width of a terminal; 0 elsewhere: a file is not cut. */
static unsigned int output_columns(FILE *stream)
{
	struct winsize size;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

static int output_render(const struct growth *growth, const struct opts *opts, const char *path)
{
	_cleanup_(atomic_file_abortp) struct atomic_file *file = NULL;
	struct render_options options = {
		.show_kinds = opts->show_kinds,
		.top = (unsigned int)opts->top,
	};
	FILE *stream;
	int err;

	err = atomic_file_open(path, &file);
	if (err)
		return err;
	stream = atomic_file_stream(file);
	options.columns = output_columns(stream);
	err = output_format(opts, stream)->growth(growth, &options, stream);
	if (err)
		return err;
	return atomic_file_commit(TAKE_PTR(file));
}

/* What somebody who only sees folded stacks would not know. */
static void output_remarks(const struct growth *growth)
{
	if (!growth->row_count && growth->session.complete)
		log_info("nothing to show: no memory was seen to grow");
	for (size_t i = 0; i < growth->loss_count; i++)
		if (growth->losses[i].data)
			log_warning("lost: %s, %" PRIu64 " times (%s)", growth->losses[i].meaning,
				    growth->losses[i].count, growth->losses[i].cause);
}

int output_growth(const struct growth *growth, const struct opts *opts)
{
	const char *path = opts->output ? opts->output : "-";
	int err;

	err = output_render(growth, opts, path);
	if (err) {
		log_error("cannot write to %s: %s", strcmp(path, "-") == 0 ? "stdout" : path,
			  strerror(-err));
		return EXIT_CODE_FAILED;
	}
	output_remarks(growth);
	return opts->strict && growth->data_lost ? EXIT_CODE_DATA_LOST : EXIT_CODE_PRINTED;
}
