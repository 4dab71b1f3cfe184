// SPDX-License-Identifier: GPL-2.0-or-later
/* What the model makes of events: every byte once, and every remainder named. */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/growth_builder.h"
#include "render/format.h"
#include "scenes.h"

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

static struct growth_builder *build(void (*scene)(const struct stage *stage))
{
	struct growth_builder *builder = NULL;

	assert_int_equal(growth_builder_new(&builder), 0);
	scene(&(struct stage){into_builder, builder});
	return builder;
}

static struct growth *finish(const struct growth_builder *builder, struct growth_options options)
{
	struct growth *growth = NULL;

	assert_int_equal(growth_builder_finish(builder, &options, &growth), 0);
	return growth;
}

static uint64_t rows_sum(const struct growth *growth)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < growth->row_count; i++)
		sum += growth->rows[i].bytes;
	return sum;
}

static uint64_t folded_sum(const struct growth *growth)
{
	_cleanup_free_ char *text = NULL;
	const struct render_options options = {0};
	size_t len_bytes;
	FILE *stream = open_memstream(&text, &len_bytes);
	uint64_t sum = 0;

	assert_int_equal(format_get(FORMAT_FOLDED)->growth(growth, &options, stream), 0);
	fclose(stream);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		sum += strtoull(strrchr(line, ' '), NULL, 10);
	return sum;
}

static const struct growth_row *row_of(const struct growth *growth, uint32_t pid, const char *leaf)
{
	for (size_t i = 0; i < growth->row_count; i++) {
		const struct growth_row *row = &growth->rows[i];

		if (row->process->pid == pid &&
		    strcmp(row->frames[row->frame_count - 1], leaf) == 0)
			return row;
	}
	return NULL;
}

static const struct growth_process *process_of(const struct growth *growth, uint32_t pid)
{
	for (size_t i = 0; i < growth->process_count; i++)
		if (growth->processes[i].pid == pid)
			return &growth->processes[i];
	return NULL;
}

/* --- addresses ---------------------------------------------------------------------------- */

static void test_reserved_addresses_are_counted_exactly_whatever_the_period(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_reserving);
	_cleanup_(growth_freep) struct growth *growth =
		finish(builder, (struct growth_options){.reserved = true});
	const uint64_t mib = 1 << 20;
	const struct growth_row *row = row_of(growth, 300, "os::reserve_memory");

	(void)state;
	assert_int_equal(growth->row_count, 4);
	assert_int_equal(growth->total_bytes, (64 + 40960 + 3 + 67) * mib);
	assert_int_equal(rows_sum(growth), growth->total_bytes);
	assert_int_equal(folded_sum(growth), growth->total_bytes);
	assert_non_null(row);
	assert_int_equal(row->bytes, 40960 * mib);
	assert_int_equal(row->error_bytes, 0);
	assert_int_equal(growth->processes[0].reserved_bytes, (64 + 40960 + 3) * mib);
	assert_int_equal(growth->processes[0].all_mappings.reserved_bytes,
			 growth->processes[0].reserved_bytes);
	assert_int_equal(growth->processes[0].all_mappings.resident_bytes, 6 * mib + 200 * 4096);
	assert_false(growth->processes[1].mappings_known);
}

static void test_memory_does_not_count_addresses(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_reserving);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});

	(void)state;
	assert_int_equal(growth->row_count, 1);
	assert_int_equal(growth->total_bytes, 96 * 16 * 4096);
}

/* --- every byte once ---------------------------------------------------------------------- */

/* Any number of processes, stacks and cells; returns how many slots are live and allocated. */
static void play_random(struct growth_builder *builder, uint64_t period, unsigned int *seed,
			uint64_t *ret_live, uint64_t *ret_allocated)
{
	const struct stage stage = {into_builder, builder};

	*ret_live = *ret_allocated = 0;
	play_session(&stage, period, "random");
	play_module(&stage, 1, "/bin/random");
	for (uint32_t id = 1; id <= 5; id++)
		play_process(&stage, id, 1000 + id, 1, "random", id == 1, false);
	for (uint32_t id = 1; id <= 40; id++)
		play_stack(&stage, id, id % 3 ? "random" : "thread",
			   STACK(1 + rand_r(seed) % 9, 1 + rand_r(seed) % 3));
	for (uint64_t offset = 1; offset < 5; offset++)
		play_name(&stage, offset, offset % 2 ? "odd" : "even");
	for (int i = 0; i < 200; i++) {
		uint64_t live = rand_r(seed) % (rand_r(seed) % 50 + 1);
		uint64_t allocated = live + rand_r(seed) % 10;

		play_cell(&stage, 1 + rand_r(seed) % 5, 1 + rand_r(seed) % 40,
			  rand_r(seed) % KIND_COUNT, live, allocated);
		*ret_live += live;
		*ret_allocated += allocated;
	}
	play_end(&stage, END_DURATION);
}

