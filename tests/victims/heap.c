// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Growth through libc's allocator. A page that holds the header of an allocation belongs to who
 * allocated it, as does everything libc does for the function that calls it.
 */
#include "victim.h"

#include <malloc.h>

/* libc's own counters get a page of their own when they are first written. */
static void use_allocator(struct victim *victim)
{
	(void)victim;
	free(malloc(MIB));
}

/* The page that the header of a large allocation is in. */
static char *with_header(char *pages)
{
	return pages - PAGE_BYTES;
}

/* The whole pages inside an allocation, without the first one: libc wrote its header there. */
static char *interior(char *memory, size_t *ret_bytes, size_t allocated_bytes)
{
	uintptr_t start = ((uintptr_t)memory + PAGE_BYTES) & ~(PAGE_BYTES - 1);
	uintptr_t end = ((uintptr_t)memory + allocated_bytes) & ~(PAGE_BYTES - 1);

	*ret_bytes = end - start;
	return (char *)start;
}

static void grow_malloc(struct victim *victim)
{
	size_t bytes;
	char *pages;

	victim->memory = malloc(victim->size_bytes);
	pages = interior(victim->memory, &bytes, victim->size_bytes);
	victim_touch(pages, bytes);
	victim_region("grow_malloc", "anon", getpid(), with_header(pages), bytes + PAGE_BYTES);
}

static void shed_free(struct victim *victim)
{
	free(victim->memory);
}

static void grow_calloc(struct victim *victim)
{
	size_t bytes;
	char *pages;

	victim->memory = calloc(victim->size_bytes / 64, 64);
	pages = interior(victim->memory, &bytes, victim->size_bytes);
	victim_touch(pages, bytes);
	victim_region("grow_calloc", "anon", getpid(), with_header(pages), bytes + PAGE_BYTES);
}

static char *grow_before_realloc(struct victim *victim, size_t *ret_bytes)
{
	size_t half = victim->size_bytes / 2;
	char *pages;

	victim->memory = malloc(half);
	pages = interior(victim->memory, ret_bytes, half);
	victim_touch(pages, *ret_bytes);
	return pages;
}

/* Something is put behind the allocation, so that it cannot grow in its place. */
static char *grow_after_realloc(struct victim *victim, size_t before_bytes, size_t *ret_bytes)
{
	size_t bytes;
	char *blocker, *pages;

	blocker = malloc(4 * MIB);
	victim->memory = realloc(victim->memory, victim->size_bytes);
	free(blocker);
	pages = interior(victim->memory, &bytes, victim->size_bytes);
	*ret_bytes = bytes - before_bytes;
	victim_touch(pages + before_bytes, *ret_bytes);
	return pages;
}

/* The pages move to other addresses: who touched them first must not change. */
static void grow_realloc(struct victim *victim)
{
	size_t before_bytes, after_bytes;
	char *pages;

	grow_before_realloc(victim, &before_bytes);
	pages = grow_after_realloc(victim, before_bytes, &after_bytes);
	victim_region("grow_before_realloc", "anon", getpid(), with_header(pages),
		      before_bytes + PAGE_BYTES);
	victim_region("grow_after_realloc", "anon", getpid(), pages + before_bytes, after_bytes);
}

/* brk by hand: glibc would decide by itself how much it gives back. */
static void grow_brk(struct victim *victim)
{
	uintptr_t now = (uintptr_t)sbrk(0);

	if (sbrk(-now & (PAGE_BYTES - 1)) == (void *)-1)
		err(1, "sbrk");
	victim->memory = sbrk(victim->size_bytes);
	if (victim->memory == (void *)-1)
		err(1, "sbrk");
	victim_touch(victim->memory, victim->size_bytes);
	if (sbrk(-(intptr_t)(victim->size_bytes / 2)) == (void *)-1)
		err(1, "sbrk");
	victim_region("grow_brk", "anon", getpid(), victim->memory, victim->size_bytes / 2);
}

static void shed_brk(struct victim *victim)
{
	if (brk(victim->memory))
		err(1, "brk");
}

static const struct victim_case cases[] = {
	{"malloc", use_allocator, grow_malloc, shed_free},
	{"calloc", use_allocator, grow_calloc, shed_free},
	{"realloc", use_allocator, grow_realloc, shed_free},
	{"brk_shrink", NULL, grow_brk, shed_brk},
};

VICTIM_MAIN(cases)
