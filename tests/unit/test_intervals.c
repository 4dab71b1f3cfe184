// SPDX-License-Identifier: GPL-2.0-or-later
/* Address ranges and their owners, held against an array with one owner for each page. */
#include "test.h"

#include <stdbool.h>
#include <string.h>

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
	for (size_t i = 0; i < set->count; i++) {
		const struct interval *interval = &set->items[i];

		assert_true(interval->start < interval->end);
		if (i == 0)
			continue;
		assert_true(interval[-1].end <= interval->start);
		assert_false(interval[-1].end == interval->start &&
			     interval[-1].owner == interval->owner);
	}
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
	assert_int_equal(set.items[0].start, PAGE);
	assert_int_equal(set.items[0].end, UINT64_MAX - PAGE);
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

/* Beyond the limit a change is refused whole, and what there is stays usable. */
static void test_a_full_set_refuses_and_stays(void **state)
{
	_cleanup_(intervals_release) struct intervals set = {0};

	(void)state;
	for (uint64_t i = 0; i < INTERVALS_MAX; i++)
		assert_int_equal(intervals_set(&set, 2 * i * PAGE, (2 * i + 1) * PAGE, 1), 0);
	assert_int_equal(intervals_set(&set, 2ULL * INTERVALS_MAX * PAGE,
				       (2ULL * INTERVALS_MAX + 1) * PAGE, 1),
			 -ENOMEM);
	assert_int_equal(set.count, INTERVALS_MAX);
	assert_int_equal(set.total_bytes, INTERVALS_MAX * PAGE);
	assert_int_equal(intervals_clear(&set, 0, 2 * PAGE), 0);
	assert_int_equal(set.count, INTERVALS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_changes_equal_an_array_of_pages),
		cmocka_unit_test(test_the_ends_of_the_address_space_belong_to_it),
		cmocka_unit_test(test_an_empty_range_changes_nothing),
		cmocka_unit_test(test_a_full_set_refuses_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
