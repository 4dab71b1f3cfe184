// SPDX-License-Identifier: GPL-2.0-or-later
/* Growth by more code paths than any table holds: every page is touched by a stack of its own. */
#include "victim.h"

struct walk {
	char *next;
	char *end;
};

static void descend(struct walk *walk, int depth);

/* Two functions, so that each way down the tree is another stack. */
static __attribute__((noinline)) void go_left(struct walk *walk, int depth)
{
	victim_stay();
	descend(walk, depth);
}

static __attribute__((noinline)) void go_right(struct walk *walk, int depth)
{
	victim_stay();
	descend(walk, depth);
}

static __attribute__((noinline)) void descend(struct walk *walk, int depth)
{
	victim_stay();
	if (walk->next == walk->end)
		return;
	if (depth == 0) {
		*(volatile char *)walk->next = 1;
		walk->next += PAGE_BYTES;
		return;
	}
	go_left(walk, depth - 1);
	go_right(walk, depth - 1);
}

static __attribute__((noinline)) void grow_tree(struct victim *victim)
{
	struct walk walk;
	int depth = 0;

	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	madvise(victim->memory, victim->size_bytes, MADV_NOHUGEPAGE);
	walk = (struct walk){victim->memory, victim->memory + victim->size_bytes};
	while (PAGE_BYTES << depth < victim->size_bytes)
		depth++;
	descend(&walk, depth);
	victim_region("grow_tree", "anon", getpid(), victim->memory, victim->size_bytes);
}

static const struct victim_case cases[] = {
	{"tree", NULL, grow_tree, victim_unmap},
};

VICTIM_MAIN(cases)
