// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts on kills whose cause is known, because they were made up for it: each scenario is played
 * in several sizes, and a verdict may be unsure, but not wrong. tests/live has the real ones.
 */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "incidents.h"
#include "model/incident_builder.h"
#include "render/format.h"

#define VARIANTS 6

/* A kill, from which scenarios differ. */
struct scenario {
	const char *name;
	enum verdict_kind label;
	/* the victim's anon memory, as a share of the limit, `seconds` before the kill */
	double (*curve)(double seconds, int variant);
	double history_seconds;
	double shmem, cache, dirty, slab, sock; /* shares of the limit */
	double other;                           /* somebody else's growth, over the history */
	double life_seconds;                    /* 0: as long as the history, and a minute */
	const char *words[3];
};

static int played_variant;

static double variant_of(int variant)
{
	return 0.7 + 0.1 * variant;
}

static double noise(double seconds)
{
	double x = sin(seconds * 12.9898) * 43758.5453;

	return x - floor(x);
}

/* --- curves: shares of the limit, seconds before the kill ----------------------------------- */

static double steady_leak(double seconds, int variant)
{
	return fmax(0.05, 0.95 - seconds / 400 * variant_of(variant)) + 0.01 * noise(seconds);
}

static double step_leak(double seconds, int variant)
{
	return fmax(0.05, 0.95 - floor(seconds / 15) * 0.04 * variant_of(variant));
}

static double leak_below_teeth(double seconds, int variant)
{
	return fmax(0.1, 0.80 - seconds / 350 * variant_of(variant)) +
	       0.15 * fmod(1000 - seconds, 7) / 7;
}

static double slow_leak(double seconds, int variant)
{
	return fmax(0.1, 0.96 - seconds / 4000 * variant_of(variant)) + 0.004 * noise(seconds);
}

static double spike(double seconds, int variant)
{
	return 0.25 +
	       (seconds < 3 * variant_of(variant) ? 0.7 * (1 - seconds / 3 / variant_of(variant))
						  : 0) +
	       0.01 * noise(seconds);
}

static double burst(double seconds, int variant)
{
	return 0.4 +
	       (seconds < variant_of(variant) ? 0.55 * (1 - seconds / variant_of(variant)) : 0) +
	       0.05 * noise(floor(seconds));
}

static double steady_full(double seconds, int variant)
{
	return 0.86 + 0.01 * variant_of(variant) + 0.03 * noise(seconds);
}

static double teeth_at_limit(double seconds, int variant)
{
	double period = 6 + 2 * variant_of(variant);

	return 0.74 + 0.22 * fmod(1000 - seconds, period) / period;
}

static double small(double seconds, int variant)
{
	return 0.1 + 0.01 * variant_of(variant) + 0.005 * noise(seconds);
}

static double filled(double seconds, int variant)
{
	return fmin(0.9, fmax(0.2, 0.9 - (seconds - 20) / 100 * variant_of(variant)));
}

/* --- the scenarios -------------------------------------------------------------------------- */

