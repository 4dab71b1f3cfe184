// SPDX-License-Identifier: GPL-2.0-or-later
/* How near a limit is and when it is met, from events on. */
#include "test.h"

#include "model/growth_builder.h"

#define MIB(count) ((uint64_t)(count) << 20)
#define SECOND_NS 1000000000ULL

static struct growth_builder *builder;

static int set_up(void **state)
{
	(void)state;
	return growth_builder_new(&builder);
}

static int tear_down(void **state)
{
	(void)state;
	growth_builder_free(builder);
	return 0;
}

static void add(struct event event)
{
	assert_int_equal(growth_builder_add(builder, &event), 0);
}

static void begin(void)
{
	add((struct event){.type = EVENT_SESSION,
			   .session = {.period_pages = 16, .page_size_bytes = 4096}});
}

static void declare(uint32_t level, const char *path)
{
	add((struct event){.type = EVENT_LEVEL, .level = {.index = level, .path = path}});
}

static void charge(uint32_t level, uint64_t seconds, uint64_t held_mib, uint64_t limit_mib)
{
	add((struct event){.type = EVENT_CHARGE,
			   .charge = {.time_ns = seconds * SECOND_NS,
				      .level = level,
				      .held_bytes = MIB(held_mib),
				      .usage_bytes = MIB(held_mib + 10),
				      .limit_bytes = MIB(limit_mib)}});
}

static struct growth *finish(void)
{
	const struct growth_options options = {0};
	struct growth *growth = NULL;

	assert_int_equal(growth_builder_finish(builder, &options, &growth), 0);
	return growth;
}

static void test_a_steady_leak_is_told_when_it_meets_the_nearest_limit(void **state)
{
	_cleanup_(growth_freep) struct growth *growth = NULL;

	(void)state;
	begin();
	declare(0, "/a/b");
	declare(1, "/a");
	for (uint64_t i = 0; i <= 60; i++) {
		charge(0, i, 100 + 2 * i, 1000);
		charge(1, i, 200 + 2 * i, 400);
	}
	growth = finish();
	assert_true(growth->limit.known);
	assert_string_equal(growth->limit.path, "/a");
	assert_int_equal(growth->limit.held_bytes, MIB(320));
	assert_int_equal((int)growth->limit.percent, 80);
	assert_int_equal(growth->limit.trend.shape, TREND_RISING);
	assert_int_equal((int)(growth->limit.bytes_per_second / MIB(1) + 0.5), 2);
	assert_true(growth->limit.forecast_known);
	/* 80 MiB at 2 MiB/s; the bounds are no narrower than is worth telling */
	assert_true(growth->limit.forecast.low_seconds < 39);
	assert_true(growth->limit.forecast.high_seconds > 41);
	assert_int_equal((int)(growth->limit.forecast.seconds + 0.5), 40);
}

static void test_a_plateau_and_a_sawtooth_have_no_forecast(void **state)
{
	(void)state;
	begin();
	declare(0, "/a");
	for (uint64_t i = 0; i < 60; i++)
		charge(0, i, i < 10 ? 10 * i : 100 + i % 5, 200);
	{
		_cleanup_(growth_freep) struct growth *growth = finish();

		assert_true(growth->limit.known);
		assert_false(growth->limit.forecast_known);
		assert_true(growth->limit.rate_known);
	}
}

static void test_what_nobody_declared_and_nobody_limits_is_not_told(void **state)
{
	_cleanup_(growth_freep) struct growth *growth = NULL;

	(void)state;
	begin();
	charge(3, 1, 10, 20);
	declare(0, "/a");
	growth = finish();
	assert_false(growth->limit.known);
}

static void test_more_points_than_are_kept_are_thinned_and_stay_in_order(void **state)
{
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct event before = {.type = EVENT_CHARGE,
				     .charge = {.time_ns = 1, .limit_bytes = MIB(1)}};

	(void)state;
	begin();
	declare(0, "/a");
	for (uint64_t i = 1; i <= 20000; i++)
		charge(0, i, 100 + i, 100000);
	assert_int_equal(growth_builder_add(builder, &before), -EBADMSG);
	growth = finish();
	assert_int_equal(growth->limit.trend.shape, TREND_RISING);
	assert_int_equal((int)(growth->limit.bytes_per_second / MIB(1) + 0.5), 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_a_steady_leak_is_told_when_it_meets_the_nearest_limit),
		CASE(test_a_plateau_and_a_sawtooth_have_no_forecast),
		CASE(test_what_nobody_declared_and_nobody_limits_is_not_told),
		CASE(test_more_points_than_are_kept_are_thinned_and_stay_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
