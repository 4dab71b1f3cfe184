// SPDX-License-Identifier: GPL-2.0-or-later
/* Address ranges and their owners, held against an array with one owner for each page. */
#include "test.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/intervals.h"

#define PAGES 512
#define PAGE 4096ULL
#define BASE 0x7f0000000000ULL
#define NOBODY 0
#define OWNERS 4 /* 1 to 4: few, so that neighbours often are one range */

/* What a set should be, in the simplest way: the owner of each page. */
struct naive {
	uint32_t owner[PAGES];
};

static uint64_t address(unsigned int page)
{
	return BASE + page * PAGE;
}

static void naive_set(struct naive *naive, unsigned int from, unsigned int to, uint32_t owner)
{
	for (unsigned int page = from; page < to; page++)
		naive->owner[page] = owner;
}

static void naive_fill(struct naive *naive, unsigned int from, unsigned int to, uint32_t owner)
{
	for (unsigned int page = from; page < to; page++)
		if (naive->owner[page] == NOBODY)
			naive->owner[page] = owner;
}

static uint64_t naive_covered(const struct naive *naive, unsigned int from, unsigned int to)
{
	uint64_t bytes = 0;

	for (unsigned int page = from; page < to; page++)
		bytes += naive->owner[page] != NOBODY ? PAGE : 0;
	return bytes;
}

static uint32_t owner_at(const struct intervals *set, uint64_t where)
{
	const struct interval *interval = intervals_after(set, where);

	return interval && interval->start <= where ? interval->owner : NOBODY;
}

static void assert_same(const struct intervals *set, const struct naive *naive)
{
	for (unsigned int page = 0; page < PAGES; page++)
		assert_int_equal(owner_at(set, address(page)), naive->owner[page]);
	assert_int_equal(set->total_bytes, naive_covered(naive, 0, PAGES));
}

/* In order, apart, never empty, and one range where neighbours have one owner. */
static void assert_tidy(const struct intervals *set)
{
	const struct interval *last = NULL;
	uint32_t count = 0;

	INTERVALS_EACH(interval, set) {
		assert_true(interval->start < interval->end);
		if (last)
			assert_true(last->end <= interval->start);
		if (last)
			assert_false(last->end == interval->start &&
				     last->owner == interval->owner);
		last = interval;
		count++;
	}
	assert_int_equal(set->count, count);
}

/* What belongs to somebody from a page on, as one range whose owner means nothing. */
static void assert_same_stretch(const struct intervals *set, const struct naive *naive,
				unsigned int page)
{
	struct interval stretch = intervals_stretch(set, address(page));

	while (page < PAGES && naive->owner[page] == NOBODY)
		page++;
	if (page == PAGES) {
		assert_int_equal(stretch.start, UINT64_MAX);
		assert_int_equal(stretch.end, UINT64_MAX);
		return;
	}
	assert_int_equal(stretch.start, address(page));
	while (page < PAGES && naive->owner[page] != NOBODY)
		page++;
	assert_int_equal(stretch.end, address(page));
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

static void step(struct intervals *set, struct naive *naive, uint64_t *random)
{
	unsigned int from = next_random(random) % (PAGES + 1);
	unsigned int length = next_random(random) % (next_random(random) % 8 ? 9 : PAGES);
	unsigned int to = from + length < PAGES ? from + length : PAGES;
	uint32_t owner = 1 + next_random(random) % OWNERS;

	assert_int_equal(intervals_covered(set, address(from), address(to)),
			 naive_covered(naive, from, to));
	switch (next_random(random) % 3) {
	case 0:
		assert_int_equal(intervals_set(set, address(from), address(to), owner), 0);
		naive_set(naive, from, to, owner);
		break;
	case 1:
		assert_int_equal(intervals_fill(set, address(from), address(to), owner), 0);
		naive_fill(naive, from, to, owner);
		break;
	default:
		assert_int_equal(intervals_clear(set, address(from), address(to)), 0);
		naive_set(naive, from, to, NOBODY);
	}
}

static void test_random_changes_equal_an_array_of_pages(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		_cleanup_(intervals_release) struct intervals set = {0};
		struct naive naive = {{0}};
		uint64_t random = seed;

		for (int i = 0; i < 2000; i++) {
			step(&set, &naive, &random);
			assert_same(&set, &naive);
			assert_tidy(&set);
			assert_same_stretch(&set, &naive, next_random(&random) % PAGES);
		}
	}
}

