// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nothing but page faults and their undoing: the worst case of a page ledger. As deep in calls as
 * the argument says, each with a frame pointer, so that whoever walks the stack finds the same
 * frames.
 */
#pragma GCC optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")
#include "loop.h"

#include <err.h>
#include <stdlib.h>
#include <sys/mman.h>

#define AREA_BYTES (16UL << 20)
#define AREAS_PER_ROUND 4

static void fault_and_unmap(void *state)
{
	(void)state;
	for (int i = 0; i < AREAS_PER_ROUND; i++) {
		char *area = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (area == MAP_FAILED || madvise(area, AREA_BYTES, MADV_NOHUGEPAGE))
			err(1, "mmap");
		for (size_t offset = 0; offset < AREA_BYTES; offset += 4096)
			((volatile char *)area)[offset] = 1;
		munmap(area, AREA_BYTES);
	}
}

static __attribute__((noipa)) void go_down(int depth)
{
	if (depth > 0)
		go_down(depth - 1);
	else
		loop_run(fault_and_unmap, NULL);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	go_down(argc > 1 ? atoi(argv[1]) : 0);
	return 0;
}
