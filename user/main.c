// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"
#include "commands/commands.h"

static int (*const commands[])(const struct opts *) = {
	[COMMAND_GROWTH] = command_growth,
	[COMMAND_REPORT] = command_report,
	[COMMAND_CHECK] = command_check,
};

_Static_assert(sizeof(commands) / sizeof(commands[0]) == COMMAND_COUNT, "every command runs");

int main(int argc, char **argv)
{
	struct opts opts;
	int exit_code = options_parse(argc, argv, &opts);

	if (exit_code >= 0)
		return exit_code;
	log_set_verbose(opts.verbose);
	return commands[opts.command](&opts);
}