static void test_the_ends_of_the_address_space_belong_to_it(void **state)
{
	_cleanup_(intervals_release) struct intervals set = {0};

	(void)state;
	assert_int_equal(intervals_set(&set, 0, UINT64_MAX, 1), 0);
	assert_int_equal(set.total_bytes, UINT64_MAX);
	assert_int_equal(intervals_clear(&set, 0, PAGE), 0);
	assert_int_equal(intervals_clear(&set, UINT64_MAX - PAGE, UINT64_MAX), 0);
	assert_int_equal(set.count, 1);
	assert_int_equal(intervals_after(&set, 0)->start, PAGE);
	assert_int_equal(intervals_after(&set, 0)->end, UINT64_MAX - PAGE);
	assert_int_equal(intervals_clear(&set, 0, UINT64_MAX), 0);
	assert_int_equal(set.count, 0);
	assert_int_equal(set.total_bytes, 0);
}

static void test_an_empty_range_changes_nothing(void **state)
{
	_cleanup_(intervals_release) struct intervals set = {0};

	(void)state;
	assert_int_equal(intervals_set(&set, PAGE, PAGE, 1), 0);
	assert_int_equal(intervals_fill(&set, 2 * PAGE, PAGE, 1), 0);
	assert_int_equal(set.count, 0);
	assert_int_equal(intervals_set(&set, 0, 4 * PAGE, 1), 0);
	assert_int_equal(intervals_clear(&set, 2 * PAGE, 2 * PAGE), 0);
	assert_int_equal(set.count, 1);
	assert_int_equal(set.total_bytes, 4 * PAGE);
}

/* Where a change might pass the limit it is refused whole, and what there is stays usable. */
static void test_a_full_set_refuses_and_stays(void **state)
{
	_cleanup_(intervals_release) struct intervals set = {0};
	uint64_t page = 0;
	int error = 0;

	(void)state;
	for (; !error; page += 2)
		error = intervals_set(&set, page * PAGE, (page + 1) * PAGE, 1);
	assert_int_equal(error, -ENOSPC);
	assert_int_equal(set.count, INTERVALS_MAX - 1);
	assert_int_equal(set.total_bytes, (INTERVALS_MAX - 1) * PAGE);
	assert_int_equal(intervals_clear(&set, 0, PAGE), -ENOSPC);
	assert_int_equal(intervals_covered(&set, 0, 3 * PAGE), 2 * PAGE);
	assert_int_equal(intervals_covered(&set, 0, UINT64_MAX), (INTERVALS_MAX - 1) * PAGE);
}

/*
 * Two functions take turns at a mapping that grows, of which each record tells all: what is found
 * in a second would take minutes if each range of it were looked at.
 */
static void test_a_change_takes_no_look_at_all_ranges(void **state)
{
	_cleanup_(intervals_release) struct intervals set = {0};
	const uint64_t pages = 65536;
	clock_t begin = clock();

	(void)state;
	for (uint64_t page = 0; page < pages && (clock() - begin) / CLOCKS_PER_SEC < 10; page++)
		assert_int_equal(intervals_fill(&set, BASE, BASE + (page + 1) * PAGE, 1 + page % 2),
				 0);
	assert_int_equal(set.count, pages);
	assert_int_equal(set.total_bytes, pages * PAGE);
}

/* From above, each cut is of what all cuts before have left: that must not make the tree a list. */
static void test_cuts_from_above_leave_a_tree(void **state)
{
	_cleanup_(intervals_release) struct intervals set = {0};
	const uint64_t cuts = INTERVALS_MAX - 8;
	clock_t begin = clock();
	uint64_t cut = 0;

	(void)state;
	assert_int_equal(intervals_set(&set, BASE, BASE + (2 * cuts + 1) * PAGE, 1), 0);
	for (; cut < cuts && (clock() - begin) / CLOCKS_PER_SEC < 10; cut++)
		assert_int_equal(intervals_clear(&set, BASE + (2 * (cuts - cut) - 1) * PAGE,
						 BASE + 2 * (cuts - cut) * PAGE),
				 0);
	assert_int_equal(cut, cuts);
	assert_int_equal(set.count, cuts + 1);
	assert_int_equal(set.total_bytes, (cuts + 1) * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_changes_equal_an_array_of_pages),
		cmocka_unit_test(test_the_ends_of_the_address_space_belong_to_it),
		cmocka_unit_test(test_an_empty_range_changes_nothing),
		cmocka_unit_test(test_a_full_set_refuses_and_stays),
		cmocka_unit_test(test_a_change_takes_no_look_at_all_ranges),
		cmocka_unit_test(test_cuts_from_above_leave_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
