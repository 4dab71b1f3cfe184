// SPDX-License-Identifier: GPL-2.0-or-later
/* Any part of a recording: what was live at one moment, what grew between two. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/trace_reader.h"
#include "capture/trace_writer.h"
#include "model/growth_builder.h"
#include "render/folded.h"
#include "scenes.h"

#define SECOND_NS 1000000000ULL
#define SESSION_NS 1700000000000000000ULL /* of play_session() */
#define SLOT_BYTES (16 * 4096LL)

static const struct growth_moment never = {.given = false};

static struct growth_moment after(uint64_t seconds)
{
	return (struct growth_moment){.given = true, .ns = seconds * SECOND_NS};
}

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

static struct growth_builder *build(void (*scene)(const struct stage *stage),
				    struct growth_moment from, struct growth_moment to)
{
	struct growth_builder *builder = NULL;

	assert_int_equal(growth_builder_new(&builder), 0);
	growth_builder_limit(builder, &(struct growth_interval){.from = from, .to = to});
	scene(&(struct stage){into_builder, builder});
	return builder;
}

static struct growth *finish(const struct growth_builder *builder)
{
	struct growth *growth = NULL;

	assert_int_equal(
		growth_builder_finish(builder, &(struct growth_options){.kinds = 0}, &growth), 0);
	return growth;
}

/* The total of a part; -1 where there is none. */
static int64_t total_of(void (*scene)(const struct stage *stage), struct growth_moment from,
			struct growth_moment to)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build(scene, from, to);
	_cleanup_(growth_freep) struct growth *growth = NULL;
	int err = growth_builder_finish(builder, &(struct growth_options){.kinds = 0}, &growth);

	if (err)
		assert_int_equal(err, -ERANGE);
	return err ? -1 : growth->total_bytes;
}

static const struct growth_row *row_of(const struct growth *growth, const char *leaf)
{
	for (size_t i = 0; i < growth->row_count; i++) {
		const struct growth_row *row = &growth->rows[i];

		if (strcmp(row->frames[row->frame_count - 1], leaf) == 0)
			return row;
	}
	return NULL;
}

/* --- which snapshot ------------------------------------------------------------------------ */

static void test_the_latest_snapshot_at_or_before_a_moment_counts(void **state)
{
	(void)state;
	assert_int_equal(total_of(scene_snapshots, never, after(0)), 64 * SLOT_BYTES);
	assert_int_equal(total_of(scene_snapshots, never, after(9)), 64 * SLOT_BYTES);
	assert_int_equal(total_of(scene_snapshots, never, after(10)), 514 * SLOT_BYTES);
	assert_int_equal(total_of(scene_snapshots, never, after(29)), 610 * SLOT_BYTES);
	assert_int_equal(total_of(scene_snapshots, never, after(31)), 660 * SLOT_BYTES);
	assert_int_equal(total_of(scene_snapshots, never, never), 660 * SLOT_BYTES);
}

/* A scene of one stack that holds as many slots as the snapshot's number: each is late. */
static void scene_late(const struct stage *stage)
{
	static const uint64_t taken_ns[] = {2000000, 1004000000, 2060000000, 3100000000};

	play_session(stage, 16, "pid 1");
	play_module(stage, 1, "/usr/bin/late");
	play_process(stage, 1, 1, 0, "late", true, false);
	play_stack(stage, 1, "late", STACK(0x100));
	for (uint32_t i = 0; i < 4; i++) {
		const struct event snapshot = {
			.type = EVENT_SNAPSHOT,
			.snapshot = {.time_ns = taken_ns[i], .last = i == 3}};

		play(stage, snapshot);
		play_cell(stage, 1, 1, KIND_ANON, i + 1, i + 1);
	}
}

static void test_a_snapshot_that_came_a_little_late_is_of_its_moment(void **state)
{
	(void)state;
	assert_int_equal(total_of(scene_late, never, after(1)), 2 * SLOT_BYTES);
	assert_int_equal(total_of(scene_late, never, after(2)), 3 * SLOT_BYTES);
	assert_int_equal(total_of(scene_late, after(1), after(2)), SLOT_BYTES);
	/* by a tenth of the step: that is another moment */
	assert_int_equal(total_of(scene_late, never, after(3)), 3 * SLOT_BYTES);
}

