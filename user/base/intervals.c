// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/intervals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A change replaces what it touches by at most: what stays on the left, the new, on the right. */
#define PIECES_MAX 3

struct pieces {
	struct interval items[PIECES_MAX];
	size_t count;
};

void intervals_release(struct intervals *set)
{
	free(set->items);
	*set = (struct intervals){0};
}

/* Index of the first range that ends above `address`. */
static size_t index_after(const struct intervals *set, uint64_t address)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->items[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct interval *intervals_after(const struct intervals *set, uint64_t address)
{
	size_t index = index_after(set, address);

	return index < set->count ? &set->items[index] : NULL;
}

static int reserve(struct intervals *set, size_t count)
{
	size_t capacity = set->capacity ? set->capacity : 64;
	struct interval *items;

	if (count > INTERVALS_MAX)
		return -ENOMEM;
	while (capacity < count)
		capacity *= 2;
	if (capacity == set->capacity)
		return 0;
	items = reallocarray(set->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	set->items = items;
	set->capacity = capacity;
	return 0;
}

/* Appends a piece, or lengthens the last one when it goes on where that ends. */
static void piece_add(struct pieces *pieces, uint64_t start, uint64_t end, uint32_t owner)
{
	struct interval *last = pieces->count ? &pieces->items[pieces->count - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->end == start && last->owner == owner)
		last->end = end;
	else
		pieces->items[pieces->count++] = (struct interval){start, end, owner};
}

static uint64_t bytes_of(const struct interval *items, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += items[i].end - items[i].start;
	return bytes;
}

/* Puts `pieces` in the place of the ranges [first, beyond). */
static int splice(struct intervals *set, size_t first, size_t beyond, const struct pieces *pieces)
{
	size_t count = set->count - (beyond - first) + pieces->count;
	int error = reserve(set, count);

	if (error)
		return error;
	set->total_bytes -= bytes_of(&set->items[first], beyond - first);
	memmove(&set->items[first + pieces->count], &set->items[beyond],
		(set->count - beyond) * sizeof(*set->items));
	memcpy(&set->items[first], pieces->items, pieces->count * sizeof(*set->items));
	set->total_bytes += bytes_of(pieces->items, pieces->count);
	set->count = count;
	return 0;
}

/*
 * Replaces [start, end) by `owner`, or by nothing. Ranges that only touch it are taken in as well:
 * they come back as they were, or as one with the new range.
 */
static int replace(struct intervals *set, uint64_t start, uint64_t end, const uint32_t *owner)
{
	size_t first = index_after(set, start ? start - 1 : 0), beyond = first;
	struct pieces pieces = {.count = 0};
	const struct interval *left, *right;

	while (beyond < set->count && set->items[beyond].start <= end)
		beyond++;
	left = first < beyond ? &set->items[first] : NULL;
	right = first < beyond ? &set->items[beyond - 1] : NULL;
	if (left && left->start < start)
		piece_add(&pieces, left->start, start < left->end ? start : left->end, left->owner);
	if (owner)
		piece_add(&pieces, start, end, *owner);
	if (right && right->end > end)
		piece_add(&pieces, end > right->start ? end : right->start, right->end,
			  right->owner);
	return splice(set, first, beyond, &pieces);
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
		const struct interval *next = intervals_after(set, start);
		uint64_t gap_end = next && next->start < end ? next->start : end;
		uint64_t resume = next && next->start < end ? next->end : end;
		int error = start < gap_end ? replace(set, start, gap_end, &owner) : 0;

		if (error)
			return error;
		start = resume;
	}
	return 0;
}

uint64_t intervals_covered(const struct intervals *set, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;

	for (size_t i = index_after(set, start); i < set->count && set->items[i].start < end; i++) {
		uint64_t from = set->items[i].start > start ? set->items[i].start : start;
		uint64_t to = set->items[i].end < end ? set->items[i].end : end;

		bytes += to - from;
	}
	return bytes;
}