static const struct scenario scenarios[] = {
	{.name = "steady leak",
	 .label = VERDICT_LEAK,
	 .curve = steady_leak,
	 .history_seconds = 300},
	{.name = "step leak", .label = VERDICT_LEAK, .curve = step_leak, .history_seconds = 240},
	{.name = "leak below teeth",
	 .label = VERDICT_LEAK,
	 .curve = leak_below_teeth,
	 .history_seconds = 240},
	{.name = "slow leak", .label = VERDICT_LEAK, .curve = slow_leak, .history_seconds = 3000},
	{.name = "leak of a java",
	 .label = VERDICT_LEAK,
	 .curve = steady_leak,
	 .history_seconds = 300,
	 .words = {"java", "-Xmx100m"}},
	{.name = "spike", .label = VERDICT_SPIKE, .curve = spike, .history_seconds = 120},
	{.name = "burst", .label = VERDICT_SPIKE, .curve = burst, .history_seconds = 90},
	{.name = "always full",
	 .label = VERDICT_LIMIT_TOO_SMALL,
	 .curve = steady_full,
	 .history_seconds = 300},
	{.name = "teeth at the limit",
	 .label = VERDICT_LIMIT_TOO_SMALL,
	 .curve = teeth_at_limit,
	 .history_seconds = 300},
	{.name = "tmpfs",
	 .label = VERDICT_TMPFS,
	 .curve = small,
	 .history_seconds = 200,
	 .shmem = 0.75},
	{.name = "kernel: slab",
	 .label = VERDICT_KERNEL_MEMORY,
	 .curve = small,
	 .history_seconds = 200,
	 .slab = 0.6},
	{.name = "kernel: sockets",
	 .label = VERDICT_KERNEL_MEMORY,
	 .curve = small,
	 .history_seconds = 200,
	 .sock = 0.55},
	{.name = "dirty cache",
	 .label = VERDICT_PAGE_CACHE,
	 .curve = small,
	 .history_seconds = 200,
	 .cache = 0.8,
	 .dirty = 0.5},
	{.name = "neighbour",
	 .label = VERDICT_NEIGHBOUR,
	 .curve = small,
	 .history_seconds = 200,
	 .other = 0.88},
	{.name = "java above its limit",
	 .label = VERDICT_RUNTIME_MISCONFIGURED,
	 .curve = steady_leak,
	 .history_seconds = 300,
	 .words = {"java", "-Xmx4g"}},
	{.name = "node above its limit",
	 .label = VERDICT_RUNTIME_MISCONFIGURED,
	 .curve = steady_full,
	 .history_seconds = 300,
	 .words = {"node", "--max-old-space-size=4096"}},
	/* nothing that anybody could be sure of */
	{.name = "clean cache",
	 .label = VERDICT_UNSURE,
	 .curve = small,
	 .history_seconds = 200,
	 .cache = 0.8},
	{.name = "no history",
	 .label = VERDICT_UNSURE,
	 .curve = steady_leak,
	 .history_seconds = 2,
	 /* older than the watch: of one that was seen from its start all is known */
	 .life_seconds = 3600},
	{.name = "start-up that plateaus",
	 .label = VERDICT_UNSURE,
	 .curve = filled,
	 .history_seconds = 55,
	 .life_seconds = 60},
};

#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static const struct scenario *played;

static double limit_of(int variant)
{
	return (double)MIB(192 + 64 * variant);
}

static void play_share(const struct stage *stage, const char *key, double share)
{
	play_figure(stage, 0, key, (uint64_t)(share * limit_of(played_variant)), FIGURE_MEMORY_STAT,
		    TAKEN_BEFORE);
}

/* Of the cgroup: what both of them hold. */
static void play_level_usage(const struct stage *stage, uint64_t before_ns, double share)
{
	double others = played->other * (1 - (double)before_ns / 1e9 / played->history_seconds) +
			played->shmem + played->cache + played->slab + played->sock;

	play_usage(stage, before_ns, 0, (uint64_t)((share + others) * limit_of(played_variant)));
}

static void play_curves(const struct stage *stage)
{
	double limit = limit_of(played_variant);
	/* a hundred and a half of points, the last second fine, as the ledger writes them */
	double step = played->history_seconds / 150;

	for (double seconds = played->history_seconds; seconds > 0;
	     seconds -= seconds > 2 * step ? step : step / 5) {
		uint64_t before_ns = (uint64_t)(seconds * 1e9);
		double share = played->curve(seconds, played_variant);

		play_moment(stage, before_ns, 1, (uint64_t)(share * limit));
		play_level_usage(stage, before_ns, share);
		if (played->other > 0)
			play_moment(stage, before_ns, 2,
				    (uint64_t)(played->other * limit *
					       (1 - seconds / played->history_seconds)));
	}
}

