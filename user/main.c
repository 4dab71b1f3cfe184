// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "commands/commands.h"

static int (*const commands[])(const struct opts *) = {
	[COMMAND_GROWTH] = command_growth, [COMMAND_WATCH] = command_watch,
	[COMMAND_LIST] = command_list,     [COMMAND_REPORT] = command_report,
	[COMMAND_DIFF] = command_diff,     [COMMAND_CHECK] = command_check,
};

_Static_assert(sizeof(commands) / sizeof(commands[0]) == COMMAND_COUNT, "every command runs");

/*
 * A closed standard descriptor would be given to the next file or socket that is opened, and what
 * is printed would go there. /dev/null for reading takes its place: writing to it fails, and is
 * told.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit(EXIT_CODE_FAILED);
}

int main(int argc, char **argv)
{
	struct opts opts;
	int exit_code;

	fill_standard_descriptors();
	exit_code = options_parse(argc, argv, &opts);
	if (exit_code >= 0)
		return exit_code;
	log_set_verbose(opts.verbose);
	return commands[opts.command](&opts);
}
