// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads the programs in the configurations that differ most, and prints how many instructions the
 * verifier went through for each, "CONFIGURATION PROGRAM COUNT": what tests/vm/verifier.bats
 * compares. Fails where the kernel refuses one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysroot.h"
#include "capture/physical.h"
#include "capture/programs.h"

/* Between them every program there is, and both ways of taking stacks. */
static const struct configuration {
	const char *name;
	struct programs_options options;
} configurations[] = {
	{"comm",
	 {.mode = CAPTURE_FOLLOW,
	  .rule = {.choice = OT_CHOOSE_NAME, .name = "x"},
	  .kernel_stacks = true,
	  .mappings = true,
	  .files = true,
	  .unwind = UNWIND_ROWS}},
	{"watch",
	 {.mode = CAPTURE_HOST, .watch_kills = true, .sigkills = true, .unwind = UNWIND_ROWS}},
	{"cgroup",
	 {.mode = CAPTURE_FOLLOW,
	  .rule = {.choice = OT_CHOOSE_CGROUP},
	  .mappings = true,
	  .unwind = UNWIND_FRAME_POINTERS}},
};

static void print_cost(const char *name, uint64_t instructions, void *context)
{
	printf("%s %s %" PRIu64 "\n", (const char *)context, name, instructions);
}

static int load(const struct sysroot *root, const struct physical *physical,
		const struct configuration *configuration)
{
	struct programs_options options = configuration->options;
	_cleanup_(programs_freep) struct programs *programs = NULL;
	struct failure failure;
	int error;

	options.measure = true;
	error = programs_load(root, physical, &options, &programs, &failure);
	if (error) {
		fprintf(stderr, "%s: the kernel refuses the programs: %s\n", configuration->name,
			strerror(-error));
		return error;
	}
	programs_each_cost(programs, print_cost, (void *)configuration->name);
	return 0;
}

int main(void)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	_cleanup_(physical_release) struct physical physical = PHYSICAL_EMPTY;
	int result = EXIT_SUCCESS;

	if (sysroot_open_host(&root) || physical_read(&root, &physical))
		return EXIT_FAILURE;
	for (size_t i = 0; i < sizeof(configurations) / sizeof(configurations[0]); i++)
		if (load(&root, &physical, &configurations[i]))
			result = EXIT_FAILURE;
	return result;
}
