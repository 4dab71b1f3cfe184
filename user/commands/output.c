// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/output.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "model/stack_ends.h"
#include "commands/commands.h"
#include "render/folded.h"

struct growth_options output_growth_options(const struct opts *opts)
{
	return (struct growth_options){
		.since_start = opts->since_start,
		.reserved = opts->reserved,
		.kinds = opts->kinds,
	};
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

static const char *output_name(const struct opts *opts)
{
	return opts->output && strcmp(opts->output, "-") != 0 ? opts->output : "stdout";
}

int output_fail(const struct opts *opts, int err)
{
	/* whoever reads the result may leave when he has seen enough, as `head` does */
	if (err != -EPIPE)
		log_error("cannot write to %s: %s", output_name(opts), strerror(-err));
	return EXIT_CODE_FAILED;
}

int output_open(const struct opts *opts, struct atomic_file **ret_file)
{
	int err = atomic_file_open(opts->output ? opts->output : "-", ret_file);

	if (err)
		output_fail(opts, err);
	return err;
}

int output_commit(const struct opts *opts, struct atomic_file *file)
{
	int err = atomic_file_commit(file);

	return err ? output_fail(opts, err) : EXIT_CODE_PRINTED;
}

static struct render_options output_render_options(const struct opts *opts)
{
	return (struct render_options){
		.show_kinds = opts->show_kinds,
		.explain = opts->explain,
		.annotate = opts->annotate,
		.by_cgroup = opts->by_cgroup,
		.top = (unsigned int)opts->top,
	};
}

static int output_render(const struct growth *growth, const struct opts *opts,
			 const struct format *format, FILE *stream)
{
	struct render_options options = output_render_options(opts);

	options.columns = output_columns(stream);
	return format->growth(growth, &options, stream);
}

int output_incident(const struct incident *incident, const struct opts *opts,
		    struct atomic_file *file)
{
	struct render_options options = output_render_options(opts);
	FILE *stream = atomic_file_stream(file);
	int code, err;

	options.columns = output_columns(stream);
	err = format_incident(format_get(opts->format == FORMAT_AUTO ? FORMAT_TEXT : opts->format),
			      incident, &options, stream);
	if (err) {
		atomic_file_abort(file);
		return output_fail(opts, err);
	}
	code = output_commit(opts, file);
	if (code != EXIT_CODE_PRINTED)
		return code;
	if (opts->format == FORMAT_FOLDED && !incident->held.row_count)
		log_info("nothing to show: this incident has no stacks");
	return opts->strict && incident->held.data_lost ? EXIT_CODE_DATA_LOST : EXIT_CODE_PRINTED;
}

/* Folded stacks have no negative numbers; their reader must know what is not there. */
static void output_left_out(const struct growth *growth, const struct opts *opts)
{
	const struct render_options options = output_render_options(opts);
	struct folded_left_out left_out;

	if (folded_left_out(growth, &options, &left_out) || !left_out.stacks)
		return;
	log_info("%zu stacks that have shrunk, by %" PRIu64 " bytes, are left out: what "
		 "is drawn or folded cannot be negative; --format text shows them",
		 left_out.stacks, left_out.bytes);
}

/* What somebody who only sees folded stacks would not know. */
static void output_remarks(const struct growth *growth)
{
	if (!growth->row_count && growth->session.complete)
		log_info("nothing to show: %s", growth->reserved
							? "no mappings were followed, which "
							  "--virtual does as it records"
							: "no memory was seen to grow");
	for (size_t i = 0; i < growth->loss_count; i++)
		if (growth->losses[i].data)
			log_warning("lost: %s, %" PRIu64 " times (%s)", growth->losses[i].meaning,
				    growth->losses[i].count, growth->losses[i].cause);
}

static uint64_t stacks_taken(const struct growth *growth)
{
	uint64_t taken = 0;

	for (int end = 0; end < STACK_END_COUNT; end++)
		taken += growth->stack_ends[end];
	return taken;
}

/* Of every sampled allocation, not of different stacks. */
static void output_stats(const struct growth *growth)
{
	uint64_t taken = stacks_taken(growth);

	log_info("stacks taken: %" PRIu64, taken);
	for (int end = 0; end < STACK_END_COUNT; end++)
		if (growth->stack_ends[end])
			log_info("  %6.2f %%  %-14s %" PRIu64 ", %s",
				 100.0 * (double)growth->stack_ends[end] / (double)taken,
				 stack_end_name(end), growth->stack_ends[end],
				 stack_end_meaning(end));
}

int output_growth(const struct growth *growth, const struct opts *opts, struct atomic_file *file)
{
	const struct format *format = output_format(opts, atomic_file_stream(file));
	int err = output_render(growth, opts, format, atomic_file_stream(file));
	int code;

	if (err) {
		atomic_file_abort(file);
		return output_fail(opts, err);
	}
	code = output_commit(opts, file);
	if (code != EXIT_CODE_PRINTED)
		return code;
	if (format->id == FORMAT_FOLDED || format->id == FORMAT_SVG)
		output_left_out(growth, opts);
	output_remarks(growth);
	if (opts->stats)
		output_stats(growth);
	return opts->strict && growth->data_lost ? EXIT_CODE_DATA_LOST : EXIT_CODE_PRINTED;
}
