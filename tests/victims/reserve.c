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

static void stay(struct victim *victim)
{
	(void)victim;
}

static const struct victim_case cases[] = {
	{"hole", NULL, reserve_with_hole, victim_unmap},
	{"moved", NULL, reserve_moved, victim_unmap},
	{"stacks", NULL, reserve_stacks, stay},
};

VICTIM_MAIN(cases)