/* One stack of 30 slots, anon at first, half of them file later; and one that had freed all. */
static void scene_two_kinds(const struct stage *stage)
{
	play_session(stage, 16, "pid 1");
	play_module(stage, 1, "/usr/bin/two");
	play_process(stage, 1, 1, 0, "two", true, false);
	play_stack(stage, 1, "two", STACK(0x100));
	play_stack(stage, 2, "two", STACK(0x200));
	for (uint32_t i = 0; i < 2; i++) {
		const struct event snapshot = {
			.type = EVENT_SNAPSHOT,
			.snapshot = {.time_ns = i * SECOND_NS, .last = i == 1}};
		struct event cell = {.type = EVENT_CELL,
				     .cell = {.process = 1, .stack = 1, .allocated_slots = 40}};

		play(stage, snapshot);
		cell.cell.live_slots[KIND_ANON] = i ? 16 : 30;
		cell.cell.live_slots[KIND_FILE] = i ? 14 : 0;
		cell.cell.allocated_slots += i * 5;
		play(stage, cell);
		play_cell(stage, 1, 2, KIND_ANON, i * 10, 100 + i * 10);
	}
	play_end(stage, END_INTERRUPTED);
}

static uint64_t allocated_of(const struct growth *growth)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < growth->row_count; i++)
		bytes += growth->rows[i].allocated_bytes;
	return bytes;
}

static void test_what_a_stack_has_allocated_is_said_once(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_two_kinds, never, never);
	_cleanup_(growth_freep) struct growth *growth = finish(builder);

	(void)state;
	assert_int_equal(growth->row_count, 3);
	assert_int_equal(growth->rows[0].kind, KIND_ANON);
	assert_int_equal(growth->rows[0].allocated_bytes, 45 * SLOT_BYTES);
	assert_int_equal(growth->rows[1].kind, KIND_FILE);
	assert_int_equal(growth->rows[1].allocated_bytes, 0);
	assert_true(growth->rows[1].allocated_above && !growth->rows[0].allocated_above);
	assert_int_equal(allocated_of(growth), (45 + 110) * SLOT_BYTES);
}

/* Ten slots of one kind stay, of another one some go: the row that stays is not shown. */
static void scene_one_kind_shrinks(const struct stage *stage)
{
	play_session(stage, 16, "pid 1");
	play_module(stage, 1, "/usr/bin/one");
	play_process(stage, 1, 1, 0, "one", true, false);
	play_stack(stage, 1, "one", STACK(0x100));
	for (uint32_t i = 0; i < 2; i++) {
		const struct event snapshot = {
			.type = EVENT_SNAPSHOT,
			.snapshot = {.time_ns = i * SECOND_NS, .last = i == 1}};
		struct event cell = {
			.type = EVENT_CELL,
			.cell = {.process = 1, .stack = 1, .allocated_slots = 40 + i * 5}};

		play(stage, snapshot);
		cell.cell.live_slots[KIND_ANON] = 10;
		cell.cell.live_slots[KIND_FILE] = i ? 5 : 20;
		play(stage, cell);
	}
	play_end(stage, END_INTERRUPTED);
}

static void test_a_row_that_is_not_shown_says_nothing(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_one_kind_shrinks, after(0), after(1));
	_cleanup_(growth_freep) struct growth *growth = finish(builder);

	(void)state;
	assert_int_equal(growth->row_count, 1);
	assert_int_equal(growth->rows[0].kind, KIND_FILE);
	assert_int_equal(growth->rows[0].allocated_bytes, 5 * SLOT_BYTES);
}

/* Nor what was allocated before, of a kind that there was none of, or where all was free. */
static void test_what_was_allocated_in_an_interval_is_no_more_than_that(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_two_kinds, after(0), after(1));
	_cleanup_(growth_freep) struct growth *growth = finish(builder);

	(void)state;
	assert_int_equal(growth->rows[0].kind, KIND_FILE);
	assert_int_equal(growth->rows[0].allocated_bytes, 5 * SLOT_BYTES);
	assert_int_equal(growth->rows[1].allocated_bytes, 10 * SLOT_BYTES);
	assert_int_equal(allocated_of(growth), 15 * SLOT_BYTES);
}

