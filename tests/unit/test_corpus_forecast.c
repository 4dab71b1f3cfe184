// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Forecasts on the curves of real kills, as warnings make them: a point a second of what is charged
 * and cannot be reclaimed, at most 128 of them, every second one going when there are more; asked
 * when half, 70, 80 and 90 % of the limit are passed. The truth is the time from there until the
 * limit is met, or the kill. Of what is never killed each second is asked. With OOMTRACE_FORECASTS
 * in the environment each case is printed, and the table of docs/verdicts.md.
 */
#include "corpus.h"

#include <inttypes.h>

/* WARNING_POINTS of capture/warnings.h. */
#define POINTS_MAX 128
#define SECONDS_MAX 512
/*
 * The limit is met, within a page cache of a few executables: from there on the kernel reclaims,
 * for a minute sometimes (redis), and that is nobody's forecast.
 */
#define MET_SHARE 0.99

static const unsigned int percents[] = {50, 70, 80, 90};

#define PERCENTS (sizeof(percents) / sizeof(percents[0]))

enum outcome { RIGHT, EARLY, LATE, SILENT, OUTCOMES };

struct tally {
	int outcomes[OUTCOMES];
};

static struct tally tallies[2][PERCENTS]; /* held out?, at which percent */

/* --- curves --------------------------------------------------------------------------------- */

/* What was charged and could not be reclaimed, about each second; when the
 * limit was met, and when the kill was, or 0. */
struct charges {
	struct trend_point points[SECONDS_MAX];
	size_t count;
	uint64_t met_ns, killed_ns;
};

static struct charges read_charges(const struct scenario *scenario)
{
	struct charges charges = {.count = 0};
	char path[128], line[64], word[24];
	_cleanup_fclose_ FILE *stream = NULL;
	uint64_t ms, bytes;

	snprintf(path, sizeof(path), CORPUS "%s.curve", scenario->name);
	stream = fopen(path, "re");
	if (!stream)
		fail_msg("no curve %s", path);
	while (fgets(line, sizeof(line), stream)) {
		assert_int_equal(sscanf(line, "%" SCNu64 " %23s", &ms, word), 2);
		if (strcmp(word, "killed") == 0) {
			charges.killed_ns = ms * 1000000;
			continue;
		}
		assert_true(charges.count < SECONDS_MAX);
		bytes = strtoull(word, NULL, 10);
		if (!charges.met_ns && (double)bytes >= MET_SHARE * (double)scenario->limit_bytes)
			charges.met_ns = ms * 1000000;
		charges.points[charges.count++] =
			(struct trend_point){.time_ns = ms * 1000000, .bytes = bytes};
	}
	assert_true(charges.count > 0);
	return charges;
}

/* --- forecasts ------------------------------------------------------------------------------ */

/* What a warning has of the first `count` points. */
static bool forecast_at(const struct trend_point *points, size_t count, uint64_t limit_bytes,
			struct trend_forecast *ret_forecast)
{
	struct trend_point kept[POINTS_MAX];
	struct trend trend;
	size_t have = 0;

	for (size_t i = 0; i < count; i++) {
		if (have == POINTS_MAX) {
			have /= 2;
			for (size_t j = 0; j < have; j++)
				kept[j] = kept[2 * j + 1];
		}
		kept[have++] = points[i];
	}
	assert_int_equal(trend_fit(kept, have, &trend), 0);
	return trend_forecast(&trend, limit_bytes, ret_forecast);
}

static enum outcome outcome_of(const struct trend_forecast *forecast, double truth_seconds)
{
	if (truth_seconds < forecast->low_seconds)
		return EARLY;
	return truth_seconds > forecast->high_seconds ? LATE : RIGHT;
}

