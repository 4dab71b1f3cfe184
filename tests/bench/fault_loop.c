// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing but page faults and their undoing: the worst case of a page ledger. */
#include "loop.h"

#include <err.h>
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

int main(void)
{
	loop_run(fault_and_unmap, NULL);
	return 0;
}
