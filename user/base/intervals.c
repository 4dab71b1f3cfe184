// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/intervals.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* Nodes that a change may need before it gives any back: two cuts, and the new range. */
#define CHANGE_NODES 3
/* By how many ranges a change may add to them: it falls into the middle of one. */
#define CHANGE_RANGES 2

#define FIRST_CAPACITY 64

/*
 * Ordered by address from left to right, and by priority from the root down. Priorities are random,
 * and so is the shape: its depth is some tens, whatever the order in which ranges come.
 */
struct interval_node {
	struct interval range;
	uint32_t left, right; /* 0: none; of an unused one `left` is the next such */
	uint32_t priority;
	uint64_t start, end; /* of all that is below it, itself included, and of it: */
	uint64_t bytes;
};

void intervals_release(struct intervals *set)
{
	free(set->nodes);
	*set = (struct intervals){0};
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Whoever could foresee priorities could choose addresses that make the tree a list. */
static uint32_t random_seed(void)
{
	const void *bytes = (const void *)getauxval(AT_RANDOM);
	uint32_t seed = 0;

	if (bytes)
		memcpy(&seed, bytes, sizeof(seed));
	return seed;
}

static int grow(struct intervals *set)
{
	uint32_t capacity = set->capacity ? 2 * set->capacity : FIRST_CAPACITY;
	struct interval_node *nodes = reallocarray(set->nodes, capacity, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	if (!set->capacity) {
		nodes[0] = (struct interval_node){.left = 0};
		set->random = random_seed();
	}
	for (uint32_t i = set->capacity ?: 1; i < capacity; i++) {
		nodes[i].left = set->unused;
		set->unused = i;
	}
	set->nodes = nodes;
	set->capacity = capacity;
	return 0;
}

/* Room for one change, so that none fails half way. */
static int reserve(struct intervals *set)
{
	if (set->count + CHANGE_RANGES > INTERVALS_MAX)
		return -ENOSPC;
	return set->count + CHANGE_NODES < set->capacity ? 0 : grow(set);
}

static uint32_t node_new(struct intervals *set, struct interval range)
{
	uint32_t number = set->unused;
	struct interval_node *node = &set->nodes[number];

	set->unused = node->left;
	set->count++;
	set->random = set->random * 1664525 + 1013904223;
	*node = (struct interval_node){
		.range = range,
		.priority = set->random,
		.start = range.start,
		.end = range.end,
		.bytes = range.end - range.start,
	};
	return number;
}

static void tree_free(struct intervals *set, uint32_t tree)
{
	struct interval_node *node = &set->nodes[tree];

	if (!tree)
		return;
	tree_free(set, node->left);
	tree_free(set, node->right);
	node->left = set->unused;
	set->unused = tree;
	set->count--;
}

/* After a change of what is below it. */
static void add_up(struct intervals *set, struct interval_node *node)
{
	const struct interval_node *left = &set->nodes[node->left];
	const struct interval_node *right = &set->nodes[node->right];

	node->start = node->left ? left->start : node->range.start;
	node->end = node->right ? right->end : node->range.end;
	node->bytes = left->bytes + (node->range.end - node->range.start) + right->bytes;
}

/* One tree of two, all of `low` below all of `high`. */
static uint32_t merge(struct intervals *set, uint32_t low, uint32_t high)
{
	struct interval_node *below = &set->nodes[low], *above = &set->nodes[high];

	if (!low || !high)
		return low ? low : high;
	if (below->priority > above->priority) {
		below->right = merge(set, below->right, high);
		add_up(set, below);
		return low;
	}
	above->left = merge(set, low, above->left);
	add_up(set, above);
	return high;
}

/* Two trees of one; of a range that reaches over `address`, what lies above is in neither. */
static void split_nodes(struct intervals *set, uint32_t tree, uint64_t address, uint32_t *ret_low,
			uint32_t *ret_high, struct interval *ret_cut)
{
	struct interval_node *node = &set->nodes[tree];

	if (!tree) {
		*ret_low = *ret_high = 0;
		return;
	}
	if (address <= node->range.start) {
		split_nodes(set, node->left, address, ret_low, &node->left, ret_cut);
		*ret_high = tree;
	} else if (address >= node->range.end) {
		split_nodes(set, node->right, address, &node->right, ret_high, ret_cut);
		*ret_low = tree;
	} else {
		*ret_cut = (struct interval){address, node->range.end, node->range.owner};
		node->range.end = address;
		*ret_high = node->right;
		*ret_low = tree;
		node->right = 0;
	}
	add_up(set, node);
}

/*
 * Two trees of one, below and above `address`; a range that reaches over it is cut. The new part
 * goes where its priority has it, not below what was cut: cuts from above would make a list.
 */
static void split(struct intervals *set, uint32_t tree, uint64_t address, uint32_t *ret_low,
		  uint32_t *ret_high)
{
	struct interval cut = {0, 0, 0};

	split_nodes(set, tree, address, ret_low, ret_high, &cut);
	if (cut.start < cut.end)
		*ret_high = merge(set, node_new(set, cut), *ret_high);
}

/* --- changes ---------------------------------------------------------------------------------- */

/* The last range of `low` becomes part of `range`, if they touch and have one owner. */
static uint32_t join_last(struct intervals *set, uint32_t low, struct interval *range)
{
	const struct interval *last;
	uint32_t number = low;

	while (set->nodes[number].right)
		number = set->nodes[number].right;
	last = &set->nodes[number].range;
	if (!low || last->end != range->start || last->owner != range->owner)
		return low;
	range->start = last->start;
	split(set, low, last->start, &low, &number);
	tree_free(set, number);
	return low;
}

static uint32_t join_first(struct intervals *set, uint32_t high, struct interval *range)
{
	const struct interval *first;
	uint32_t number = high;

	while (set->nodes[number].left)
		number = set->nodes[number].left;
	first = &set->nodes[number].range;
	if (!high || first->start != range->end || first->owner != range->owner)
		return high;
	range->end = first->end;
	split(set, high, first->end, &number, &high);
	tree_free(set, number);
	return high;
}

/* Replaces [start, end) by `owner`, or by nothing. */
static int replace(struct intervals *set, uint64_t start, uint64_t end, const uint32_t *owner)
{
	uint32_t low, gone, high;
	int error = reserve(set);

	if (error)
		return error;
	split(set, set->root, start, &low, &high);
	split(set, high, end, &gone, &high);
	tree_free(set, gone);
	if (owner) {
		struct interval range = {start, end, *owner};

		low = join_last(set, low, &range);
		high = join_first(set, high, &range);
		low = merge(set, low, node_new(set, range));
	}
	set->root = merge(set, low, high);
	set->total_bytes = set->nodes[set->root].bytes;
	return 0;
}

int intervals_set(struct intervals *set, uint64_t start, uint64_t end, uint32_t owner)
{
	return start < end ? replace(set, start, end, &owner) : 0;
}

int intervals_clear(struct intervals *set, uint64_t start, uint64_t end)
{
	return start < end ? replace(set, start, end, NULL) : 0;
}

int intervals_fill(struct intervals *set, uint64_t start, uint64_t end, uint32_t owner)
{
	while (start < end) {
		struct interval held = intervals_stretch(set, start);
		uint64_t gap_end = held.start < end ? held.start : end;
		int error = start < gap_end ? replace(set, start, gap_end, &owner) : 0;

		if (error)
			return error;
		start = held.end;
	}
	return 0;
}

/* --- questions -------------------------------------------------------------------------------- */

const struct interval *intervals_after(const struct intervals *set, uint64_t address)
{
	const struct interval *after = NULL;

	for (uint32_t number = set->root; number;) {
		const struct interval_node *node = &set->nodes[number];

		if (node->range.end > address)
			after = &node->range;
		number = node->range.end > address ? node->left : node->right;
	}
	return after;
}

/* The common part of a range and [start, end). */
static uint64_t overlap(const struct interval *range, uint64_t start, uint64_t end)
{
	uint64_t from = range->start > start ? range->start : start;
	uint64_t to = range->end < end ? range->end : end;

	return from < to ? to - from : 0;
}

static uint64_t covered(const struct intervals *set, uint32_t tree, uint64_t start, uint64_t end)
{
	const struct interval_node *node = &set->nodes[tree];

	if (!tree || node->end <= start || node->start >= end)
		return 0;
	if (start <= node->start && node->end <= end)
		return node->bytes;
	return covered(set, node->left, start, end) + overlap(&node->range, start, end) +
	       covered(set, node->right, start, end);
}

uint64_t intervals_covered(const struct intervals *set, uint64_t start, uint64_t end)
{
	return covered(set, set->root, start, end);
}

/* How far there is no hole from `address` on, as far as `tree` knows. */
static uint64_t without_hole(const struct intervals *set, uint32_t tree, uint64_t address)
{
	const struct interval_node *node = &set->nodes[tree];

	if (!tree || address < node->start || address >= node->end)
		return address;
	if (node->bytes == node->end - node->start)
		return node->end;
	address = without_hole(set, node->left, address);
	if (address >= node->range.start && address < node->range.end)
		address = node->range.end;
	return without_hole(set, node->right, address);
}

struct interval intervals_stretch(const struct intervals *set, uint64_t address)
{
	const struct interval *first = intervals_after(set, address);
	struct interval stretch = {UINT64_MAX, UINT64_MAX, 0};

	if (!first)
		return stretch;
	stretch.start = first->start > address ? first->start : address;
	stretch.end = without_hole(set, set->root, stretch.start);
	return stretch;
}
