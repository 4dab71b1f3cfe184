// SPDX-License-Identifier: GPL-2.0-or-later
/* A great many processes, each of which takes a few pages: SIZE counts them in thousands. */
#include "victim.h"

#include <signal.h>
#include <sys/prctl.h>
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

/* They stay until they are shed, and do nothing. */
static void grow_crowd(struct victim *victim)
{
	victim->memory_bytes = CHILD_PAGES * PAGE_BYTES;
	victim->memory = victim_map(victim->memory_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	for (size_t count = victim->size_bytes / MIB * 1000; count > 0; count--) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (!child) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			grow_in_child(victim->memory);
			for (;;)
				pause();
		}
	}
	victim_say("region grow_in_child crowd %d - 0\n", getpid());
}

static void shed_crowd(struct victim *victim)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		continue;
	victim_unmap(victim);
}

/* A group of their own: whoever runs the test is none of them. */
static void prepare_crowd(struct victim *victim)
{
	(void)victim;
	if (setpgid(0, 0))
		err(1, "setpgid");
}

static const struct victim_case cases[] = {
	{"crowd", prepare_crowd, grow_crowd, shed_crowd},
	{"forks", NULL, grow_forks, victim_unmap},
};

VICTIM_MAIN(cases)
