/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of address ranges, each with an owner: who mapped what. Ranges never overlap, are kept in
 * order, and neighbours of one owner are one range. Knows numbers only, nothing of processes.
 *
 * A balanced tree (a treap), each node of which knows what is below it: how many bytes, from where
 * to where. So where there is no hole is seen without a look at each range of it, and any change
 * or question takes time by the logarithm of their number, for each hole that it fills.
 */
#ifndef BASE_INTERVALS_H
#define BASE_INTERVALS_H

#include <stddef.h>
#include <stdint.h>

/* [start, end), never empty. */
struct interval {
	uint64_t start, end;
	uint32_t owner;
};

struct interval_node;

/* {0} is an empty set. */
struct intervals {
	struct interval_node *nodes; /* by number; none has 0 */
	uint32_t root, unused;       /* 0: none; `unused` begins a list of nodes */
	uint32_t capacity;           /* of `nodes` */
	uint32_t random;
	uint32_t count;       /* of ranges */
	uint64_t total_bytes; /* of all ranges */
};

/*
 * A process may have 65 530 mappings, unless vm.max_map_count says more, of several owners each.
 * These take 8 MiB.
 */
#define INTERVALS_MAX ((1U << 17) - 8)

void intervals_release(struct intervals *set);

/*
 * The three changes. An empty range changes nothing. 0, -ENOMEM, or -ENOSPC where INTERVALS_MAX
 * might be passed: with the set as it was, but intervals_fill() may have filled the gaps of lower
 * addresses.
 */

/* All of the range belongs to `owner` now, whoever had it before. */
int intervals_set(struct intervals *set, uint64_t start, uint64_t end, uint32_t owner);
/* What nobody has of the range belongs to `owner` now. */
int intervals_fill(struct intervals *set, uint64_t start, uint64_t end, uint32_t owner);
/* Nobody has any of the range. */
int intervals_clear(struct intervals *set, uint64_t start, uint64_t end);

/* Bytes of the range that somebody has. */
uint64_t intervals_covered(const struct intervals *set, uint64_t start, uint64_t end);

/*
 * The first range that ends above `address`, NULL when there is none. Valid until the next change.
 */
const struct interval *intervals_after(const struct intervals *set, uint64_t address);

/* All ranges, by address. The set must not change meanwhile. */
#define INTERVALS_EACH(range, set)                                          \
	for (const struct interval *range = intervals_after(set, 0); range; \
	     range = intervals_after(set, range->end))

/*
 * The first addresses above or at `address` that have owners, up to the next hole, whoever they
 * are. Empty, at the end of all addresses, when there are none. Its owner means nothing.
 */
struct interval intervals_stretch(const struct intervals *set, uint64_t address);

#endif
