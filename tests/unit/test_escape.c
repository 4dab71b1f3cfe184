// SPDX-License-Identifier: GPL-2.0-or-later
/* Hostile names at every border, over all byte values. */
#include "test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "model/growth_builder.h"
#include "render/folded.h"
#include "render/folded_lines.h"
#include "render/text.h"
#include "scenes.h"

static bool is_plain_text(const char *text, size_t len_bytes)
{
	uint32_t character;
	size_t length;

	for (size_t at = 0; at < len_bytes; at += length) {
		length = utf8_decode(text + at, len_bytes - at, &character);
		if (!length || utf8_is_control(character))
			return false;
	}
	return true;
}

static void test_terminal_text_is_plain_for_all_bytes(void **state)
{
	(void)state;
	/* pairs, so that bytes which only mean something together are met as well */
	for (int first = 0; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			_cleanup_(buf_release) struct buf out = {0};
			const char bytes[2] = {(char)first, (char)second};

			escape_terminal(&out, bytes, sizeof(bytes));
			assert_int_equal(buf_error(&out), 0);
			assert_true(out.len_bytes >= 2);
			assert_true(is_plain_text(out.data, out.len_bytes));
		}
	}
}

static void expect_terminal(const char *from, const char *to)
{
	_cleanup_(buf_release) struct buf out = {0};

	escape_terminal_string(&out, from);
	assert_string_equal(buf_string(&out), to);
}

static void test_terminal_text_shows_what_was_there(void **state)
{
	(void)state;
	expect_terminal("", "");
	expect_terminal("plain text; with-punctuation", "plain text; with-punctuation");
	expect_terminal("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	expect_terminal("\x1b[31m\n", "\\x1b[31m\\x0a");
	expect_terminal("\xc0\xaf \xed\xa0\x80 \xff", "\\xc0\\xaf \\xed\\xa0\\x80 \\xff");
	expect_terminal("\xc2\x9b", "\\xc2\\x9b");          /* CSI as one C1 character */
	expect_terminal("\xe2\x80\xae", "\\xe2\\x80\\xae"); /* right-to-left override */
	expect_terminal("cut \xe2\x80", "cut \\xe2\\x80");
}

static void test_folded_frames_are_one_field_for_all_bytes(void **state)
{
	(void)state;
	for (int first = 1; first < 256; first++) {
		for (int second = 0; second < 256; second++) {
			_cleanup_(buf_release) struct buf out = {0};
			const char bytes[3] = {(char)first, (char)second, '\0'};

			folded_frame(&out, bytes);
			assert_int_equal(buf_error(&out), 0);
			assert_true(out.len_bytes > 0);
			assert_true(is_plain_text(out.data, out.len_bytes));
			assert_null(memchr(out.data, ';', out.len_bytes));
		}
	}
}

static void test_folded_frames_are_never_empty(void **state)
{
	_cleanup_(buf_release) struct buf out = {0};

	(void)state;
	folded_frame(&out, "");
	assert_string_equal(buf_string(&out), "[no name]");
}

/* --- through a whole rendering ------------------------------------------------------------ */

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

/* A session in which comm, path and function names are all `name`. */
static char *render(const char *name,
		    int (*renderer)(const struct growth *, const struct render_options *, FILE *),
		    size_t *ret_len_bytes)
{
	const struct render_options options = {.top = 10};
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	struct stage stage = {into_builder, NULL};
	char *text = NULL;
	FILE *stream;

	assert_int_equal(growth_builder_new(&builder), 0);
	stage.context = builder;
	play_session(&stage, 1, name);
	play_process(&stage, 1, 1, 0, name, true, false);
	play_module(&stage, 1, name);
	play_stack(&stage, 1, name, STACK(2, 1));
	play_stack(&stage, 2, name, STACK(1, 2));
	play_cell(&stage, 1, 1, KIND_ANON, 1, 1);
	play_cell(&stage, 1, 2, KIND_ANON, 1, 1);
	play_name(&stage, 1, name);
	play_lost(&stage, name, name, 1, true);
	play_end(&stage, END_DURATION);
	assert_int_equal(growth_builder_finish(builder, &(struct growth_options){0}, &growth), 0);

	stream = open_memstream(&text, ret_len_bytes);
	assert_int_equal(renderer(growth, &options, stream), 0);
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* How often `byte` occurs. */
static size_t count_byte(const char *text, size_t len_bytes, char byte)
{
	size_t count = 0;

	for (size_t i = 0; i < len_bytes; i++)
		count += text[i] == byte;
	return count;
}

static void expect_lines_are_plain(char *text, size_t len_bytes)
{
	assert_true(len_bytes && text[len_bytes - 1] == '\n');
	for (char *line = text; line < text + len_bytes; line += strlen(line) + 1) {
		*strchr(line, '\n') = '\0';
		assert_true(is_plain_text(line, strlen(line)));
	}
}

/* What is left of the count must not end in a number after a blank: that means a difference. */
static void expect_stack_and_bytes(const char *line)
{
	const char *count = strrchr(line, ' ');
	const char *blank;

	assert_string_equal(count, " 4096");
	blank = memrchr(line, ' ', (size_t)(count - line));
	assert_true(!blank || blank + 1 + strspn(blank + 1, "0123456789.") != count);
}

static void test_folded_output_keeps_its_shape_for_all_bytes(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char name[] = {'a', (char)byte, '7', '\0'};
		_cleanup_free_ char *text = NULL;
		size_t len_bytes;

		text = render(name, folded_growth, &len_bytes);
		assert_int_equal(count_byte(text, len_bytes, '\n'), 2);
		assert_int_equal(count_byte(text, len_bytes, ';'), 2 * 3);
		expect_lines_are_plain(text, len_bytes);
		for (char *line = text; line < text + len_bytes; line += strlen(line) + 1)
			expect_stack_and_bytes(line);
	}
}

static void test_text_output_keeps_its_shape_for_all_bytes(void **state)
{
	_cleanup_free_ char *reference = NULL;
	size_t reference_len, lines;

	(void)state;
	reference = render("a-7", text_growth, &reference_len);
	lines = count_byte(reference, reference_len, '\n');
	for (int byte = 1; byte < 256; byte++) {
		const char name[] = {'a', (char)byte, '7', '\0'};
		_cleanup_free_ char *text = NULL;
		size_t len_bytes;

		text = render(name, text_growth, &len_bytes);
		assert_int_equal(count_byte(text, len_bytes, '\n'), lines);
		expect_lines_are_plain(text, len_bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal_text_is_plain_for_all_bytes),
		cmocka_unit_test(test_terminal_text_shows_what_was_there),
		cmocka_unit_test(test_folded_frames_are_one_field_for_all_bytes),
		cmocka_unit_test(test_folded_frames_are_never_empty),
		cmocka_unit_test(test_folded_output_keeps_its_shape_for_all_bytes),
		cmocka_unit_test(test_text_output_keeps_its_shape_for_all_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
