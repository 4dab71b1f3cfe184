// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/child_heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Rows and names of libLLVM, and what they are made of. */
#define HEAP_BYTES (64u << 20)
#define HUGE_PAGE_BYTES (2u << 20)

void child_heap_prepare(void)
{
	uintptr_t start;
	void *heap;

	mallopt(M_MMAP_THRESHOLD, 2 * HEAP_BYTES);
	mallopt(M_TRIM_THRESHOLD, 4 * HEAP_BYTES);
	heap = malloc(HEAP_BYTES);
	if (!heap)
		return;
	start = ((uintptr_t)heap + HUGE_PAGE_BYTES - 1) & -(uintptr_t)HUGE_PAGE_BYTES;
	madvise((void *)start, HEAP_BYTES - HUGE_PAGE_BYTES, MADV_HUGEPAGE);
	free(heap);
}

void child_heap_rest(void)
{
	malloc_trim(0);
}
