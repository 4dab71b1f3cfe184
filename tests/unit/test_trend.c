// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trends of curves whose future is known: each is made to its end, a part of it is shown, and what
 * is forecast is held against the rest.
 */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/trend.h"

#define MIB (1024.0 * 1024.0)
#define LIMIT (512 * MIB)
#define SEEDS 200
/* a curve has one point a second */
#define CURVE_SECONDS 3600

struct curve {
	const char *name;
	/* bytes at second t; `random` is uniform in [0, 1), `p` the curve's own random number */
	double (*at)(double t, double random, double p);
};

/* --- curves --------------------------------------------------------------------------------- */

static double steady_leak(double t, double random, double p)
{
	return (60 + t * (0.15 + p) + 6 * random) * MIB;
}

static double step_leak(double t, double random, double p)
{
	return (60 + floor(t / 20) * (4 + 8 * p) + 2 * random) * MIB;
}

static double request_leak(double t, double random, double p)
{
	return (80 + t * (0.2 + 0.4 * p) + 8 * fabs(sin(t / 9)) + 5 * random) * MIB;
}

/* The live heap leaks slowly below the teeth of a garbage collector. */
static double sawtooth_leak(double t, double random, double p)
{
	double period = 6 + 10 * p;

	return (50 + t * 0.25 + 60 * fmod(t, period) / period + 3 * random) * MIB;
}

static double sawtooth(double t, double random, double p)
{
	double period = 5 + 20 * p;

	return (60 + 120 * fmod(t, period) / period + 4 * random) * MIB;
}

static double plateau(double t, double random, double p)
{
	double start = 20 + 60 * p;

	return (40 + 200 * (t < start ? t / start : 1) + 3 * random) * MIB;
}

/* Fills its cache ever more slowly. */
static double saturating(double t, double random, double p)
{
	return (40 + 260 * (1 - exp(-t / (15 + 25 * p))) + 2 * random) * MIB;
}

static double steady(double t, double random, double p)
{
	(void)t;
	return (100 + 200 * p + 5 * random) * MIB;
}

static double daily_wave(double t, double random, double p)
{
	return (150 + 40 * sin(t / (12 + 6 * p)) + 4 * random) * MIB;
}

static double recovers(double t, double random, double p)
{
	double burst = 60 + 120 * p;

	return (90 + (t > burst && t < burst + 30 ? 180 : 0) + 4 * random) * MIB;
}

/* --- what is made of them ------------------------------------------------------------------- */

static unsigned int seed;

static double uniform(void)
{
	return rand_r(&seed) / (RAND_MAX + 1.0);
}

/* Points of the first `seconds`; returns when the curve meets the limit, after that, or infinity.
 */
static double play(const struct curve *curve, int seconds, struct trend_point *points)
{
	double p = uniform();

	for (int t = 0; t < CURVE_SECONDS; t++) {
		double bytes = curve->at(t, uniform(), p);

		if (t < seconds)
			points[t] = (struct trend_point){(uint64_t)t * 1000000000, (uint64_t)bytes};
		else if (bytes >= LIMIT)
			return t - (seconds - 1);
	}
	return INFINITY;
}

static void test_the_true_time_lies_in_the_band_of_nine_in_ten_forecasts(void **state)
{
	static const struct curve leaks[] = {{"steady leak", steady_leak},
					     {"step leak", step_leak},
					     {"request leak", request_leak},
					     {"leak below a sawtooth", sawtooth_leak}};

	(void)state;
	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++) {
		int told = 0, right = 0;

		seed = 1;
		for (int n = 0; n < SEEDS; n++) {
			struct trend_point points[240];
			struct trend trend;
			struct trend_forecast forecast;
			double truth = play(&leaks[i], 240, points);

			assert_int_equal(trend_fit(points, 240, &trend), 0);
			if (points[239].bytes >= LIMIT || isinf(truth) ||
			    !trend_forecast(&trend, (uint64_t)LIMIT, &forecast))
				continue;
			told++;
			assert_true(forecast.low_seconds <= forecast.seconds);
			assert_true(forecast.seconds <= forecast.high_seconds);
			right += truth >= forecast.low_seconds - 1 &&
				 truth <= forecast.high_seconds + 1;
		}
		print_message("%s: %d forecasts, %d right\n", leaks[i].name, told, right);
		assert_true(told >= SEEDS / 3);
		assert_true(right >= 0.9 * told);
	}
}

static void test_nothing_is_forecast_of_what_does_not_rise_for_good(void **state)
{
	static const struct curve calm[] = {
		{"sawtooth", sawtooth}, {"plateau", plateau},       {"saturating", saturating},
		{"steady", steady},     {"daily wave", daily_wave}, {"recovers", recovers},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(calm) / sizeof(calm[0]); i++) {
		int told = 0;

		seed = 1;
		for (int n = 0; n < SEEDS; n++) {
			struct trend_point points[240];
			struct trend trend;
			struct trend_forecast forecast;

			play(&calm[i], 240, points);
			assert_int_equal(trend_fit(points, 240, &trend), 0);
			told += trend_forecast(&trend, (uint64_t)LIMIT, &forecast);
		}
		print_message("%s: %d of %d forecast\n", calm[i].name, told, SEEDS);
		assert_int_equal(told, 0);
	}
}

static void expect_shape(const struct trend_point *points, size_t count, enum trend_shape shape)
{
	struct trend trend;

	assert_int_equal(trend_fit(points, count, &trend), 0);
	assert_string_equal(trend_shape_name(trend.shape), trend_shape_name(shape));
}

