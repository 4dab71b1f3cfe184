// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `oomtrace diff OLD NEW`: two recordings, or incidents by their ids, as differential folded stacks
 * or a flame graph; of an incident alone the old one is the life before it. A stack is its thread's
 * name and its frames. The pid is left out: two runs of a program never share one, and with it no
 * stack of the one would meet its like of the other.
 */
#include "commands/commands.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "commands/output.h"
#include "commands/replay.h"
#include "render/folded.h"
#include "render/svg.h"

static int print(const struct opts *opts, const struct growth *old, const struct growth *new)
{
	const struct render_options options = {
		.show_kinds = opts->show_kinds,
		.without_pids = true,
	};
	struct atomic_file *file;
	int err;

	if (output_open(opts, &file))
		return EXIT_CODE_FAILED;
	err = (opts->format == FORMAT_SVG ? svg_diff : folded_diff)(old, new, &options,
								    atomic_file_stream(file));
	if (err) {
		atomic_file_abort(file);
		return output_fail(opts, err);
	}
	return output_commit(opts, file);
}

/* Of the incident's workload, by what its file tells. NULL: said why. */
static const char *life_before(const struct opts *opts, const struct replay *new)
{
	const struct crash_loop *loop = new->incident ? &new->incident->loop : NULL;

	if (loop && loop->life_count)
		return loop->lives[loop->life_count - 2].id;
	log_error("'%s' tells of no life before it: write 'oomtrace diff OLD NEW'",
		  opts->report_path ? opts->report_path : "-1");
	return NULL;
}

static bool read_lives(const struct opts *opts, struct replay *old, struct replay *new)
{
	const char *before;

	if (!replay_read_any(opts->report_path, opts, new))
		return false;
	before = life_before(opts, new);
	return before && replay_read_spooled(before, opts, old);
}

static bool read_both(const struct opts *opts, struct replay *old, struct replay *new)
{
	if (!opts->diff_path)
		return read_lives(opts, old, new);
	return replay_read_any(opts->report_path, opts, old) &&
	       replay_read_any(opts->diff_path, opts, new);
}

int command_diff(const struct opts *opts)
{
	_cleanup_(replay_release) struct replay old = {0}, new = {0};
	int code;

	if (!read_both(opts, &old, &new))
		return EXIT_CODE_FAILED;
	code = print(opts, old.growth, new.growth);
	if (code != EXIT_CODE_PRINTED)
		return code;
	if (!old.growth->row_count && !new.growth->row_count)
		log_info("nothing to show: neither recording saw memory grow");
	if (!old.whole || !new.whole)
		return EXIT_CODE_FAILED;
	return opts->strict && (old.growth->data_lost || new.growth->data_lost)
		       ? EXIT_CODE_DATA_LOST
		       : EXIT_CODE_PRINTED;
}
