// SPDX-License-Identifier: GPL-2.0-or-later
/* The layout of flame graphs: places and widths in bytes, before anything is drawn. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "render/flame.h"
#include "render/svg.h"
#include "render/xml.h"

#define LINES(...)                                                                  \
	((struct folded_lines){.line = (struct folded_line[])__VA_ARGS__,           \
			       .count = sizeof((struct folded_line[])__VA_ARGS__) / \
					sizeof(struct folded_line)})
#define ALL_FRAMES UINT64_C(1000000000000)

/* "all 0+30 | a 0+20 | …", in the order of the boxes */
static void expect_boxes(const struct flame *flame, const char *expected)
{
	_cleanup_(buf_release) struct buf out = {0};

	for (size_t i = 0; i < flame->count; i++)
		buf_printf(&out, "%s%.*s@%" PRIu32 " %" PRIu64 "+%" PRIu64, i ? " | " : "",
			   (int)flame->boxes[i].name_bytes, flame->boxes[i].name,
			   flame->boxes[i].depth, flame->boxes[i].start_bytes,
			   flame->boxes[i].width_bytes);
	assert_string_equal(buf_string(&out), expected);
}

static void test_frames_hold_what_was_called_from_them(void **state)
{
	struct folded_lines lines = LINES({{.stack = "a;b", .bytes = 10},
					   {.stack = "a;b;c", .bytes = 5},
					   {.stack = "a;d", .bytes = 4},
					   {.stack = "e", .bytes = 1}});
	_cleanup_(flame_release) struct flame flame = {0};

	(void)state;
	assert_int_equal(flame_make(&lines, false, ALL_FRAMES, &flame), 0);
	expect_boxes(&flame, "all@0 0+20 | a@1 0+19 | e@1 19+1 | b@2 0+15 | d@2 15+4 | c@3 10+5");
	assert_int_equal(flame.deepest, 3);
}

/* ':' and ' ' sort before ';': a name that goes on must not stand between the parts of another. */
static void test_a_frame_is_one_box_whatever_sorts_next_to_it(void **state)
{
	struct folded_lines lines = LINES({{.stack = "a", .bytes = 1},
					   {.stack = "a b;x", .bytes = 1},
					   {.stack = "a:b", .bytes = 1},
					   {.stack = "a;x", .bytes = 1}});
	_cleanup_(flame_release) struct flame flame = {0};

	(void)state;
	assert_int_equal(flame_make(&lines, false, ALL_FRAMES, &flame), 0);
	expect_boxes(&flame, "all@0 0+4 | a@1 0+2 | a b@1 2+1 | a:b@1 3+1 | x@2 1+1 | x@2 2+1");
}

static void test_what_shrank_has_no_width(void **state)
{
	struct folded_lines lines =
		LINES({{.stack = "a", .bytes = -7}, {.stack = "b", .bytes = 2}, {.stack = "c"}});
	_cleanup_(flame_release) struct flame flame = {0};

	(void)state;
	assert_int_equal(flame_make(&lines, false, ALL_FRAMES, &flame), 0);
	expect_boxes(&flame, "all@0 0+2 | b@1 0+2");
}

static void test_a_differential_graph_hides_nothing_that_went(void **state)
{
	struct folded_lines lines = LINES({{.stack = "a;gone", .before_bytes = 6},
					   {.stack = "a;more", .before_bytes = 1, .bytes = 4}});
	_cleanup_(flame_release) struct flame flame = {0};

	(void)state;
	assert_int_equal(flame_make(&lines, true, ALL_FRAMES, &flame), 0);
	expect_boxes(&flame, "all@0 0+10 | a@1 0+10 | gone@2 0+6 | more@2 6+4");
	assert_int_equal(flame.boxes[1].before_bytes, 7);
	assert_int_equal(flame.boxes[1].after_bytes, 4);
}

static void test_narrow_frames_are_counted_and_their_bytes_are_their_callers(void **state)
{
	struct folded_lines lines = LINES({{.stack = "a;big", .bytes = 990},
					   {.stack = "a;small;smaller", .bytes = 9},
					   {.stack = "a;x", .bytes = 1}});
	_cleanup_(flame_release) struct flame flame = {0};

	(void)state;
	assert_int_equal(flame_make(&lines, false, 100, &flame), 0);
	expect_boxes(&flame, "all@0 0+1000 | a@1 0+1000 | big@2 0+990");
	assert_int_equal(flame.narrow, 3);
}

static void test_nothing_is_one_empty_box(void **state)
{
	struct folded_lines lines = {0};
	_cleanup_(flame_release) struct flame flame = {0};

	(void)state;
	assert_int_equal(flame_make(&lines, false, ALL_FRAMES, &flame), 0);
	expect_boxes(&flame, "all@0 0+0");
}

/* A hundred thousand stacks, 30 frames deep: in less than 200 MiB. */
static void test_a_hundred_thousand_stacks_are_drawn(void **state)
{
	enum { STACKS = 100000, FRAMES = 30, NAMES = 64 };
	static const struct growth_process process = {.pid = 1, .comm = "many"};
	static char names[NAMES][16];
	static const char *frames[STACKS][FRAMES];
	static const struct growth_place places[FRAMES]; /* of no file */
	struct growth_row *rows = calloc(STACKS, sizeof(*rows));
	struct growth growth = {.processes = &process,
				.process_count = 1,
				.rows = rows,
				.row_count = STACKS,
				.session = {.target = "", .hostname = ""}};
	const struct render_options options = {0};
	_cleanup_fclose_ FILE *nowhere = fopen("/dev/null", "w");
	struct rusage before, after;

	(void)state;
	assert_non_null(rows);
	for (int i = 0; i < NAMES; i++)
		snprintf(names[i], sizeof(names[i]), "function_%d", i);
	for (int i = 0; i < STACKS; i++) {
		for (int depth = 0; depth < FRAMES; depth++)
			frames[i][depth] = names[(i >> (depth % 17)) % NAMES];
		rows[i] = (struct growth_row){.process = &process,
					      .places = places,
					      .comm = process.comm,
					      .kind = KIND_ANON,
					      .bytes = 4096,
					      .frame_count = FRAMES,
					      .frames = frames[i]};
	}
	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(svg_growth(&growth, &options, nowhere), 0);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 200 * 1024);
	free(rows);
}

static void test_no_byte_gets_out_of_its_element(void **state)
{
	(void)state;
	for (int first = 0; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			_cleanup_(buf_release) struct buf out = {0};
			const char bytes[2] = {(char)first, (char)second};

			xml_text(&out, bytes, sizeof(bytes));
			assert_int_equal(buf_error(&out), 0);
			for (size_t i = 0; i < out.len_bytes; i++) {
				assert_true((unsigned char)out.data[i] >= ' ');
				assert_null(strchr("<>\"'", out.data[i]));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_hold_what_was_called_from_them),
		cmocka_unit_test(test_a_frame_is_one_box_whatever_sorts_next_to_it),
		cmocka_unit_test(test_what_shrank_has_no_width),
		cmocka_unit_test(test_a_differential_graph_hides_nothing_that_went),
		cmocka_unit_test(test_narrow_frames_are_counted_and_their_bytes_are_their_callers),
		cmocka_unit_test(test_nothing_is_one_empty_box),
		cmocka_unit_test(test_a_hundred_thousand_stacks_are_drawn),
		cmocka_unit_test(test_no_byte_gets_out_of_its_element),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
