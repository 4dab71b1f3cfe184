// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When a warning is due: once for each percent, and again when there was relief in between; and
 * what is told of a host that fills up, from its meminfo to the report.
 */
#include "test.h"

#include <inttypes.h>
#include <string.h>

#include "capture/watch_state.h"
#include "fake_proc.h"
#include "model/incident_builder.h"
#include "render/format.h"

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

/* --- a host of 16 GiB ----------------------------------------------------------------------- */

#define SECOND UINT64_C(1000000000)
#define GIB_KB (1024 * 1024)
#define STEP_KB (100 * 1024)

struct host {
	struct fake_proc proc;
	struct live live;
	struct watch watch;
	struct cgroups cgroups;
	struct incident_builder *builder;
	struct incident *told; /* the last warning, finished */
	unsigned int count;
	uint64_t second, held_kb;
};

static int take(void *context, const struct event *event)
{
	const struct growth_options options = {0};
	struct host *host = context;

	if (event->type == EVENT_SESSION) {
		if (host->told)
			incident_free(TAKE_PTR(host->told));
		if (host->builder)
			incident_builder_free(TAKE_PTR(host->builder));
		assert_int_equal(incident_builder_new(&host->builder), 0);
	}
	assert_int_equal(incident_builder_add(host->builder, event), 0);
	if (event->type != EVENT_END)
		return 0;
	assert_int_equal(incident_builder_finish(host->builder, &options, &host->told), 0);
	host->count++;
	return 0;
}

static int set_up_host(void **state)
{
	static struct host host;

	memset(&host, 0, sizeof(host));
	fake_proc_make(&host.proc);
	host.live.root = host.proc.root;
	host.live.watch = &host.watch;
	host.live.start_ns = 1000 * SECOND;
	host.held_kb = 4 * GIB_KB;
	host.watch.brief = (struct event_queue){.take = take, .context = &host};
	*state = &host;
	if (warnings_init(&host.watch.warnings, &percents, &host.live.ledger))
		return -1;
	return cgroup_curves_init(&host.watch.curves.cgroups, &host.proc.root, &host.cgroups);
}

static int tear_down_host(void **state)
{
	struct host *host = *state;

	if (host->told)
		incident_free(host->told);
	if (host->builder)
		incident_builder_free(host->builder);
	cgroup_curves_release(&host->watch.curves.cgroups);
	warnings_release(&host->watch.warnings);
	fake_proc_remove(&host->proc);
	return 0;
}

/* What the watcher does once a second, where so much more is held. */
static void look(struct host *host, int64_t more_kb)
{
	uint64_t available_kb = 16 * GIB_KB - (host->held_kb += more_kb);
	char text[256];

	snprintf(text, sizeof(text),
		 "MemTotal: %d kB\nMemFree: %" PRIu64 " kB\nMemAvailable: %" PRIu64 " kB\n",
		 16 * GIB_KB, available_kb / 2, available_kb);
	fake_proc_write(&host->proc, "meminfo", text);
	warnings_look(&host->live, host->live.start_ns + ++host->second * SECOND);
}

/* 100 MiB a second, until one more warning was told. */
static void fill(struct host *host)
{
	unsigned int count = host->count;

	while (host->count == count && host->held_kb < 15 * GIB_KB)
		look(host, STEP_KB);
	assert_int_equal(host->count, count + 1);
}

static void test_a_host_that_fills_up_is_told_of_with_a_forecast(void **state)
{
	struct host *host = *state;
	const struct growth_limit *limit;
	double left_seconds;

	fill(host);
	limit = &host->told->held.limit;
	assert_int_equal(host->told->event.kind, INCIDENT_WARNING);
	assert_int_equal(host->told->event.scope, SCOPE_GLOBAL);
	assert_int_equal(host->told->warning->percent, 70);
	assert_int_equal(host->told->warning->level, LEVEL_HOST);
	assert_null(limit->path);
	assert_int_equal(limit->limit_bytes, 16ULL * GIB_KB * 1024);
	assert_int_equal(limit->held_bytes, host->held_kb * 1024);
	assert_true(limit->percent >= 70 && limit->percent < 71);
	assert_int_equal(limit->trend.shape, TREND_RISING);
	assert_true(limit->forecast_known);
	left_seconds = (double)(16 * GIB_KB - host->held_kb) / STEP_KB;
	assert_true(limit->forecast.low_seconds <= left_seconds &&
		    left_seconds <= limit->forecast.high_seconds);
}

static void test_a_host_is_told_of_again_after_relief_alone(void **state)
{
	struct host *host = *state;

	fill(host);
	look(host, -STEP_KB);
	look(host, STEP_KB);
	assert_int_equal(host->count, 1);
	/* a sixteenth of the limit */
	look(host, -GIB_KB);
	fill(host);
	assert_int_equal(host->told->warning->percent, 70);
	fill(host);
	assert_int_equal(host->told->warning->percent, 80);
}

