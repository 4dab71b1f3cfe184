// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that begin and end: what is asked of each fork would show in. */
#include "loop.h"

#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORKS_PER_ROUND 500

static void fork_and_wait(void *state)
{
	(void)state;
	for (int i = 0; i < FORKS_PER_ROUND; i++) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

int main(void)
{
	loop_run(fork_and_wait, NULL);
	return 0;
}