static void expect_total(const struct growth_builder *builder, bool since_start, uint64_t bytes)
{
	_cleanup_(growth_freep) struct growth *growth =
		finish(builder, (struct growth_options){.since_start = since_start});

	assert_int_equal(growth->total_bytes, bytes);
	assert_int_equal(rows_sum(growth), bytes);
	assert_int_equal(folded_sum(growth), bytes);
}

static void test_rows_and_folded_lines_hold_every_byte_once(void **state)
{
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 60; round++) {
		_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
		uint64_t period = 1ULL << round % 10;
		uint64_t live, allocated;

		assert_int_equal(growth_builder_new(&builder), 0);
		play_random(builder, period, &seed, &live, &allocated);
		expect_total(builder, false, live * period * 4096);
		expect_total(builder, true, allocated * period * 4096);
	}
}

static void test_kinds_part_the_whole(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_server);
	_cleanup_(growth_freep) struct growth *all = finish(builder, (struct growth_options){0});
	uint64_t sum = 0;

	(void)state;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		_cleanup_(growth_freep) struct growth *one =
			finish(builder, (struct growth_options){.kinds = 1U << kind});

		assert_int_equal(one->total_bytes, all->kind_bytes[kind]);
		sum += one->total_bytes;
	}
	assert_int_equal(sum, all->total_bytes);
}

static void test_equal_names_are_one_stack(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_server);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});
	const struct growth_row *row = row_of(growth, 1234, "zmalloc");

	(void)state;
	assert_non_null(row);
	assert_ptr_equal(row, growth->rows);
	assert_int_equal(row->samples, 1600);
	assert_int_equal(row->bytes, 1600 * 16 * 4096);
	assert_int_equal(row->allocated_bytes, 2300 * 16 * 4096);
	assert_int_equal(row->error_bytes, (80 + 1) * 16 * 4096);
}

static void test_stacks_of_few_samples_are_listed_together(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_server);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});

	(void)state;
	for (size_t i = 0; i < growth->row_count; i++)
		assert_true(growth->rows[i].samples >= 4 || growth->rows[i].frames[0][0] == '[');
	assert_int_equal(row_of(growth, 1234, "[others]")->samples, 5);
}

/* --- whose -------------------------------------------------------------------------------- */

static void test_heirs_show_what_an_ended_parent_left_once(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_prefork);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});
	const struct growth_row *row = row_of(growth, 101, "load_table");

	(void)state;
	assert_int_equal(growth->total_bytes, (2048 + 100 + 50) * 4096);
	assert_int_equal(row->inherited_from_pid, 100);
	assert_string_equal(row->frames[0], "[inherited from 100]");
	assert_null(row_of(growth, 102, "load_table"));
	assert_false(process_of(growth, 100)->shown);
	/* each child's own account counts what it maps, shared or not */
	assert_int_equal(process_of(growth, 101)->accounts[KIND_ANON].inherited_bytes, 2048 * 4096);
	assert_int_equal(process_of(growth, 102)->accounts[KIND_ANON].inherited_bytes, 2000 * 4096);
	assert_int_equal(process_of(growth, 102)->accounts[KIND_ANON].unexplained_bytes, 0);
}

static void play_living_parent(const struct stage *stage)
{
	play_session(stage, 1, "-p 1");
	play_process(stage, 1, 100, 1, "parent", true, false);
	play_process(stage, 2, 101, 100, "child", false, false);
	play_stack(stage, 1, "parent", STACK(0));
	play_cell(stage, 1, 1, KIND_ANON, 30, 30);
	play_inherited(stage, 2, 1, 100, 1, 20, 20);
	play_end(stage, END_DURATION);
}

