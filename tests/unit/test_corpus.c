// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts on kills of real programs, recorded once by tools/record-corpus: each has a label in
 * tests/data/corpus/scenarios. A third is held out: no rule was ever fitted to it. With
 * OOMTRACE_CONFUSION in the environment the table of docs/verdicts.md is printed.
 */
#include "corpus.h"

#include "render/format.h"

/* A wrong verdict is confident from here on. */
#define CONFIDENT 0.75

/* --- kills ---------------------------------------------------------------------------------- */

static void explain(const struct incident *incident)
{
	const struct render_options options = {.explain = true, .top = 5};

	format_get(FORMAT_TEXT)->incident(incident, &options, stdout);
}

static void judge_kill(struct scenario *scenario)
{
	struct recorded_kill kill = read_kill(scenario);
	const struct verdict *verdict = &kill.incident->verdict;

	scenario->verdict = verdict->kind;
	scenario->confidence = verdict->winner ? verdict->winner->confidence : 0;
	if (scenario->verdict != scenario->label && getenv("OOMTRACE_EXPLAIN"))
		explain(kill.incident);
	release_kill(&kill);
}

/* --- growth that ends by itself ------------------------------------------------------------- */

static void judge_growth(struct scenario *scenario)
{
	struct curve curve = read_curve(scenario);
	struct trend_forecast forecast;
	struct trend trend;

	assert_int_equal(trend_fit(curve.points, curve.count, &trend), 0);
	scenario->verdict = trend.shape == TREND_RISING ||
					    trend_forecast(&trend, scenario->limit_bytes, &forecast)
				    ? VERDICT_LEAK
				    : LABEL_NONE;
	scenario->confidence = 1;
}

/* --- what comes of it ------------------------------------------------------------------------ */

static void judge_all(void)
{
	for (size_t i = 0; i < scenario_count; i++) {
		struct scenario *scenario = &scenarios[i];

		(scenario->label == LABEL_NONE ? judge_growth : judge_kill)(scenario);
		if (scenario->verdict != scenario->label)
			print_message("%s%s is %s, not %s (%.0f %%)\n", scenario->name,
				      scenario->held_out ? " (held out)" : "",
				      label_name(scenario->label), label_name(scenario->verdict),
				      100 * scenario->confidence);
	}
}

struct score {
	int all, right, unsure, wrong, confident;
};

static struct score score_of(bool held_out)
{
	struct score score = {0};

	for (size_t i = 0; i < scenario_count; i++) {
		const struct scenario *scenario = &scenarios[i];
		bool wrong = scenario->verdict != scenario->label;

		if (scenario->held_out != held_out)
			continue;
		score.all++;
		score.right += !wrong;
		score.unsure += wrong && scenario->verdict == VERDICT_UNSURE;
		score.wrong += wrong && scenario->verdict != VERDICT_UNSURE;
		score.confident += wrong && scenario->confidence >= CONFIDENT;
	}
	return score;
}

static void print_score(const char *name, const struct score *score)
{
	print_message("%s: %d of %d right, %d unsure, %d wrong, %d of them confident\n", name,
		      score->right, score->all, score->unsure, score->wrong, score->confident);
}

static int times(int label, int verdict)
{
	int count = 0;

	for (size_t i = 0; i < scenario_count; i++)
		count += scenarios[i].label == label && scenarios[i].verdict == verdict;
	return count;
}

/* The kinds that something was labelled with or taken for, as a table in Markdown. */
static void print_confusion(void)
{
	printf("| is | taken for |\n|---|---|\n");
	for (int label = 0; label <= LABEL_NONE; label++) {
		bool any = false;

		for (int verdict = 0; verdict <= LABEL_NONE; verdict++) {
			int count = times(label, verdict);

			if (!count)
				continue;
			if (!any)
				printf("| `%s` |", label_name(label));
			printf("%s `%s` %d", any ? "," : "", label_name(verdict), count);
			any = true;
		}
		if (any)
			printf(" |\n");
	}
}

static void test_real_kills_get_the_verdict_they_deserve(void **state)
{
	struct score seen, held;

	(void)state;
	judge_all();
	seen = score_of(false);
	held = score_of(true);
	print_score("seen", &seen);
	print_score("held out", &held);
	if (getenv("OOMTRACE_CONFUSION"))
		print_confusion();
	assert_true(scenario_count >= 60);
	assert_true(held.all * 4 >= (int)scenario_count);
	assert_true(seen.right >= 0.95 * seen.all);
	assert_true(held.right >= 0.95 * held.all);
	assert_int_equal(seen.confident + held.confident, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_kills_get_the_verdict_they_deserve),
	};

	return cmocka_run_group_tests(tests, read_table, NULL);
}
