// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Verdicts on kills of real programs, recorded once by tools/record-corpus: each has a label in
 * tests/data/corpus/scenarios. A third is held out: no rule was ever fitted to it. With
 * OOMTRACE_CONFUSION in the environment the table of docs/verdicts.md is printed.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "capture/trace_reader.h"
#include "model/incident_builder.h"
#include "model/trend.h"
#include "render/format.h"

#define CORPUS "tests/data/corpus/"
#define SCENARIOS_MAX 128
#define SNAPSHOTS_MAX 512
/* A wrong verdict is confident from here on. */
#define CONFIDENT 0.75
/* What is recorded without a kill: the trend must say that nothing is coming. */
#define LABEL_NONE VERDICT_KIND_COUNT

struct scenario {
	char name[64];
	int label;
	bool held_out;
	uint64_t limit_bytes;
	int verdict;
	double confidence;
};

static struct scenario scenarios[SCENARIOS_MAX];
static size_t scenario_count;

static const char *label_name(int label)
{
	return label == LABEL_NONE ? "none" : verdict_kind_name(label);
}

static int label_of(const char *word)
{
	for (int label = 0; label <= LABEL_NONE; label++)
		if (strcmp(word, label_name(label)) == 0)
			return label;
	fail_msg("no such label: %s", word);
	return -1;
}

static int read_table(void **state)
{
	_cleanup_fclose_ FILE *table = fopen(CORPUS "scenarios", "re");
	char line[1024], label[32], set[16];

	(void)state;
	assert_non_null(table);
	while (fgets(line, sizeof(line), table)) {
		struct scenario *scenario = &scenarios[scenario_count];
		unsigned int limit_mib;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		assert_true(scenario_count < SCENARIOS_MAX);
		assert_int_equal(
			sscanf(line, "%63s %31s %15s %u", scenario->name, label, set, &limit_mib),
			4);
		scenario->label = label_of(label);
		scenario->held_out = strcmp(set, "held") == 0;
		assert_true(scenario->held_out || strcmp(set, "seen") == 0);
		scenario->limit_bytes = (uint64_t)limit_mib << 20;
		scenario_count++;
	}
	return 0;
}

static struct source *open_recording(const struct scenario *scenario)
{
	char path[128], buffer[65536];
	FILE *plain = tmpfile();
	struct source *source;
	gzFile packed;
	int got;

	snprintf(path, sizeof(path), CORPUS "%s.oomtrace.gz", scenario->name);
	packed = gzopen(path, "rb");
	if (!packed || !plain)
		fail_msg("no recording %s", path);
	while ((got = gzread(packed, buffer, sizeof(buffer))) > 0)
		assert_int_equal(fwrite(buffer, 1, got, plain), got);
	assert_int_equal(got, 0);
	gzclose(packed);
	rewind(plain);
	assert_int_equal(trace_reader_new(plain, &source), 0);
	return source;
}

/* --- kills ---------------------------------------------------------------------------------- */

static struct incident *build(struct source *source)
{
	const struct growth_options options = {0};
	struct incident_builder *builder;
	struct incident *incident;
	struct event event;
	int more;

	assert_int_equal(incident_builder_new(&builder), 0);
	while ((more = source->next(source, &event)) > 0)
		assert_int_equal(incident_builder_add(builder, &event), 0);
	assert_int_equal(more, 0);
	assert_int_equal(incident_builder_finish(builder, &options, &incident), 0);
	incident_builder_free(builder);
	return incident;
}

static void explain(const struct incident *incident)
{
	const struct render_options options = {.explain = true, .top = 5};

	format_get(FORMAT_TEXT)->incident(incident, &options, stdout);
}

static void judge_kill(struct scenario *scenario, struct source *source)
{
	struct incident *incident = build(source);
	const struct verdict *verdict = &incident->verdict;

	scenario->verdict = verdict->kind;
	scenario->confidence = verdict->winner ? verdict->winner->confidence : 0;
	if (scenario->verdict != scenario->label && getenv("OOMTRACE_EXPLAIN"))
		explain(incident);
	incident_free(incident);
}

/* --- growth that ends by itself ------------------------------------------------------------- */

/* Anonymous memory of all that is traced, at each snapshot. */
struct curve {
	struct trend_point points[SNAPSHOTS_MAX];
	size_t count;
	uint64_t slot_bytes;
};

static void curve_take(struct curve *curve, const struct event *event)
{
	if (event->type == EVENT_SESSION) {
		curve->slot_bytes = event->session.period_pages * event->session.page_size_bytes;
	} else if (event->type == EVENT_SNAPSHOT && !event->snapshot.last) {
		assert_true(curve->count < SNAPSHOTS_MAX);
		curve->points[curve->count++] = (struct trend_point){event->snapshot.time_ns, 0};
	} else if (event->type == EVENT_CELL && curve->count) {
		curve->points[curve->count - 1].bytes +=
			curve->slot_bytes *
			(event->cell.live_slots[KIND_ANON] + event->cell.live_slots[KIND_PENDING]);
	}
}

static void judge_growth(struct scenario *scenario, struct source *source)
{
	struct curve curve = {.count = 0};
	struct trend_forecast forecast;
	struct trend trend;
	struct event event;
	int more;

	while ((more = source->next(source, &event)) > 0)
		if (event.type != EVENT_SNAPSHOT || !event.snapshot.last)
			curve_take(&curve, &event);
		else
			break;
	assert_true(more >= 0);
	assert_true(curve.count > 20);
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
		struct source *source = open_recording(scenario);

		(scenario->label == LABEL_NONE ? judge_growth : judge_kill)(scenario, source);
		source->close(source);
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