static void test_a_time_of_day_is_as_good_as_an_offset(void **state)
{
	struct growth_moment moment = {.given = true, .absolute = true};

	(void)state;
	moment.ns = SESSION_NS + 10 * SECOND_NS;
	assert_int_equal(total_of(scene_snapshots, never, moment), 514 * SLOT_BYTES);
	assert_int_equal(total_of(scene_snapshots, moment, after(20)), 96 * SLOT_BYTES);
	moment.ns = SESSION_NS - 1;
	assert_int_equal(total_of(scene_snapshots, never, moment), -1);
}

static void test_where_no_snapshot_is_nothing_is_shown(void **state)
{
	(void)state;
	/* one alone is no interval, and a recording without snapshots has only its end */
	assert_int_equal(total_of(scene_snapshots, after(10), after(19)), -1);
	assert_int_equal(total_of(scene_snapshots, after(30), never), -1);
	assert_int_equal(total_of(scene_server, never, after(5)), -1);
	assert_int_equal(total_of(scene_server, after(5), never), -1);
}

static void test_snapshots_are_counted_for_who_asks(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_snapshots, never, after(5));
	struct growth_snapshots seen = growth_builder_snapshots(builder);

	(void)state;
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.first_ns, 0);
	assert_int_equal(seen.last_ns, 30 * SECOND_NS);
}

static void test_time_does_not_run_back(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_snapshots, never, never);
	const struct event event = {.type = EVENT_SNAPSHOT, .snapshot = {.time_ns = 1}};

	(void)state;
	assert_int_equal(growth_builder_add(builder, &event), -EBADMSG);
}

/* --- what it shows ------------------------------------------------------------------------- */

static void test_growth_is_the_difference_of_two_moments(void **state)
{
	(void)state;
	for (uint64_t from = 0; from <= 20; from += 10) {
		for (uint64_t to = from + 10; to <= 30; to += 10) {
			int64_t grown = total_of(scene_snapshots, after(from), after(to));

			assert_int_equal(grown,
					 total_of(scene_snapshots, never, after(to)) -
						 total_of(scene_snapshots, never, after(from)));
		}
	}
}

static void test_what_shrinks_is_negative_and_what_stays_is_not_there(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_snapshots, after(10), after(20));
	_cleanup_(growth_freep) struct growth *growth = finish(builder);

	(void)state;
	assert_int_equal(row_of(growth, "cache_insert")->bytes, 300 * SLOT_BYTES);
	assert_int_equal(row_of(growth, "cache_insert")->allocated_bytes, 350 * SLOT_BYTES);
	assert_int_equal(row_of(growth, "cache_parse")->bytes, -200 * SLOT_BYTES);
	assert_null(row_of(growth, "worker_run"));
}

static void test_figures_are_those_of_their_moment(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_snapshots, after(10), after(20));
	_cleanup_(growth_freep) struct growth *growth = finish(builder);
	const struct growth_process *worker = &growth->processes[1];

	(void)state;
	assert_true(growth->earlier && growth->has_from && growth->time_known);
	assert_int_equal(growth->from_ns, 10 * SECOND_NS);
	assert_int_equal(growth->time_ns, 20 * SECOND_NS);
	/* it has ended since, but not yet */
	assert_int_equal(worker->pid, 78);
	assert_false(worker->ended);
	assert_int_equal(worker->rss_start_bytes, (4 * SCENE_MIB_PAGES + 964) * 4096);
	assert_int_equal(worker->rss_end_bytes, (3 * SCENE_MIB_PAGES + 964) * 4096);
	assert_int_equal(worker->accounts[KIND_ANON].held_bytes, 50 * SLOT_BYTES);
	assert_int_equal(growth->losses[0].count, 2);
}

