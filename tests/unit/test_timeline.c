// SPDX-License-Identifier: GPL-2.0-or-later
/* Curves of what processes held: a point where it changed, fine at the end, bounded. */
#include "test.h"

#include <stdbool.h>
#include <string.h>

#include "capture/timeline.h"

#define SECOND UINT64_C(1000000000)
#define ACCOUNTS 400

static struct ot_account accounts[ACCOUNTS];
static struct ledger ledger = {.accounts = accounts, .account_count = ACCOUNTS};

static void set_account(uint32_t number, uint64_t life, uint32_t anon_slots)
{
	accounts[number] = (struct ot_account){.life = life, .in_use = 1};
	accounts[number].live[OT_KIND_ANON] = anon_slots;
}

static int set_up(void **state)
{
	static struct timeline timeline;

	memset(accounts, 0, sizeof(accounts));
	*state = &timeline;
	return timeline_init(&timeline, &ledger);
}

static int tear_down(void **state)
{
	timeline_release(*state);
	return 0;
}

static void test_a_point_where_it_changed_and_one_now_and_then_where_it_did_not(void **state)
{
	const struct curve *curve;

	set_account(5, 55, 1000);
	for (uint64_t second = 1; second <= 20; second++) {
		if (second == 4)
			accounts[5].live[OT_KIND_ANON] = 1100;
		timeline_look(*state, &ledger, second * SECOND);
	}
	curve = timeline_find(*state, 55);
	assert_non_null(curve);
	/* at 1, at 4 for the change, and at 14 because nothing did */
	assert_int_equal(curve->count, 3);
	assert_int_equal(curve->points[1].time_ns, 4 * SECOND);
	assert_int_equal(curve->points[1].values[KIND_ANON], 1100);
	assert_int_equal(curve->points[2].time_ns, 14 * SECOND);
}

static void test_ten_minutes_are_fine_and_hours_are_coarse(void **state)
{
	const struct curve *curve;
	uint64_t end = 4 * 3600;

	set_account(5, 55, 100);
	for (uint64_t second = 1; second <= end; second++) {
		accounts[5].live[OT_KIND_ANON] = second % 2 ? 100 : 200;
		timeline_look(*state, &ledger, second * SECOND);
	}
	curve = timeline_find(*state, 55);
	assert_true(curve->count <= CURVE_POINTS);
	/* the first point is kept for good, ten minutes are a second apart, hours at most half of
	 * one */
	assert_int_equal(curve->points[0].time_ns, SECOND);
	assert_int_equal(curve->points[curve->count - 1].time_ns, end * SECOND);
	assert_int_equal(curve->points[curve->count - 600].time_ns, (end - 599) * SECOND);
	for (uint32_t i = 1; i < curve->count; i++) {
		assert_true(curve->points[i].time_ns > curve->points[i - 1].time_ns);
		assert_true(curve->points[i].time_ns - curve->points[i - 1].time_ns <
			    1800 * SECOND);
	}
}

static struct ot_curve_record told(uint32_t number, uint64_t life, uint32_t anon_slots,
				   uint64_t time_ns)
{
	struct ot_curve_record record = {.account = number, .life = life, .time_ns = time_ns};

	record.live[OT_KIND_ANON] = anon_slots;
	return record;
}

static void test_whoever_eats_in_half_a_second_has_all_points_it_told(void **state)
{
	const struct curve *curve;
	uint32_t slots = 100;

	set_account(5, 55, slots);
	timeline_look(*state, &ledger, SECOND);
	for (uint32_t step = 1; step <= 100; step++) {
		struct ot_curve_record record =
			told(5, 55, slots += slots / 32, SECOND + step * SECOND / 200);

		timeline_take(*state, &ledger, &record);
	}
	curve = timeline_find(*state, 55);
	assert_int_equal(curve->count, 101);
	assert_int_equal(curve->points[100].values[KIND_ANON], slots);
	/* told by a life that the account does not have any more, or before the last look */
	timeline_take(*state, &ledger, &(struct ot_curve_record){.account = 5, .life = 54});
	accounts[5].live[OT_KIND_ANON] = 2 * slots;
	timeline_look(*state, &ledger, 3 * SECOND);
	timeline_take(*state, &ledger,
		      &(struct ot_curve_record){.account = 5, .life = 55, .time_ns = 2 * SECOND});
	assert_int_equal(curve->count, 102);
}

