// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls that do next to nothing: what a tax on every one of them would show in. */
#include "loop.h"

#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_PER_ROUND 300000

static void call(void *state)
{
	(void)state;
	for (int i = 0; i < CALLS_PER_ROUND; i++)
		syscall(SYS_getppid);
}

int main(void)
{
	loop_run(call, NULL);
	return 0;
}
