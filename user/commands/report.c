// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "capture/trace_reader.h"
#include "commands/output.h"
#include "model/growth_builder.h"

static void source_close(struct source *source)
{
	source->close(source);
}
DEFINE_CLEANUP(struct source *, source_close)

static int report_open(const char *path, struct source **ret_source)
{
	_cleanup_fclose_ FILE *stream = NULL;
	int err;

	stream = strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re");
	if (!stream)
		return -errno;
	err = trace_reader_new(stream, ret_source);
	if (!err)
		TAKE_PTR(stream);
	return err;
}

/* 0 when all of the file was read, else what is wrong with it; the builder has what came before. */
static int report_read(struct source *source, struct growth_builder *builder)
{
	struct event event;
	int more;

	while ((more = source->next(source, &event)) > 0) {
		int err = growth_builder_add(builder, &event);

		if (err)
			return err;
	}
	return more;
}

/* Renders what there is. -ENODATA when that is nothing. */
static int report_render(const struct growth_builder *builder, const struct opts *opts,
			 int *ret_exit_code)
{
	const struct growth_options options = output_growth_options(opts);
	_cleanup_(growth_freep) struct growth *growth = NULL;
	struct atomic_file *file;
	int err;

	err = growth_builder_finish(builder, &options, &growth);
	if (err)
		return err;
	*ret_exit_code = EXIT_CODE_FAILED;
	if (output_open(opts, &file) == 0)
		*ret_exit_code = output_growth(growth, opts, file);
	return 0;
}

int command_report(const struct opts *opts)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(source_closep) struct source *source = NULL;
	int exit_code = EXIT_CODE_FAILED;
	int err, render_err;

	err = report_open(opts->report_path, &source);
	if (!err)
		err = growth_builder_new(&builder);
	if (err) {
		log_error("cannot read '%s': %s", opts->report_path, trace_reader_strerror(err));
		return EXIT_CODE_FAILED;
	}

	err = report_read(source, builder);
	if (err)
		log_error("'%s' is not whole, only what can be read of it is shown: %s",
			  opts->report_path, trace_reader_strerror(err));
	render_err = report_render(builder, opts, &exit_code);
	if (render_err && !err)
		log_error("cannot report on '%s': %s", opts->report_path,
			  render_err == -ENODATA ? "it records no session" : strerror(-render_err));
	return err ? EXIT_CODE_FAILED : exit_code;
}