static int count_asked(uint32_t module, uint64_t offset, void *context)
{
	(void)module;
	(void)offset;
	++*(size_t *)context;
	return 0;
}

static void play_nameless(const struct stage *stage)
{
	play_session(stage, 1, "-i 1 -p 5");
	play_process(stage, 1, 5, 1, "x", true, false);
	play_module(stage, 1, "/bin/x");
	play_snapshot(stage, 0, false);
	play_stack(stage, 1, "x", STACK(0x100));
	play_cell(stage, 1, 1, KIND_ANON, 5, 5);
	play_snapshot(stage, 1, true);
	play_stack(stage, 2, "x", STACK(0x200));
	play_cell(stage, 1, 2, KIND_ANON, 5, 5);
}

static void test_stacks_of_earlier_snapshots_are_named_too(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(play_nameless, never, never);
	size_t asked = 0;

	(void)state;
	assert_int_equal(growth_builder_unnamed(builder, count_asked, &asked), 0);
	assert_int_equal(asked, 2);
}

static void play_reserving(const struct stage *stage)
{
	play_session(stage, 16, "-i 1 -p 5");
	play_process(stage, 1, 5, 1, "x", true, false);
	play_label(stage, 1, STACK_NO_STACK);
	play_label(stage, 2, STACK_MAPPED_BEFORE);
	play_snapshot(stage, 0, false);
	play_reserved(stage, 1, 1, 10);
	play_reserved(stage, 1, 2, 7);
	play_snapshot(stage, 1, true);
	play_reserved(stage, 1, 1, 25);
	play_reserved(stage, 1, 2, 7);
	play_end(stage, END_DURATION);
}

/* Addresses are counted to the page, whatever the period. */
static void test_reserved_addresses_grow_too(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(play_reserving, after(0), never);
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_options options = {.reserved = true};

	(void)state;
	assert_int_equal(growth_builder_finish(builder, &options, &growth), 0);
	assert_int_equal(growth->row_count, 1);
	assert_int_equal(growth->total_bytes, 4096 * 15);
	assert_int_equal(growth->rows[0].error_bytes, 0);
	assert_int_equal(growth->processes[0].reserved_bytes, 4096 * 32);
}

/* --- folded -------------------------------------------------------------------------------- */

struct sums {
	int64_t before, after;
	size_t lines;
};

/* Adds up the columns of folded lines. */
static struct sums sum_lines(char *text, bool two_columns)
{
	struct sums sums = {0};

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *blank = strrchr(line, ' ');

		assert_int_not_equal(blank[1], '-');
		sums.after += strtoll(blank, NULL, 10);
		sums.lines++;
		if (!two_columns)
			continue;
		*blank = '\0';
		sums.before += strtoll(strrchr(line, ' '), NULL, 10);
	}
	return sums;
}

static void test_folded_lines_and_what_they_leave_out_are_the_whole(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder =
		build(scene_snapshots, after(10), after(20));
	_cleanup_(growth_freep) struct growth *growth = finish(builder);
	const struct render_options options = {0};
	struct folded_left_out left_out;
	_cleanup_free_ char *text = NULL;
	size_t len_bytes;
	FILE *stream = open_memstream(&text, &len_bytes);
	struct sums sums;

	(void)state;
	assert_int_equal(folded_growth(growth, &options, stream), 0);
	fclose(stream);
	sums = sum_lines(text, false);
	assert_int_equal(folded_left_out(growth, &options, &left_out), 0);
	assert_int_equal(sums.lines, 1);
	assert_int_equal(left_out.stacks, 2);
	assert_int_equal(left_out.bytes, 204 * SLOT_BYTES);
	assert_int_equal(sums.after - (int64_t)left_out.bytes, growth->total_bytes);
}

