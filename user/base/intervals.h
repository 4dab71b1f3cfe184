/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of address ranges, each with an owner: who mapped what. Ranges never overlap, are kept in
 * order, and neighbours of one owner are one range. Knows numbers only, nothing of processes.
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

/* {0} is an empty set. */
struct intervals {
	struct interval *items; /* by address */
	size_t count, capacity;
	uint64_t total_bytes; /* of all ranges */
};

/* A process may have 65 530 mappings (vm.max_map_count), of several owners each. */
#define INTERVALS_MAX (1U << 20)

void intervals_release(struct intervals *set);

/*
 * The three changes. An empty range changes nothing. 0, or -ENOMEM (memory, or INTERVALS_MAX) with
 * the set as it was; intervals_fill() may then have filled the gaps of lower addresses.
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

#endif
