// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a change of an address space costs to take, by how many ranges it has: changes a second.
 *
 *   intervals_cost RANGES...
 *
 * up, down: two functions take turns at one growing mapping, so that each page is a range, and each
 * record tells of all of it. anywhere: pages here and there, mapped and unmapped. cut: one mapping
 * is cut into pages, from above.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/intervals.h"

#define PAGE 4096ULL
#define BASE 0x7f0000000000ULL
/* Long enough to be measured. */
#define LEAST_NS 200000000

static uint64_t address(uint64_t page)
{
	return BASE + page * PAGE;
}

static void must(int error)
{
	if (error)
		errx(1, "no memory");
}

/* One page more on top, and gone again. */
static void grow_up(struct intervals *set, uint64_t ranges, uint64_t turn)
{
	must(intervals_fill(set, address(0), address(ranges + 1), 1 + turn % 2));
	must(intervals_clear(set, address(ranges), address(ranges + 1)));
}

static void grow_down(struct intervals *set, uint64_t ranges, uint64_t turn)
{
	must(intervals_fill(set, address(0) - PAGE, address(ranges), 1 + turn % 2));
	must(intervals_clear(set, address(0) - PAGE, address(0)));
}

/* Between two pages that are mapped there is one that is not. */
static void map_anywhere(struct intervals *set, uint64_t ranges, uint64_t turn)
{
	uint64_t page = 2 * (turn * 2654435761 % ranges);

	must(intervals_clear(set, address(page), address(page + 1)));
	must(intervals_fill(set, address(page), address(page + 1), 1 + turn % 7));
}

/* The whole, and one more cut below all others; as many as there are ranges, then anew. */
static void cut_down(struct intervals *set, uint64_t ranges, uint64_t turn)
{
	uint64_t page = 2 * (ranges - turn % ranges);

	if (page == 2 * ranges)
		must(intervals_set(set, address(0), address(page + 1), 1));
	must(intervals_clear(set, address(page - 1), address(page)));
	must(intervals_fill(set, address(page), address(page + 1), 1));
}

static const struct load {
	const char *name;
	void (*change)(struct intervals *set, uint64_t ranges, uint64_t turn); /* two of them */
	uint64_t stride;
} loads[] = {
	{"up", grow_up, 1},
	{"down", grow_down, 1},
	{"anywhere", map_anywhere, 2},
	{"cut", cut_down, 2},
};

static double changes_a_second(const struct load *load, uint64_t ranges)
{
	_cleanup_(intervals_release) struct intervals set = {0};
	uint64_t begin_ns, spent_ns = 0, turn = 0;

	for (uint64_t i = 0; i < ranges; i++) {
		uint64_t page = i * load->stride;

		must(intervals_set(&set, address(page), address(page + 1), 3 + i % 2));
	}
	begin_ns = clock_monotonic_ns();
	while (spent_ns < LEAST_NS) {
		load->change(&set, ranges, turn++);
		spent_ns = clock_monotonic_ns() - begin_ns;
	}
	return 2e9 * (double)turn / (double)spent_ns;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		uint64_t ranges = strtoull(argv[i], NULL, 0);

		for (size_t j = 0; j < sizeof(loads) / sizeof(loads[0]) && ranges; j++)
			printf("%8" PRIu64 " ranges, %-8s %10.0f changes a second\n", ranges,
			       loads[j].name, changes_a_second(&loads[j], ranges));
	}
	return 0;
}
