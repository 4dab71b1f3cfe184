// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address space reserved and not filled. The regions are of the kind `mapped`: the judge is
 * /proc/PID/maps, by address.
 */
#include "tests/victims/victim.h"

#include <pthread.h>
#include <sys/syscall.h>

/* Keeps the caller on the stack: see VICTIM_SYSCALL_WRAPPER. */
VICTIM_SYSCALL_WRAPPER char *reserve(size_t bytes)
{
	char *memory = victim_map(bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);

	victim_stay();
	return memory;
}

VICTIM_SYSCALL_WRAPPER char *move(char *memory, size_t old_bytes, size_t bytes)
{
	char *moved = mremap(memory, old_bytes, bytes, MREMAP_MAYMOVE);

	victim_stay();
	if (moved == MAP_FAILED)
		err(1, "mremap");
	return moved;
}

static void mapped(const char *function, const char *memory, size_t bytes)
{
	victim_region(function, "mapped", getpid(), memory, bytes);
}

/* A hole between two that stay is a removal of which the kernel says nothing. */
static void reserve_with_hole(struct victim *victim)
{
	victim->memory = reserve(victim->size_bytes);
	if (mprotect(victim->memory + MIB, MIB, PROT_NONE) || munmap(victim->memory + MIB, MIB))
		err(1, "a hole");
	mapped("reserve_with_hole", victim->memory, victim->size_bytes);
}

/* mremap to a size that does not fit: what it makes belongs to who moved it. */
static void reserve_moved(struct victim *victim)
{
	size_t bytes = victim->size_bytes / 2;
	char *memory = reserve(bytes);

	victim->memory = move(memory, bytes, victim->size_bytes);
	if (victim->memory == memory)
		errx(1, "grown in its place");
	mapped("reserve_moved", victim->memory, victim->size_bytes);
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void reserve_stacks(struct victim *victim)
{
	pthread_t thread;

	for (size_t done = 0; done < victim->size_bytes; done += 8 * MIB)
		if (pthread_create(&thread, NULL, wait_for_ever, NULL))
			errx(1, "pthread_create");
}

/* Where nobody is, and the kernel puts nobody. */
#define TURNS_AT ((char *)0x200000000000UL)
/* How much of it comes and goes afterwards, without end, and what it does with all of that time. */
#define TURNS_MORE MIB
#define TURNS_WORK (4 * MIB)

VICTIM_SYSCALL_WRAPPER void map_page(char *where)
{
	if (mmap(where, PAGE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    where)
		err(1, "mmap");
	victim_stay();
}

static __attribute__((noinline)) void map_even(char *where)
{
	map_page(where);
	victim_stay();
}

static __attribute__((noinline)) void map_odd(char *where)
{
	map_page(where);
	victim_stay();
}

static void map_in_turns(char *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += 2 * PAGE_BYTES) {
		map_even(from + at);
		map_odd(from + at + PAGE_BYTES);
	}
}

static void *map_for_ever(void *from)
{
	static char work[TURNS_WORK];

	for (size_t at = 0;; at = (at + 2 * PAGE_BYTES) % TURNS_MORE) {
		if (at == 0)
			munmap(from, TURNS_MORE);
		map_in_turns((char *)from + at, 2 * PAGE_BYTES);
		memset(work, (int)at, sizeof(work));
	}
	return NULL;
}

/* One mapping to the kernel, in which the pages of two functions take turns. */
static void reserve_in_turns(struct victim *victim)
{
	pthread_t thread;

	map_in_turns(TURNS_AT, victim->size_bytes);
	if (pthread_create(&thread, NULL, map_for_ever, TURNS_AT + victim->size_bytes))
		errx(1, "pthread_create");
}

static void stay(struct victim *victim)
{
	(void)victim;
}

static const struct victim_case cases[] = {
	{"hole", NULL, reserve_with_hole, victim_unmap},
	{"moved", NULL, reserve_moved, victim_unmap},
	{"stacks", NULL, reserve_stacks, stay},
	{"turns", NULL, reserve_in_turns, stay},
};

VICTIM_MAIN(cases)