static void test_ten_minutes_stay_fine_when_somebody_churns(void **state)
{
	const struct curve *curve;
	uint32_t last_minutes = 0;

	set_account(5, 55, 100);
	for (uint64_t tick = 1; tick <= 20 * 900; tick++) {
		struct ot_curve_record record =
			told(5, 55, tick % 2 ? 100 : 1000, tick * SECOND / 20);

		timeline_take(*state, &ledger, &record);
	}
	curve = timeline_find(*state, 55);
	for (uint32_t i = 1; i < curve->count; i++) {
		uint64_t age_ns = 900 * SECOND - curve->points[i].time_ns;

		if (age_ns > 590 * SECOND)
			continue;
		last_minutes++;
		assert_true(curve->points[i].time_ns - curve->points[i - 1].time_ns < 2 * SECOND);
	}
	assert_true(last_minutes > 400);
}

static void test_a_killed_process_does_not_shrink(void **state)
{
	set_account(5, 55, 1000);
	timeline_look(*state, &ledger, SECOND);
	accounts[5].frozen_ns = SECOND + 1;
	accounts[5].live[OT_KIND_ANON] = 0;
	timeline_look(*state, &ledger, 2 * SECOND);
	assert_int_equal(timeline_find(*state, 55)->count, 1);
}

static void test_an_account_that_is_used_again_has_a_curve_of_its_own(void **state)
{
	set_account(5, 55, 1000);
	timeline_look(*state, &ledger, SECOND);
	set_account(5, 56, 500);
	timeline_look(*state, &ledger, 2 * SECOND);
	assert_int_equal(timeline_find(*state, 56)->count, 1);
	assert_int_equal(timeline_find(*state, 56)->points[0].values[KIND_ANON], 500);
}

static void test_the_largest_have_the_curves(void **state)
{
	for (uint32_t i = 10; i < 10 + TIMELINE_CURVES; i++)
		set_account(i, 1000 + i, 100 + i);
	timeline_look(*state, &ledger, SECOND);
	set_account(300, 3000, 50);
	set_account(301, 3001, 5000);
	timeline_look(*state, &ledger, 2 * SECOND);
	assert_null(timeline_find(*state, 3000));
	assert_non_null(timeline_find(*state, 3001));
	/* it took the place of whoever held the least */
	assert_null(timeline_find(*state, 1010));
}

static void test_nobody_takes_the_curve_of_a_killed_process(void **state)
{
	for (uint32_t i = 10; i < 10 + TIMELINE_CURVES; i++)
		set_account(i, 1000 + i, 100 + i);
	timeline_look(*state, &ledger, SECOND);
	accounts[10].frozen_ns = SECOND + 1;
	accounts[10].live[OT_KIND_ANON] = 0;
	set_account(301, 3001, 5000);
	timeline_look(*state, &ledger, 2 * SECOND);
	assert_non_null(timeline_find(*state, 1010));
	assert_null(timeline_find(*state, 1011));
}

static void test_small_ones_have_none(void **state)
{
	set_account(5, 55, 3);
	timeline_look(*state, &ledger, SECOND);
	assert_null(timeline_find(*state, 55));
	assert_null(timeline_find(*state, 0));
}

static void test_a_counter_below_nothing_is_none(void **state)
{
	set_account(5, 55, 100);
	accounts[5].live[OT_KIND_FILE] = (uint32_t)-2;
	timeline_look(*state, &ledger, SECOND);
	assert_int_equal(timeline_find(*state, 55)->points[0].values[KIND_FILE], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_point_where_it_changed_and_one_now_and_then_where_it_did_not),
		TEST(test_ten_minutes_are_fine_and_hours_are_coarse),
		TEST(test_whoever_eats_in_half_a_second_has_all_points_it_told),
		TEST(test_ten_minutes_stay_fine_when_somebody_churns),
		TEST(test_a_killed_process_does_not_shrink),
		TEST(test_an_account_that_is_used_again_has_a_curve_of_its_own),
		TEST(test_the_largest_have_the_curves),
		TEST(test_nobody_takes_the_curve_of_a_killed_process),
		TEST(test_small_ones_have_none),
		TEST(test_a_counter_below_nothing_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