static void test_a_living_parent_keeps_its_pages(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(play_living_parent);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});

	(void)state;
	assert_int_equal(growth->row_count, 1);
	assert_int_equal(growth->rows[0].process->pid, 100);
	assert_int_equal(growth->rows[0].bytes, 30 * 4096);
	assert_int_equal(process_of(growth, 101)->accounts[KIND_ANON].inherited_bytes, 20 * 4096);
}

static void test_ended_processes_are_shown_only_when_the_target_ended(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_command);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});

	(void)state;
	assert_non_null(row_of(growth, 200, "xmalloc"));
	/* the shell that exec replaced is not */
	for (size_t i = 0; i < growth->row_count; i++)
		assert_string_equal(growth->rows[i].process->comm, "sort");
}

static void play_outlived(const struct stage *stage)
{
	play_session(stage, 1, "--all");
	play_process(stage, 1, 100, 1, "writer", false, true);
	play_stack(stage, 1, "writer", STACK(0));
	play_cell(stage, 1, 1, KIND_SHMEM, 30, 30);
	play_held(stage, 1, 1, KIND_ANON, 70, 70);
	play_end(stage, END_DURATION);
}

static void test_what_outlives_its_process_stays_live(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(play_outlived);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});

	(void)state;
	assert_int_equal(growth->total_bytes, 30 * 4096);
	assert_int_equal(growth->rows[0].kind, KIND_SHMEM);
	assert_true(process_of(growth, 100)->shown);
}

/* --- remainders --------------------------------------------------------------------------- */

static void test_anon_adds_up_with_its_remainder(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_server);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});
	const struct growth_account *anon = &growth->processes[0].accounts[KIND_ANON];

	(void)state;
	assert_true(anon->kernel_known);
	assert_int_equal(anon->stacks_bytes, (1000 + 600 + 3 + 2) * 16 * 4096);
	assert_int_equal(anon->before_bytes, 48 * 16 * 4096);
	assert_int_equal(anon->held_bytes, anon->stacks_bytes + anon->before_bytes +
						   anon->moved_bytes + anon->lost_bytes +
						   anon->inherited_bytes);
	assert_int_equal((int64_t)anon->held_bytes + anon->unexplained_bytes,
			 anon->kernel_bytes + anon->split_huge_bytes + anon->elsewhere_bytes);
}

static void test_what_was_before_is_subtracted_where_it_cannot_be_seen(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_command);
	_cleanup_(growth_freep) struct growth *growth = finish(builder, (struct growth_options){0});
	const struct growth_row *row = row_of(growth, 200, "[resident before tracing]");

	(void)state;
	/* 6500 resident, 6400 in stacks, but only 40 were there at the start */
	assert_int_equal(row->bytes, 40 * 4096);
	assert_int_equal(row->samples, 0);
	assert_int_equal(
		row_of(growth, 200, "xmalloc")->process->accounts[KIND_ANON].unexplained_bytes,
		60 * 4096);
}

/* --- names -------------------------------------------------------------------------------- */

struct asked {
	uint64_t offsets[8];
	size_t count;
};

static int ask(uint32_t module, uint64_t offset, void *context)
{
	struct asked *asked = context;

	assert_int_equal(module, 1);
	assert_true(asked->count < 8);
	asked->offsets[asked->count++] = offset;
	return 0;
}

static int ask_no_more(uint32_t module, uint64_t offset, void *context)
{
	(void)module;
	(void)offset;
	++*(int *)context;
	return -ECANCELED;
}

static void test_each_missing_name_is_asked_for_once(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_server);
	struct asked asked = {0};
	int calls = 0;

	(void)state;
	assert_int_equal(growth_builder_unnamed(builder, ask, &asked), 0);
	assert_int_equal(asked.count, 2);
	assert_int_equal(asked.offsets[0], 0x600);
	assert_int_equal(asked.offsets[1], 0x700);
	assert_int_equal(growth_builder_unnamed(builder, ask_no_more, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
}

static void test_a_name_that_comes_later_is_used(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_server);
	_cleanup_(growth_freep) struct growth *before = finish(builder, (struct growth_options){0});
	_cleanup_(growth_freep) struct growth *after = NULL;

	(void)state;
	play_name(&(struct stage){into_builder, builder}, 0x600, "found");
	after = finish(builder, (struct growth_options){0});
	assert_non_null(row_of(before, 1234, "redis-server+0x600"));
	assert_null(row_of(after, 1234, "redis-server+0x600"));
	assert_non_null(row_of(after, 1234, "found"));
}

