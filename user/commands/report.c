// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"

#include "base/cleanup.h"
#include "commands/output.h"
#include "commands/replay.h"

int command_report(const struct opts *opts)
{
	_cleanup_(replay_release) struct replay replay = {0};
	struct atomic_file *file;
	int exit_code;

	if (!replay_read_any(opts->report_path, opts, &replay) || output_open(opts, &file))
		return EXIT_CODE_FAILED;
	exit_code = replay.incident ? output_incident(replay.incident, opts, file)
				    : output_growth(replay.growth, opts, file);
	return replay.whole ? exit_code : EXIT_CODE_FAILED;
}
