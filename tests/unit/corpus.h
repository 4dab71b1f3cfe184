/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The corpus of real kills, as tests read it: tests/data/corpus, recorded by tools/record-corpus.
 */
#ifndef TESTS_CORPUS_H
#define TESTS_CORPUS_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "capture/trace_reader.h"
#include "model/incident_builder.h"
#include "model/trend.h"

#define CORPUS "tests/data/corpus/"
#define SCENARIOS_MAX 128
#define SNAPSHOTS_MAX 512
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

static inline const char *label_name(int label)
{
	return label == LABEL_NONE ? "none" : verdict_kind_name(label);
}

static inline int label_of(const char *word)
{
	for (int label = 0; label <= LABEL_NONE; label++)
		if (strcmp(word, label_name(label)) == 0)
			return label;
	fail_msg("no such label: %s", word);
	return -1;
}

static inline int read_table(void **state)
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

static inline struct source *open_recording(const struct scenario *scenario)
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

/* Borrows from the builder. */
struct recorded_kill {
	struct incident_builder *builder;
	struct incident *incident;
};

static inline struct recorded_kill read_kill(const struct scenario *scenario)
{
	const struct growth_options options = {0};
	struct source *source = open_recording(scenario);
	struct recorded_kill kill;
	struct event event;
	int more;

	assert_int_equal(incident_builder_new(&kill.builder), 0);
	while ((more = source->next(source, &event)) > 0)
		assert_int_equal(incident_builder_add(kill.builder, &event), 0);
	assert_int_equal(more, 0);
	source->close(source);
	assert_int_equal(incident_builder_finish(kill.builder, &options, &kill.incident), 0);
	return kill;
}

static inline void release_kill(struct recorded_kill *kill)
{
	incident_free(kill->incident);
	incident_builder_free(kill->builder);
}

/* --- growth that ends by itself ------------------------------------------------------------- */

/* Anonymous memory of all that is traced, at each snapshot. */
struct curve {
	struct trend_point points[SNAPSHOTS_MAX];
	size_t count;
	uint64_t slot_bytes;
};

static inline void curve_take(struct curve *curve, const struct event *event)
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

static inline struct curve read_curve(const struct scenario *scenario)
{
	struct source *source = open_recording(scenario);
	struct curve curve = {.count = 0};
	struct event event;
	int more;

	while ((more = source->next(source, &event)) > 0)
		if (event.type != EVENT_SNAPSHOT || !event.snapshot.last)
			curve_take(&curve, &event);
		else
			break;
	assert_true(more >= 0);
	assert_true(curve.count > 20);
	source->close(source);
	return curve;
}

#endif