static void test_a_diff_has_the_totals_of_both(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *old_builder =
		build(scene_snapshots, never, after(10));
	_cleanup_(growth_builder_freep) struct growth_builder *new_builder =
		build(scene_snapshots, never, never);
	_cleanup_(growth_freep) struct growth *old = finish(old_builder);
	_cleanup_(growth_freep) struct growth *new = finish(new_builder);
	const struct render_options options = {.without_pids = true};
	_cleanup_free_ char *text = NULL;
	size_t len_bytes;
	FILE *stream = open_memstream(&text, &len_bytes);
	struct sums sums;

	(void)state;
	assert_int_equal(folded_diff(old, new, &options, stream), 0);
	fclose(stream);
	assert_non_null(strstr(text, "cache;main;cache_insert 6553600 32768000\n"));
	assert_null(strstr(text, "pid"));
	sums = sum_lines(text, true);
	assert_int_equal(sums.before, old->total_bytes);
	assert_int_equal(sums.after, new->total_bytes);
}

/* --- cut short ----------------------------------------------------------------------------- */

static void into_writer(const struct event *event, void *writer)
{
	assert_int_equal(trace_writer_add(writer, event), 0);
}

static char *write_scene(size_t *ret_len_bytes)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	char *bytes = NULL;
	FILE *stream = open_memstream(&bytes, ret_len_bytes);

	assert_int_equal(trace_writer_new(stream, &writer), 0);
	scene_snapshots(&(struct stage){into_writer, writer});
	assert_int_equal(trace_writer_finish(writer), 0);
	assert_int_equal(fclose(stream), 0);
	return bytes;
}

/* The total that is shown of the first bytes of a file; -1 where there is nothing. */
static int64_t total_of_bytes(const char *bytes, size_t len_bytes)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	FILE *stream = fmemopen((void *)bytes, len_bytes, "r");
	struct source *source = NULL;
	struct event event;

	if (trace_reader_new(stream, &source)) {
		fclose(stream);
		return -1;
	}
	assert_int_equal(growth_builder_new(&builder), 0);
	while (source->next(source, &event) > 0)
		assert_int_equal(growth_builder_add(builder, &event), 0);
	source->close(source);
	if (growth_builder_finish(builder, &(struct growth_options){.kinds = 0}, &growth))
		return -1;
	return growth->total_bytes;
}

/* A snapshot that is not whole is not shown, unless there is nothing else. */
static void test_a_file_cut_anywhere_shows_its_last_whole_snapshot(void **state)
{
	static const int64_t totals[] = {-1, 0, 64, 514, 610, 660};
	_cleanup_free_ char *bytes = NULL;
	size_t len_bytes, stage = 0;

	(void)state;
	bytes = write_scene(&len_bytes);
	for (size_t len = 1; len <= len_bytes; len++) {
		int64_t total = total_of_bytes(bytes, len);

		while (stage < 5 && total != (stage ? totals[stage] * SLOT_BYTES : -1))
			stage++;
		assert_int_equal(total, stage ? totals[stage] * SLOT_BYTES : -1);
	}
	assert_int_equal(stage, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_latest_snapshot_at_or_before_a_moment_counts),
		cmocka_unit_test(test_a_snapshot_that_came_a_little_late_is_of_its_moment),
		cmocka_unit_test(test_what_a_stack_has_allocated_is_said_once),
		cmocka_unit_test(test_a_row_that_is_not_shown_says_nothing),
		cmocka_unit_test(test_what_was_allocated_in_an_interval_is_no_more_than_that),
		cmocka_unit_test(test_a_time_of_day_is_as_good_as_an_offset),
		cmocka_unit_test(test_where_no_snapshot_is_nothing_is_shown),
		cmocka_unit_test(test_snapshots_are_counted_for_who_asks),
		cmocka_unit_test(test_time_does_not_run_back),
		cmocka_unit_test(test_growth_is_the_difference_of_two_moments),
		cmocka_unit_test(test_what_shrinks_is_negative_and_what_stays_is_not_there),
		cmocka_unit_test(test_figures_are_those_of_their_moment),
		cmocka_unit_test(test_stacks_of_earlier_snapshots_are_named_too),
		cmocka_unit_test(test_reserved_addresses_grow_too),
		cmocka_unit_test(test_folded_lines_and_what_they_leave_out_are_the_whole),
		cmocka_unit_test(test_a_diff_has_the_totals_of_both),
		cmocka_unit_test(test_a_file_cut_anywhere_shows_its_last_whole_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
