// SPDX-License-Identifier: GPL-2.0-or-later
/* Names are made once, however often a stack or a place comes, and there is a bound for them. */
#include "test.h"

#include <errno.h>

#include "model/growth_builder.h"
#include "scenes.h"

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

/* Two processes hold memory by one recursive stack, the first with a cell that came twice. */
static struct growth_builder *build(void)
{
	struct stage stage = {into_builder, NULL};
	struct growth_builder *builder = NULL;

	assert_int_equal(growth_builder_new(&builder), 0);
	stage.context = builder;
	play_session(&stage, 1, "small");
	play_process(&stage, 1, 100, 1, "one", true, false);
	play_process(&stage, 2, 200, 1, "two", true, false);
	play_module(&stage, 1, "/usr/bin/actor");
	play_stack(&stage, 1, "thread", STACK(0x10, 0x20, 0x20));
	play_line(&stage, 0x20, 0, NULL, "/src/outer.c", 1);
	play_line(&stage, 0x20, 1, "inlined", "/src/inner.c", 2);
	play_cell(&stage, 1, 1, KIND_ANON, 3, 3);
	play_cell(&stage, 1, 1, KIND_ANON, 4, 4);
	play_cell(&stage, 2, 1, KIND_ANON, 5, 5);
	play_end(&stage, END_INTERRUPTED);
	return builder;
}

static void test_cells_of_one_stack_share_its_frames(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build();
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_row *rows;

	(void)state;
	assert_int_equal(growth_builder_finish(builder, &(struct growth_options){0}, &growth), 0);
	rows = growth->rows;
	assert_int_equal(growth->row_count, 2);
	assert_int_equal(rows[0].samples, 7);
	assert_int_equal(rows[1].samples, 5);
	assert_int_equal(rows[0].frame_count, 5);
	assert_ptr_equal(rows[0].frames, rows[1].frames);
	assert_ptr_equal(rows[0].places, rows[1].places);
}

static void test_frames_of_one_place_share_its_text(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build();
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const char *const *frames;

	(void)state;
	assert_int_equal(growth_builder_finish(builder, &(struct growth_options){0}, &growth), 0);
	frames = growth->rows[0].frames;
	assert_string_equal(frames[0], "actor+0x20 (outer.c:1)");
	assert_string_equal(frames[1], "inlined (inner.c:2)");
	assert_ptr_equal(frames[0], frames[2]);
	assert_ptr_equal(frames[1], frames[3]);
	assert_string_equal(frames[4], "actor+0x10");
}

static int finish_bounded(uint64_t frames_bytes_max, uint64_t text_bytes_max)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = build();
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_options options = {
		.frames_bytes_max = frames_bytes_max,
		.text_bytes_max = text_bytes_max,
	};

	return growth_builder_finish(builder, &options, &growth);
}

static void test_what_is_too_large_is_told(void **state)
{
	/* each of the two rows; a byte behind each frame */
	const uint64_t text_bytes = 2 * (2 * sizeof("actor+0x20 (outer.c:1)") +
					 2 * sizeof("inlined (inner.c:2)") + sizeof("actor+0x10"));

	(void)state;
	assert_int_equal(finish_bounded(0, text_bytes), 0);
	assert_int_equal(finish_bounded(0, text_bytes - 1), -EFBIG);
	assert_int_equal(finish_bounded(1 << 20, 0), 0);
	assert_int_equal(finish_bounded(1, 0), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells_of_one_stack_share_its_frames),
		cmocka_unit_test(test_frames_of_one_place_share_its_text),
		cmocka_unit_test(test_what_is_too_large_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
