// SPDX-License-Identifier: GPL-2.0-or-later
/* When a warning is due: once for each percent, and again when there was relief in between. */
#include "test.h"

#include "capture/warnings.h"

static const struct warn_percents percents = {.count = 3, .items = {90, 70, 80}};

/* What is crossed at each of these fillings, of a limit of 1000. */
static void expect_crossed(const uint64_t *held, const uint32_t *expected, size_t count)
{
	uint32_t told = 0;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(warning_crossed(&percents, &told, held[i], 1000), expected[i]);
}

#define EXPECT(held, expected)                                                    \
	do {                                                                      \
		_Static_assert(sizeof(held) / sizeof((held)[0]) ==                \
				       sizeof(expected) / sizeof((expected)[0]),  \
			       "one for each");                                   \
		expect_crossed(held, expected, sizeof(held) / sizeof((held)[0])); \
	} while (0)

static void test_each_percent_is_told_once(void **state)
{
	static const uint64_t held[] = {0, 699, 700, 710, 799, 800, 850, 900, 999, 1000};
	static const uint32_t expected[] = {0, 0, 70, 0, 0, 80, 0, 90, 0, 0};

	(void)state;
	EXPECT(held, expected);
}

static void test_a_jump_over_several_is_told_as_the_highest(void **state)
{
	static const uint64_t held[] = {100, 950, 950, 740, 810};
	static const uint32_t expected[] = {0, 90, 0, 0, 80};

	(void)state;
	EXPECT(held, expected);
}

static void test_to_and_fro_around_a_percent_is_one_crossing(void **state)
{
	static const uint64_t held[] = {700, 690, 705, 651, 720, 650, 699, 701};
	static const uint32_t expected[] = {70, 0, 0, 0, 0, 0, 0, 70};

	(void)state;
	EXPECT(held, expected);
}

static void test_without_a_limit_nothing_is_crossed(void **state)
{
	uint32_t told = 0;

	(void)state;
	assert_int_equal(warning_crossed(&percents, &told, UINT64_MAX, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_percent_is_told_once),
		cmocka_unit_test(test_a_jump_over_several_is_told_as_the_highest),
		cmocka_unit_test(test_to_and_fro_around_a_percent_is_one_crossing),
		cmocka_unit_test(test_without_a_limit_nothing_is_crossed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