/* --- bad input ---------------------------------------------------------------------------- */

static void test_events_about_unknown_ids_are_refused(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene_idle);
	const struct event_frame frame = {.module = 9, .offset = 1};
	const struct event cases[] = {
		{.type = EVENT_CELL, .cell = {.process = 9, .stack = 9}},
		{.type = EVENT_INHERITED, .inherited = {.process = 9}},
		{.type = EVENT_MEMORY, .memory = {.process = 9}},
		{.type = EVENT_STACK, .stack = {.id = 1, .frame_count = 1, .frames = &frame}},
		{.type = EVENT_SESSION, .session = {.period_pages = 1}},
		{.type = 0},
		{.type = 99},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(growth_builder_add(builder, &cases[i]), -EBADMSG);
}

static void test_without_a_session_there_is_nothing_to_finish(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	struct growth *growth = NULL;

	(void)state;
	assert_int_equal(growth_builder_new(&builder), 0);
	assert_int_equal(growth_builder_finish(builder, &(struct growth_options){0}, &growth),
			 -ENODATA);
	assert_null(growth);
}

static int add_a_line(struct growth_builder *builder, uint32_t depth, const char *name)
{
	return growth_builder_add(
		builder,
		&(struct event){
			.type = EVENT_LINE,
			.line = {.module = 1, .offset = 0x10, .depth = depth, .name = name}});
}

static void test_lines_come_from_the_outermost_on(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;

	(void)state;
	assert_int_equal(growth_builder_new(&builder), 0);
	assert_int_equal(add_a_line(builder, 1, "first"), -EBADMSG);
	assert_int_equal(add_a_line(builder, 0, NULL), 0);
	assert_int_equal(add_a_line(builder, 2, "third"), -EBADMSG);
	assert_int_equal(add_a_line(builder, 1, NULL), -EBADMSG);
	assert_int_equal(add_a_line(builder, 1, ""), -EBADMSG);
	assert_int_equal(add_a_line(builder, 1, "second"), 0);
	assert_int_equal(add_a_line(builder, 1, "again"), -EBADMSG);
	for (uint32_t depth = 2; depth < EVENT_LINE_DEPTHS; depth++)
		assert_int_equal(add_a_line(builder, depth, "deeper"), 0);
	assert_int_equal(add_a_line(builder, EVENT_LINE_DEPTHS, "too deep"), -EBADMSG);
	/* told anew */
	assert_int_equal(add_a_line(builder, 0, NULL), 0);
	assert_int_equal(add_a_line(builder, 1, "second"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_come_from_the_outermost_on),
		cmocka_unit_test(test_rows_and_folded_lines_hold_every_byte_once),
		cmocka_unit_test(test_kinds_part_the_whole),
		cmocka_unit_test(test_equal_names_are_one_stack),
		cmocka_unit_test(test_stacks_of_few_samples_are_listed_together),
		cmocka_unit_test(test_heirs_show_what_an_ended_parent_left_once),
		cmocka_unit_test(test_a_living_parent_keeps_its_pages),
		cmocka_unit_test(test_ended_processes_are_shown_only_when_the_target_ended),
		cmocka_unit_test(test_what_outlives_its_process_stays_live),
		cmocka_unit_test(test_anon_adds_up_with_its_remainder),
		cmocka_unit_test(test_what_was_before_is_subtracted_where_it_cannot_be_seen),
		cmocka_unit_test(test_each_missing_name_is_asked_for_once),
		cmocka_unit_test(test_a_name_that_comes_later_is_used),
		cmocka_unit_test(test_events_about_unknown_ids_are_refused),
		cmocka_unit_test(test_reserved_addresses_are_counted_exactly_whatever_the_period),
		cmocka_unit_test(test_memory_does_not_count_addresses),
		cmocka_unit_test(test_without_a_session_there_is_nothing_to_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
