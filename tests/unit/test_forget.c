// SPDX-License-Identifier: GPL-2.0-or-later
/* A recording of a day takes no more memory than one of a minute, and says the same. */
#include "test.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth_builder.h"
#include "scenes.h"

#define WORKERS_AT_A_TIME 10
#define LONG_LIVED 1

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

static void begin(const struct stage *stage)
{
	play_session(stage, 16, "--all");
	play_module(stage, 1, "/usr/bin/cc");
	play_process(stage, LONG_LIVED, 77, 1, "make", false, false);
	play_stack(stage, LONG_LIVED, "make", STACK(0x900));
}

/* Processes that each live for one snapshot, with a stack of their own. */
static void play_second(const struct stage *stage, uint32_t second)
{
	uint32_t first = 2 + second * WORKERS_AT_A_TIME;

	play_snapshot(stage, second, false);
	for (uint32_t id = first; id < first + WORKERS_AT_A_TIME; id++) {
		play_process(stage, id, id, 77, "cc1", false, false);
		play_stack(stage, id, "cc1", STACK(0x100 + id % 8, 0x300));
		play_cell(stage, id, id, KIND_ANON, 100, 100);
		play_rss(stage, id, MEMORY_END, 1000);
	}
	play_cell(stage, LONG_LIVED, LONG_LIVED, KIND_ANON, 100 + second, 100 + second);
	play_whole(stage, second);
	for (uint32_t id = first; id < first + WORKERS_AT_A_TIME; id++) {
		play_forgotten(stage, 0, id);
		play_forgotten(stage, id, 0);
	}
}

static struct growth_builder *build(uint32_t seconds, bool previous, bool name_all)
{
	struct growth_builder *builder = NULL;
	struct stage stage = {into_builder, NULL};

	assert_int_equal(growth_builder_new(&builder), 0);
	if (previous)
		growth_builder_keep_previous(builder);
	if (name_all)
		growth_builder_name_all(builder);
	stage.context = builder;
	begin(&stage);
	for (uint32_t second = 0; second < seconds; second++)
		play_second(&stage, second);
	return builder;
}

static size_t bytes_after(uint32_t seconds)
{
	size_t before = mallinfo2().uordblks;
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(seconds, true, false);

	return mallinfo2().uordblks - before;
}

static void test_memory_does_not_grow_with_time(void **state)
{
	size_t minute = bytes_after(60), day = bytes_after(60 * 60 * 24);

	(void)state;
	/* a table of ids may have grown once, where an id fell badly */
	assert_in_range(day, 0, 2 * minute);
}

static void test_what_the_last_snapshot_names_is_still_there(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(50, false, false);
	_cleanup_(growth_freep) struct growth *growth = NULL;

	(void)state;
	assert_int_equal(
		growth_builder_finish(builder, &(struct growth_options){.kinds = 0}, &growth), 0);
	assert_int_equal(growth->row_count, WORKERS_AT_A_TIME + 1);
	assert_int_equal(growth->process_count, 2 * WORKERS_AT_A_TIME + 1);
	/* those of the last snapshot and of the one before are known; all others are counted */
	assert_int_equal(growth->gone_count, 48 * WORKERS_AT_A_TIME);
	assert_int_equal(growth->total_bytes, (WORKERS_AT_A_TIME * 100 + 149) * 16 * 4096LL);
}

static void test_nobody_may_name_what_was_forgotten(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(50, false, false);
	struct event cell = {.type = EVENT_CELL, .cell = {.process = LONG_LIVED, .stack = 2}};

	(void)state;
	assert_int_equal(growth_builder_add(builder, &cell), -EBADMSG);
	cell.cell.stack = LONG_LIVED;
	assert_int_equal(growth_builder_add(builder, &cell), 0);
	cell.cell.process = 2;
	assert_int_equal(growth_builder_add(builder, &cell), -EBADMSG);
}

static int count_unnamed(uint32_t module, uint64_t offset, void *count)
{
	(void)module, (void)offset;
	++*(int *)count;
	return 0;
}

static int unnamed(const struct growth_builder *builder)
{
	int count = 0;

	assert_int_equal(growth_builder_unnamed(builder, count_unnamed, &count), 0);
	return count;
}

static void test_a_trace_file_asks_for_names_of_what_is_gone(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *all = build(50, false, true);
	_cleanup_(growth_builder_freep) struct growth_builder *rest = build(1, false, false);
	const struct event name = {.type = EVENT_NAME,
				   .name = {.module = 1, .offset = 0x102, .name = "parse"}};

	(void)state;
	/* 8 leaves, their caller, and that of the long-lived one */
	assert_int_equal(unnamed(all), 10);
	assert_int_equal(growth_builder_add(all, &name), 0);
	assert_int_equal(unnamed(all), 9);
	assert_int_equal(unnamed(rest), 10);
}

/* --- the snapshot before ------------------------------------------------------------------ */

static struct growth *since_previous(const struct growth_builder *builder)
{
	struct growth *growth = NULL;

	assert_int_equal(growth_builder_finish(builder,
					       &(struct growth_options){.since_previous = true},
					       &growth),
			 0);
	return growth;
}

static const struct growth_row *row_of(const struct growth *growth, uint32_t process)
{
	for (size_t i = 0; i < growth->row_count; i++)
		if (growth->rows[i].process->id == process)
			return &growth->rows[i];
	return NULL;
}

static void test_rows_tell_what_they_hold_and_how_it_has_changed(void **state)
{
	const int64_t slot = 16 * 4096;
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(50, true, false);
	_cleanup_(growth_freep) struct growth *growth = since_previous(builder);
	const struct growth_row *steady, *come, *gone;

	(void)state;
	assert_true(growth->previous_known);
	assert_int_equal(growth->previous_ns, 48 * 1000000000ULL);
	assert_int_equal(growth->time_ns, 49 * 1000000000ULL);
	steady = row_of(growth, LONG_LIVED);
	assert_int_equal(steady->bytes, 149 * slot);
	assert_int_equal(steady->change_bytes, 1 * slot);
	come = row_of(growth, 2 + 49 * WORKERS_AT_A_TIME);
	assert_int_equal(come->bytes, 100 * slot);
	assert_int_equal(come->change_bytes, 100 * slot);
	gone = row_of(growth, 2 + 48 * WORKERS_AT_A_TIME);
	assert_int_equal(gone->bytes, 0);
	assert_int_equal(gone->change_bytes, -100 * slot);
	assert_int_equal(growth->change_bytes, slot);
	assert_int_equal(growth->total_bytes, (WORKERS_AT_A_TIME * 100 + 149) * slot);
}

static void test_the_first_snapshot_has_no_change(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(1, true, false);
	_cleanup_(growth_freep) struct growth *growth = since_previous(builder);

	(void)state;
	assert_false(growth->previous_known);
	assert_int_equal(growth->total_bytes, (WORKERS_AT_A_TIME * 100 + 100) * 16 * 4096LL);
	assert_int_equal(growth->change_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_does_not_grow_with_time),
		cmocka_unit_test(test_what_the_last_snapshot_names_is_still_there),
		cmocka_unit_test(test_nobody_may_name_what_was_forgotten),
		cmocka_unit_test(test_a_trace_file_asks_for_names_of_what_is_gone),
		cmocka_unit_test(test_rows_tell_what_they_hold_and_how_it_has_changed),
		cmocka_unit_test(test_the_first_snapshot_has_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