static void play_scenario(const struct stage *stage)
{
	double limit = limit_of(played_variant), own = played->curve(0, played_variant);
	double life =
		played->life_seconds > 0 ? played->life_seconds : played->history_seconds + 60;
	uint64_t now_ns = 100250000000ULL;
	struct event process = {
		.type = EVENT_PROCESS,
		.process = {.id = 1, .pid = 1000, .target = true, .ended = true, .comm = "victim"}};

	process.process.start_time_ns =
		life * 1e9 < (double)now_ns ? now_ns - (uint64_t)(life * 1e9) : 1;
	play_session(stage, 16, "--watch-oom-kills");
	play_incident(stage, (struct incident_event){.scope = SCOPE_MEMCG,
						     .sources = INCIDENT_FROM_BPF,
						     .id = "scenario",
						     .sequence = 1});
	play(stage, process);
	play_process(stage, 2, 2000, 1, "other", false, false);
	play_victim(stage, (struct victim_event){.process = 1,
						 .role = VICTIM_CHOSEN,
						 .known = VICTIM_IDENTITY | VICTIM_RSS,
						 .tid = 1000,
						 .rss_anon_bytes = (uint64_t)(own * limit)});
	for (uint32_t i = 0; i < 3 && played->words[i]; i++)
		play_word(stage, 1, i, played->words[i], false);
	play_level(stage, (struct level_event){.index = 0,
					       .id = 1,
					       .path = "/scenario",
					       .known = LEVEL_USAGE | LEVEL_LIMIT,
					       .usage_bytes = (uint64_t)limit,
					       .limit_bytes = (uint64_t)limit,
					       .fired = true,
					       .when = TAKEN_AT_KILL});
	play_share(stage, "anon", own + played->other);
	play_share(stage, "file", played->cache + played->shmem);
	play_share(stage, "shmem", played->shmem);
	play_share(stage, "file_dirty", played->dirty);
	play_share(stage, "slab", played->slab);
	play_share(stage, "sock", played->sock);
	play_candidate(stage, "victim",
		       (struct candidate_event){.pid = 1000,
						.chosen = true,
						.rss_bytes = (uint64_t)(own * limit),
						.when = TAKEN_AFTER});
	play_candidate(stage, "other",
		       (struct candidate_event){.pid = 2000,
						.rss_bytes = (uint64_t)(played->other * limit),
						.when = TAKEN_AFTER});
	play_curves(stage);
	play_snapshot(stage, 100, true);
	play_end(stage, END_INTERRUPTED);
}

/* --- what is made of them ------------------------------------------------------------------- */

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(incident_builder_add(builder, event), 0);
}

static struct incident *build(struct incident_builder **ret_builder)
{
	const struct growth_options options = {0};
	struct incident *incident;

	assert_int_equal(incident_builder_new(ret_builder), 0);
	play_scenario(&(struct stage){into_builder, *ret_builder});
	assert_int_equal(incident_builder_finish(*ret_builder, &options, &incident), 0);
	return incident;
}

static void explain(const struct incident *incident)
{
	const struct render_options options = {.explain = true, .top = 5};

	format_get(FORMAT_TEXT)->incident(incident, &options, stdout);
}

static void test_verdicts_are_right_or_unsure_and_never_wrong(void **state)
{
	int right = 0, wrong = 0, all = 0;

	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		for (played_variant = 0; played_variant < VARIANTS; played_variant++) {
			struct incident_builder *builder;
			struct incident *incident;

			played = &scenarios[i];
			incident = build(&builder);
			all++;
			right += incident->verdict.kind == played->label;
			if (incident->verdict.kind != played->label) {
				wrong += incident->verdict.kind != VERDICT_UNSURE;
				print_message("%s, variant %d: %s\n", played->name, played_variant,
					      verdict_kind_name(incident->verdict.kind));
				if (getenv("OOMTRACE_EXPLAIN"))
					explain(incident);
			}
			incident_free(incident);
			incident_builder_free(builder);
		}
	}
	print_message("%d of %d right, %d wrong\n", right, all, wrong);
	assert_int_equal(wrong, 0);
	assert_true(right >= 0.95 * all);
}

/* Whatever it says, it says what it measured; and every rule that is silent says why. */
static void test_every_rule_says_what_it_measured(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		struct incident_builder *builder;
		struct incident *incident;

		played = &scenarios[i];
		played_variant = 0;
		incident = build(&builder);
		for (size_t step = 0; step < incident->verdict.step_count; step++) {
			const struct verdict_step *asked = &incident->verdict.steps[step];

			if (asked->fired)
				assert_true(asked->fact_count > 0 && asked->advice_count > 0);
			else
				assert_non_null(asked->silent);
			assert_true(asked->confidence >= 0 && asked->confidence <= 1);
		}
		incident_free(incident);
		incident_builder_free(builder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts_are_right_or_unsure_and_never_wrong),
		cmocka_unit_test(test_every_rule_says_what_it_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