static void test_the_report_of_a_host_says_whose_memory_is_short(void **state)
{
	const struct render_options options = {.top = 20};
	struct host *host = *state;
	char *text = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&text, &bytes);

	fill(host);
	assert_int_equal(format_incident(format_get(FORMAT_TEXT), host->told, &options, stream), 0);
	assert_int_equal(fclose(stream), 0);
	assert_non_null(strstr(text, "Short of memory: the host has passed 70 % of its limit at "));
	assert_non_null(strstr(text, "of 16.0 GiB, +100.0 MiB/s: full in "));
	free(text);
}

/* What the incident of a kill is given. */
struct given {
	unsigned int warnings, points;
	uint32_t percents[4];
	uint64_t before_ns[4];
};

static int give(void *context, const struct event *event)
{
	struct given *given = context;

	if (event->type == EVENT_WARNING) {
		assert_int_equal(event->warning.level, LEVEL_HOST);
		given->percents[given->warnings] = event->warning.percent;
		given->before_ns[given->warnings++] = event->warning.before_ns;
	}
	given->points += event->type == EVENT_CHARGE;
	return 0;
}

static void test_a_kill_has_what_was_told_before_it_and_not_after(void **state)
{
	struct host *host = *state;
	struct given given = {0};
	struct event_queue queue = {.take = give, .context = &given};
	uint64_t first, killed_ns;

	fill(host);
	first = host->second;
	fill(host);
	killed_ns = host->live.start_ns + host->second * SECOND + SECOND / 2;
	fill(host);
	warnings_queue_told(&host->watch.warnings, 0, LEVEL_HOST, host->live.start_ns, killed_ns,
			    &queue);
	assert_int_equal(given.warnings, 2);
	assert_int_equal(given.percents[0], 70);
	assert_int_equal(given.percents[1], 80);
	assert_int_equal(given.before_ns[0], killed_ns - host->live.start_ns - first * SECOND);
	assert_int_equal(given.before_ns[1], SECOND / 2);
	assert_true(given.points > 10);
	/* of a cgroup that nobody has warned of there is nothing */
	warnings_queue_told(&host->watch.warnings, 4711, 0, host->live.start_ns, killed_ns, &queue);
	assert_int_equal(given.warnings, 2);
}

static void test_a_crash_loop_is_told_life_by_life(void **state)
{
	struct host *host = *state;
	struct given given = {0}, earlier = {0};
	struct event_queue queue = {.take = give, .context = &given};
	struct event_queue earlier_queue = {.take = give, .context = &earlier};
	uint64_t first_killed_ns, killed_ns;

	fill(host);
	first_killed_ns = host->live.start_ns + host->second * SECOND + SECOND / 2;
	/* the kill is over when the watcher looks; the next life grows by as much a second */
	look(host, -(int64_t)host->held_kb + GIB_KB);
	fill(host);
	assert_int_equal(host->told->held.limit.trend.shape, TREND_RISING);
	assert_true(host->told->held.limit.forecast_known);
	killed_ns = host->live.start_ns + host->second * SECOND + SECOND / 2;
	warnings_queue_told(&host->watch.warnings, 0, LEVEL_HOST, host->live.start_ns, killed_ns,
			    &queue);
	assert_int_equal(given.warnings, 1);
	assert_int_equal(given.before_ns[0], SECOND / 2);
	/* and an incident that waited has those of its own life */
	warnings_queue_told(&host->watch.warnings, 0, LEVEL_HOST, host->live.start_ns,
			    first_killed_ns, &earlier_queue);
	assert_int_equal(earlier.warnings, 1);
	assert_true(earlier.points > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_percent_is_told_once),
		cmocka_unit_test(test_a_jump_over_several_is_told_as_the_highest),
		cmocka_unit_test(test_to_and_fro_around_a_percent_is_one_crossing),
		cmocka_unit_test(test_without_a_limit_nothing_is_crossed),
		cmocka_unit_test_setup_teardown(
			test_a_host_that_fills_up_is_told_of_with_a_forecast, set_up_host,
			tear_down_host),
		cmocka_unit_test_setup_teardown(test_a_crash_loop_is_told_life_by_life, set_up_host,
						tear_down_host),
		cmocka_unit_test_setup_teardown(test_a_host_is_told_of_again_after_relief_alone,
						set_up_host, tear_down_host),
		cmocka_unit_test_setup_teardown(
			test_the_report_of_a_host_says_whose_memory_is_short, set_up_host,
			tear_down_host),
		cmocka_unit_test_setup_teardown(
			test_a_kill_has_what_was_told_before_it_and_not_after, set_up_host,
			tear_down_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
