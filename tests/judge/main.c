// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge.h"

#include <stdio.h>
#include <string.h>

static const struct judge_command {
	const char *name;
	int argument_count;
	int (*run)(char **arguments);
	const char *help;
} commands[] = {
	{"range", 3, judge_range, "PID ADDRESS BYTES"},
	{"frames", 3, judge_frames, "PID ADDRESS BYTES"},
	{"process", 1, judge_process, "PID"},
	{"rollup", 1, judge_rollup, "PID"},
	{"file", 1, judge_file, "PATH"},
	{"memcg", 1, judge_memcg, "DIRECTORY"},
};

int main(int argc, char **argv)
{
	size_t count = sizeof(commands) / sizeof(commands[0]);

	for (size_t i = 0; argc > 1 && i < count; i++)
		if (!strcmp(argv[1], commands[i].name) && argc == 2 + commands[i].argument_count)
			return commands[i].run(argv + 2);

	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "%s judge %s %s\n", i ? "      " : "usage:", commands[i].name,
			commands[i].help);
	return 64;
}
