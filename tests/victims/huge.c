// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages that are large, or do not stay where they were: allocated as one, given back in parts, made
 * by the kernel out of small ones, moved between NUMA nodes.
 */
#include "victim.h"

#include <sys/syscall.h>

static void ask_for_huge(char *memory, size_t bytes, int advice)
{
	if (madvise(memory, bytes, advice))
		err(1, "madvise");
}

static void grow_thp(struct victim *victim)
{
	victim->memory = victim_map_aligned(victim->size_bytes);
	ask_for_huge(victim->memory, victim->size_bytes, MADV_HUGEPAGE);
	victim_touch(victim->memory, victim->size_bytes);
	victim_region("grow_thp", "anon", getpid(), victim->memory, victim->size_bytes);
}

/*
 * Half of every huge page is unmapped. Its frames stay allocated until the kernel splits it, so
 * the judge counts the frames of the compound pages, not what is mapped.
 */
static void grow_thp_half(struct victim *victim)
{
	victim->memory = victim_map_aligned(victim->size_bytes);
	ask_for_huge(victim->memory, victim->size_bytes, MADV_HUGEPAGE);
	victim_touch(victim->memory, victim->size_bytes);
	for (size_t offset = 0; offset < victim->size_bytes; offset += HUGE_BYTES)
		if (munmap(victim->memory + offset + HUGE_BYTES / 2, HUGE_BYTES / 2))
			err(1, "munmap");
	victim_region("grow_thp_half", "compound", getpid(), victim->memory, victim->size_bytes);
}

/* Small pages, offered to khugepaged only after they were touched. The test waits for it. */
static void grow_collapse(struct victim *victim)
{
	victim->memory = victim_map_aligned(victim->size_bytes);
	ask_for_huge(victim->memory, victim->size_bytes, MADV_NOHUGEPAGE);
	victim_touch(victim->memory, victim->size_bytes);
	ask_for_huge(victim->memory, victim->size_bytes, MADV_HUGEPAGE);
	victim_region("grow_collapse", "anon_moved", getpid(), victim->memory, victim->size_bytes);
}

/* As many as the kernel looks at in one step: isolate_freepages() looks at every 32nd where it
 * finds none. */
#define STRIDE_PAGES 32

/*
 * Every second page of a large area is given back: what remains is what compaction has to move. The
 * even ones and the odd ones take turns: otherwise, wherever the area begins, one time in two no
 * page is free where the kernel looks, and nothing moves.
 */
static void grow_fragments(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	for (size_t page = 0; page < victim->size_bytes / PAGE_BYTES; page++)
		if ((page + page / STRIDE_PAGES) % 2 == 0 &&
		    madvise(victim->memory + page * PAGE_BYTES, PAGE_BYTES, MADV_DONTNEED))
			err(1, "madvise");
	victim_region("grow_fragments", "anon_moved", getpid(), victim->memory, victim->size_bytes);
}

static void grow_migrated(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	victim_region("grow_migrated", "anon_moved", getpid(), victim->memory, victim->size_bytes);
}

/* All of the process, from the first node to the second. */
static void migrate_away(void)
{
	unsigned long from = 1, to = 2;

	if (syscall(SYS_migrate_pages, 0, 8 * sizeof(from), &from, &to) < 0)
		err(1, "migrate_pages");
}

/* Who moves is another function than who touched: it must not get the pages. */
static void grow_and_migrate(struct victim *victim)
{
	grow_migrated(victim);
	migrate_away();
}

/* Pages of the hugetlb pool, there before anybody looks. */
static void hold_hugetlb(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
	victim_touch(victim->memory, victim->size_bytes);
}

static void grow_nothing(struct victim *victim)
{
	victim_region("grow_nothing", "gone", getpid(), victim->memory, 0);
}

static const struct victim_case cases[] = {
	{"hugetlb", hold_hugetlb, grow_nothing, victim_unmap},
	{"thp", NULL, grow_thp, victim_unmap},
	{"thp_half", NULL, grow_thp_half, victim_unmap},
	{"collapse", NULL, grow_collapse, victim_unmap},
	{"fragments", NULL, grow_fragments, victim_unmap},
	{"migrated", NULL, grow_and_migrate, victim_unmap},
};

VICTIM_MAIN(cases)