static void test_a_jump_at_the_end_is_a_spike_not_a_leak(void **state)
{
	struct trend_point points[60];

	(void)state;
	for (int i = 0; i < 60; i++)
		points[i] = (struct trend_point){
			(uint64_t)i * 1000000000,
			(uint64_t)((100 + (i > 56 ? 120 * (i - 56) : 0)) * MIB)};
	expect_shape(points, 60, TREND_SPIKE);
}

static void test_too_little_is_unknown(void **state)
{
	const struct trend_point points[] = {{0, 1000}, {1000000000, 1010}, {2000000000, 1020}};
	const struct trend_point at_once[8] = {{0, 1}, {0, 2}, {0, 3}, {0, 4}};

	(void)state;
	expect_shape(NULL, 0, TREND_UNKNOWN);
	expect_shape(points, 3, TREND_UNKNOWN);
	expect_shape(at_once, 8, TREND_UNKNOWN);
}

static void test_what_falls_is_falling(void **state)
{
	struct trend_point points[60];

	(void)state;
	for (int i = 0; i < 60; i++)
		points[i] = (struct trend_point){(uint64_t)i * 1000000000,
						 (uint64_t)((400 - 4 * i) * MIB)};
	expect_shape(points, 60, TREND_FALLING);
}

static void test_points_need_not_be_evenly_spaced(void **state)
{
	/* fine at the end, thinned before: as the timeline of an incident is */
	struct trend_point points[64];
	struct trend trend;
	uint64_t at_ns = 0, step_ns = 64000000000;

	(void)state;
	for (int i = 0; i < 64; i++) {
		points[i] = (struct trend_point){at_ns,
						 (uint64_t)(100 * MIB + at_ns / 1e9 * 0.1 * MIB)};
		at_ns += step_ns;
		if (i % 8 == 7)
			step_ns /= 2;
	}
	assert_int_equal(trend_fit(points, 64, &trend), 0);
	/* all later windows are in the last eighth: too few had a point, and it says so */
	assert_true(trend.shape == TREND_RISING || trend.shape == TREND_UNKNOWN);
	if (trend.shape == TREND_RISING)
		assert_true(fabs(trend.bytes_per_second - 0.1 * MIB) < 0.01 * MIB);
}

/* Two MiB a second for as long as it rises, give or take one. */
static bool is_forecast(int rise_seconds, int stopped_seconds)
{
	struct trend_point points[240];
	int count = rise_seconds + stopped_seconds + 1;
	struct trend trend;
	struct trend_forecast forecast;

	for (int t = 0; t < count; t++)
		points[t] = (struct trend_point){
			(uint64_t)t * 1000000000,
			(uint64_t)((60 + 2 * fmin(t, rise_seconds) + 2 * uniform()) * MIB)};
	assert_int_equal(trend_fit(points, (size_t)count, &trend), 0);
	return trend_forecast(&trend, (uint64_t)LIMIT, &forecast);
}

static void test_what_has_stopped_is_not_forecast_for_long(void **state)
{
	(void)state;
	seed = 1;
	for (int rise = 24; rise <= 192; rise *= 2) {
		int rising = 0, stopped = 0;

		for (int n = 0; n < SEEDS; n++) {
			rising += is_forecast(rise, 0);
			stopped += is_forecast(rise, 6);
		}
		print_message("risen for %d s: %d forecasts, %d of them 6 s after the end\n", rise,
			      rising, stopped);
		assert_true(rising >= 0.95 * SEEDS);
		assert_true(stopped <= 0.05 * SEEDS);
	}
}

static void test_why_what_rises_has_no_forecast(void **state)
{
	const struct trend soon = {.shape = TREND_RISING, .seconds = 19};
	const struct trend uneven = {.shape = TREND_RISING,
				     .seconds = 60,
				     .low_bytes_per_second = 1,
				     .high_bytes_per_second = 5};
	const struct trend unsure = {
		.shape = TREND_RISING, .seconds = 60, .high_bytes_per_second = 5};
	const struct trend even = {.shape = TREND_RISING,
				   .seconds = 60,
				   .bytes_per_second = 1.5,
				   .low_bytes_per_second = 1,
				   .high_bytes_per_second = 2};
	const struct trend paused = {.shape = TREND_RISING,
				     .seconds = 60,
				     .low_bytes_per_second = 1,
				     .high_bytes_per_second = 2,
				     .paused = true};
	struct trend_forecast forecast;

	(void)state;
	assert_int_equal(trend_silence(&paused), TREND_PAUSED);
	assert_int_equal(trend_silence(&soon), TREND_TOO_SHORT);
	assert_int_equal(trend_silence(&uneven), TREND_TOO_UNEVEN);
	assert_int_equal(trend_silence(&unsure), TREND_TOO_UNEVEN);
	assert_int_equal(trend_silence(&even), TREND_TOO_SLOW);
	assert_false(trend_forecast(&soon, 1000, &forecast));
	assert_false(trend_forecast(&uneven, 1000, &forecast));
	assert_true(trend_forecast(&even, 60, &forecast));
	assert_false(trend_forecast(&even, 1000000, &forecast));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_true_time_lies_in_the_band_of_nine_in_ten_forecasts),
		cmocka_unit_test(test_what_has_stopped_is_not_forecast_for_long),
		cmocka_unit_test(test_why_what_rises_has_no_forecast),
		cmocka_unit_test(test_nothing_is_forecast_of_what_does_not_rise_for_good),
		cmocka_unit_test(test_a_jump_at_the_end_is_a_spike_not_a_leak),
		cmocka_unit_test(test_too_little_is_unknown),
		cmocka_unit_test(test_what_falls_is_falling),
		cmocka_unit_test(test_points_need_not_be_evenly_spaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
