// SPDX-License-Identifier: GPL-2.0-or-later
/* A great many short processes, each of which takes a few pages: SIZE counts them in thousands. */
#include "victim.h"

#include <sys/wait.h>

#define CHILD_PAGES 4

static void grow_in_child(char *memory)
{
	victim_touch(memory, CHILD_PAGES * PAGE_BYTES);
}

static void grow_forks(struct victim *victim)
{
	size_t count = victim->size_bytes / MIB * 1000;

	victim->memory_bytes = CHILD_PAGES * PAGE_BYTES;
	victim->memory = victim_map(victim->memory_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	for (size_t i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (!child) {
			grow_in_child(victim->memory);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
	victim_say("region grow_in_child gone %d - 0\n", getpid());
}

static const struct victim_case cases[] = {
	{"forks", NULL, grow_forks, victim_unmap},
};

VICTIM_MAIN(cases)