static void ask(const struct scenario *scenario, const struct charges *charges, size_t which)
{
	static const char *const words[] = {"right", "it was earlier", "it was later", "silent"};
	uint64_t threshold_bytes = scenario->limit_bytes / 100 * percents[which];
	struct trend_forecast forecast = {0};
	enum outcome outcome = SILENT;
	double truth_seconds;
	size_t at = 0;

	while (at < charges->count && charges->points[at].bytes < threshold_bytes)
		at++;
	/* it was passed within the last second: nobody could have been warned */
	if (at == charges->count)
		return;
	truth_seconds = (double)((charges->met_ns ? charges->met_ns : charges->killed_ns) -
				 charges->points[at].time_ns) /
			1e9;
	if (forecast_at(charges->points, at + 1, scenario->limit_bytes, &forecast))
		outcome = outcome_of(&forecast, truth_seconds);
	tallies[scenario->held_out][which].outcomes[outcome]++;
	if (getenv("OOMTRACE_FORECASTS") && outcome != SILENT)
		printf("%-16s %-22s %s %2u %%: %.1f s (%.1f to %.1f), truth %.1f s: %s\n",
		       scenario->name, label_name(scenario->label),
		       scenario->held_out ? "held" : "seen", percents[which], forecast.seconds,
		       forecast.low_seconds, forecast.high_seconds, truth_seconds, words[outcome]);
}

static void ask_kill(const struct scenario *scenario)
{
	struct charges charges = read_charges(scenario);

	assert_true(charges.killed_ns);
	for (size_t i = 0; i < PERCENTS; i++)
		ask(scenario, &charges, i);
}

/* --- the table ------------------------------------------------------------------------------ */

static struct tally sum_of(int held_out)
{
	struct tally sum = {{0}};

	for (size_t i = 0; i < PERCENTS; i++)
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
			sum.outcomes[outcome] += tallies[held_out][i].outcomes[outcome];
	return sum;
}

static int told(const struct tally *tally)
{
	return tally->outcomes[RIGHT] + tally->outcomes[EARLY] + tally->outcomes[LATE];
}

static void print_line(const char *set, const char *when, const struct tally *tally)
{
	printf("| %s | %s | %d | %d | %d | %d | %d |\n", set, when, told(tally),
	       tally->outcomes[RIGHT], tally->outcomes[EARLY], tally->outcomes[LATE],
	       tally->outcomes[SILENT]);
}

static void print_table(void)
{
	printf("| set | at | forecasts | in the band | it was earlier | later | silent |\n"
	       "|---|---|---|---|---|---|---|\n");
	for (int held_out = 0; held_out < 2; held_out++) {
		const char *set = held_out ? "held out" : "seen";
		struct tally sum = sum_of(held_out);
		char when[16];

		for (size_t i = 0; i < PERCENTS; i++) {
			snprintf(when, sizeof(when), "%u %%", percents[i]);
			print_line(set, when, &tallies[held_out][i]);
		}
		print_line(set, "all", &sum);
	}
}

static void test_the_kill_is_within_the_forecast(void **state)
{
	struct tally seen, held;

	(void)state;
	for (size_t i = 0; i < scenario_count; i++)
		if (scenarios[i].label != LABEL_NONE)
			ask_kill(&scenarios[i]);
	if (getenv("OOMTRACE_FORECASTS"))
		print_table();
	seen = sum_of(0);
	held = sum_of(1);
	/* or it would be a test of silence */
	assert_true(told(&seen) >= 60 && told(&held) >= 25);
	assert_true(seen.outcomes[RIGHT] >= 0.9 * told(&seen));
	assert_true(held.outcomes[RIGHT] >= 0.9 * told(&held));
}

static void test_what_ends_by_itself_is_not_forecast(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenario_count; i++) {
		const struct scenario *scenario = &scenarios[i];
		struct charges charges;
		int forecasts = 0;

		if (scenario->label != LABEL_NONE)
			continue;
		charges = read_charges(scenario);
		assert_int_equal(charges.killed_ns, 0);
		for (size_t count = 1; count <= charges.count; count++) {
			struct trend_forecast forecast;

			forecasts += forecast_at(charges.points, count, scenario->limit_bytes,
						 &forecast);
		}
		if (getenv("OOMTRACE_FORECASTS"))
			printf("%s: %d of %zu moments have a forecast\n", scenario->name, forecasts,
			       charges.count);
		assert_int_equal(forecasts, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_kill_is_within_the_forecast),
		cmocka_unit_test(test_what_ends_by_itself_is_not_forecast),
	};

	return cmocka_run_group_tests(tests, read_table, NULL);
}
