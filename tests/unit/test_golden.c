// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every scene, written to a trace file and rendered, against tests/data and tests/expected.
 * `tools/bless` makes what is there now the expectation.
 */
#include "golden.h"

#include <stdio.h>

#include "capture/trace_writer.h"
#include "model/incident_builder.h"
#include "render/format.h"
#include "incidents.h"
#include "scenes.h"

struct view {
	const char *suffix;
	enum format_id format;
	struct growth_options growth;
	struct render_options render;
};

static const struct view views[] = {
	{"folded", FORMAT_FOLDED, {0}, {0}},
	{"kinds.folded", FORMAT_FOLDED, {0}, {.show_kinds = true}},
	{"by-cgroup.folded", FORMAT_FOLDED, {0}, {.by_cgroup = true}},
	{"annotated.folded", FORMAT_FOLDED, {0}, {.annotate = true}},
	{"anon.folded", FORMAT_FOLDED, {.kinds = 1U << KIND_ANON}, {.show_kinds = true}},
	{"since-start.folded", FORMAT_FOLDED, {.since_start = true}, {0}},
	{"txt", FORMAT_TEXT, {0}, {.top = 20}},
	{"top-2.txt", FORMAT_TEXT, {0}, {.annotate = true, .top = 2, .columns = 60}},
	{"virtual.folded", FORMAT_FOLDED, {.reserved = true}, {0}},
	{"virtual.txt", FORMAT_TEXT, {.reserved = true}, {.top = 20}},
	{"since-start.txt", FORMAT_TEXT, {.since_start = true}, {.top = 20}},
	{"json", FORMAT_JSON, {0}, {0}},
	{"since-start.json", FORMAT_JSON, {.since_start = true}, {0}},
};

#define SECONDS(seconds)                                     \
	{                                                    \
		.given = true, .ns = (seconds)*1000000000ULL \
	}
#define TO_20                     \
	{                         \
		.to = SECONDS(20) \
	}
#define FROM_10_TO_20                                  \
	{                                              \
		.from = SECONDS(10), .to = SECONDS(20) \
	}

/* Parts of scene_snapshots. */
static const struct part {
	struct view view;
	struct growth_interval interval;
} parts[] = {
	{{"to-20.folded", FORMAT_FOLDED, {0}, {0}}, TO_20},
	{{"to-20.txt", FORMAT_TEXT, {0}, {.top = 20}}, TO_20},
	{{"to-20.json", FORMAT_JSON, {0}, {0}}, TO_20},
	{{"10-to-20.folded", FORMAT_FOLDED, {0}, {0}}, FROM_10_TO_20},
	{{"10-to-20.txt", FORMAT_TEXT, {0}, {.top = 20}}, FROM_10_TO_20},
	{{"10-to-20.json", FORMAT_JSON, {0}, {0}}, FROM_10_TO_20},
	{{"since-10.txt", FORMAT_TEXT, {.since_start = true}, {.top = 20}}, {.from = SECONDS(10)}},
};

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

static void into_writer(const struct event *event, void *writer)
{
	assert_int_equal(trace_writer_add(writer, event), 0);
}

static void expect_trace(const struct scene *scene, const char *directory)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	_cleanup_free_ char *bytes = NULL;
	size_t len_bytes = 0;
	FILE *stream = open_memstream(&bytes, &len_bytes);
	char path[128];

	assert_int_equal(trace_writer_new(stream, &writer), 0);
	scene->play(&(struct stage){into_writer, writer});
	assert_int_equal(trace_writer_finish(writer), 0);
	assert_int_equal(fclose(stream), 0);
	snprintf(path, sizeof(path), "tests/data/%s%s.oomtrace", directory, scene->name);
	expect_file(path, bytes, len_bytes);
}

static void expect_view(const struct scene *scene, const struct view *view,
			const struct growth_interval *interval)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	_cleanup_free_ char *bytes = NULL;
	size_t len_bytes = 0;
	FILE *stream = open_memstream(&bytes, &len_bytes);
	char path[128];

	assert_int_equal(growth_builder_new(&builder), 0);
	growth_builder_limit(builder, interval);
	scene->play(&(struct stage){into_builder, builder});
	assert_int_equal(growth_builder_finish(builder, &view->growth, &growth), 0);
	assert_int_equal(format_get(view->format)->growth(growth, &view->render, stream), 0);
	assert_int_equal(fclose(stream), 0);
	snprintf(path, sizeof(path), "tests/expected/%s.%s", scene->name, view->suffix);
	expect_file(path, bytes, len_bytes);
}

static void test_scenes_are_written_as_ever(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENE_COUNT; i++)
		expect_trace(&scenes[i], "");
}

static void test_scenes_are_rendered_as_ever(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENE_COUNT; i++)
		for (size_t view = 0; view < sizeof(views) / sizeof(views[0]); view++)
			expect_view(&scenes[i], &views[view], &(struct growth_interval){0});
}

static void test_parts_of_a_recording_are_rendered_as_ever(void **state)
{
	static const struct scene scene = {"snapshots", scene_snapshots};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		expect_view(&scene, &parts[i].view, &parts[i].interval);
}

static const struct view incident_views[] = {
	{"txt", FORMAT_TEXT, {0}, {.top = 20}},
	{"terminal.txt", FORMAT_TEXT, {0}, {.top = 20, .columns = 80}},
	{"json", FORMAT_JSON, {0}, {0}},
	{"folded", FORMAT_FOLDED, {0}, {0}},
};

static void into_incident(const struct event *event, void *builder)
{
	assert_int_equal(incident_builder_add(builder, event), 0);
}

static void expect_incident_view(const struct scene *scene, const struct view *view)
{
	_cleanup_(incident_builder_freep) struct incident_builder *builder = NULL;
	_cleanup_(incident_freep) struct incident *incident = NULL;
	_cleanup_free_ char *bytes = NULL;
	size_t len_bytes = 0;
	FILE *stream = open_memstream(&bytes, &len_bytes);
	char path[128];

	assert_int_equal(incident_builder_new(&builder), 0);
	scene->play(&(struct stage){into_incident, builder});
	assert_int_equal(incident_builder_finish(builder, &view->growth, &incident), 0);
	assert_int_equal(format_incident(format_get(view->format), incident, &view->render, stream),
			 0);
	assert_int_equal(fclose(stream), 0);
	snprintf(path, sizeof(path), "tests/expected/incidents/%s.%s", scene->name, view->suffix);
	expect_file(path, bytes, len_bytes);
}

static void test_incidents_are_written_and_rendered_as_ever(void **state)
{
	(void)state;
	for (size_t i = 0; i < INCIDENT_COUNT; i++) {
		expect_trace(&incidents[i], "incidents/");
		for (size_t view = 0; view < sizeof(incident_views) / sizeof(incident_views[0]);
		     view++)
			expect_incident_view(&incidents[i], &incident_views[view]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes_are_written_as_ever),
		cmocka_unit_test(test_scenes_are_rendered_as_ever),
		cmocka_unit_test(test_parts_of_a_recording_are_rendered_as_ever),
		cmocka_unit_test(test_incidents_are_written_and_rendered_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
