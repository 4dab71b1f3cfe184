// SPDX-License-Identifier: GPL-2.0-or-later
/* From slots to bytes, and the bound of the error. */
#include "test.h"

#include "model/estimate.h"

static void test_a_period_of_one_is_exact(void **state)
{
	const struct estimate exact = {.period_pages = 1, .page_size_bytes = 4096};

	(void)state;
	assert_int_equal(estimate_bytes(&exact, 1000), 1000 * 4096);
	assert_int_equal(estimate_error_bytes(&exact, 1000), 0);
}

static void test_the_bound_is_two_sigma_and_a_slot(void **state)
{
	const struct estimate sampled = {.period_pages = 16, .page_size_bytes = 4096};

	(void)state;
	assert_int_equal(estimate_error_bytes(&sampled, 0), 16 * 4096);
	assert_int_equal(estimate_error_bytes(&sampled, 4), (2 * 2 + 1) * 16 * 4096);
	assert_int_equal(estimate_error_bytes(&sampled, 10000), (2 * 100 + 1) * 16 * 4096);
}

/* 200 binomial draws: no more than one in twelve may miss a bound that is meant for one in 20. */
static void test_the_bound_holds_for_sampled_pages(void **state)
{
	const struct estimate sampled = {.period_pages = 16, .page_size_bytes = 4096};
	const uint64_t pages = 20000;
	uint64_t random = 88172645463325252ULL;
	int missed = 0;

	(void)state;
	for (int draw = 0; draw < 200; draw++) {
		uint64_t slots = 0, bytes, difference;

		for (uint64_t page = 0; page < pages; page++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			slots += random % 16 == 0;
		}
		bytes = estimate_bytes(&sampled, slots);
		difference = bytes > pages * 4096 ? bytes - pages * 4096 : pages * 4096 - bytes;
		missed += difference > estimate_error_bytes(&sampled, slots);
	}
	assert_true(missed <= 200 / 12);
}

static void test_sums_stay_below_two_to_the_63(void **state)
{
	const struct estimate coarse = {.period_pages = 512, .page_size_bytes = 65536};

	(void)state;
	assert_int_equal(estimate_bytes(&coarse, UINT64_MAX), INT64_MAX);
	assert_int_equal(estimate_error_bytes(&coarse, UINT64_MAX) <= INT64_MAX, 1);
	assert_int_equal(estimate_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(estimate_add(UINT64_MAX, UINT64_MAX), INT64_MAX);
}

static void test_what_stayed_is_in_no_change(void **state)
{
	(void)state;
	assert_int_equal(estimate_changed_slots(100, 100, 0), 0);
	assert_int_equal(estimate_changed_slots(100, 400, 300), 300);
	assert_int_equal(estimate_changed_slots(300, 100, 0), 200);
	/* 20 came, so 220 went; 350 came, so 50 went */
	assert_int_equal(estimate_changed_slots(300, 100, 20), 240);
	assert_int_equal(estimate_changed_slots(100, 400, 350), 400);
	/* never more than all of both, whatever the turnover */
	assert_int_equal(estimate_changed_slots(100, 400, 100000), 500);
	/* more came than was allocated: inherited, or moved */
	assert_int_equal(estimate_changed_slots(100, 400, 10), 500);
	assert_int_equal(estimate_changed_slots(0, 400, 0), 400);
	assert_int_equal(estimate_changed_slots(UINT64_MAX, UINT64_MAX, UINT64_MAX), INT64_MAX);
}

static void test_signed_sums_saturate(void **state)
{
	(void)state;
	assert_int_equal(estimate_add_signed(5, -7), -2);
	assert_int_equal(estimate_add_signed(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(estimate_add_signed(-INT64_MAX, -1), -INT64_MAX);
	assert_int_equal(estimate_add_signed(-INT64_MAX, -INT64_MAX), -INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_stayed_is_in_no_change),
		cmocka_unit_test(test_signed_sums_saturate),
		cmocka_unit_test(test_a_period_of_one_is_exact),
		cmocka_unit_test(test_the_bound_is_two_sigma_and_a_slot),
		cmocka_unit_test(test_the_bound_holds_for_sampled_pages),
		cmocka_unit_test(test_sums_stay_below_two_to_the_63),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
