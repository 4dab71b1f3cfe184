// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps and unmaps without touching: the worst case of following mappings. */
#include "loop.h"

#include <err.h>
#include <sys/mman.h>

#define PAIRS_PER_ROUND 30000

static void map_and_unmap(void *state)
{
	(void)state;
	for (int i = 0; i < PAIRS_PER_ROUND; i++) {
		char *area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (area == MAP_FAILED || munmap(area, 16 * 4096))
			err(1, "mmap");
	}
}

int main(void)
{
	loop_run(map_and_unmap, NULL);
	return 0;
}
