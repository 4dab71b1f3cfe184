// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/folded.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "model/estimate.h"

#define FOLDED_NAMELESS "[no name]"
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

struct folded_line {
	const char *stack;
	uint64_t bytes;
};

void folded_frame(struct buf *out, const char *name)
{
	size_t left = strlen(name);
	uint32_t character;
	size_t length;

	if (!left)
		buf_append_string(out, FOLDED_NAMELESS);
	for (; left; name += length, left -= length) {
		length = utf8_decode(name, left, &character);
		if (!length) {
			buf_append_string(out, UTF8_REPLACEMENT);
			length = 1;
		} else if (utf8_is_control(character)) {
			buf_append_byte(out, '_');
		} else {
			buf_append(out, character == ';' ? ":" : name, length);
		}
	}
}

static size_t before_digits(const char *text, size_t end)
{
	while (end && isdigit((unsigned char)text[end - 1]))
		end--;
	return end;
}

/*
 * A stack that ends in a blank and a number ("x 1", "x 1.5", "x 1.") would be read as a line of a
 * differential profile: the blank becomes '_'.
 */
static void folded_guard_leaf(struct buf *stack)
{
	size_t end = stack->len_bytes;
	size_t number = before_digits(stack->data, end);

	if (number && stack->data[number - 1] == '.') {
		end = number - 1;
		number = before_digits(stack->data, end);
	}
	if (number && number < end && stack->data[number - 1] == ' ')
		stack->data[number - 1] = '_';
}

static void folded_stack(struct buf *out, const struct growth_row *row,
			 const struct render_options *options)
{
	folded_frame(out, row->comm);
	buf_printf(out, ";pid %" PRIu32, row->process->pid);
	if (options->show_kinds && row->kind != GROWTH_KIND_ANY)
		buf_printf(out, ";[%s]", memory_kind_name(row->kind));
	for (uint32_t i = 0; i < row->frame_count; i++) {
		buf_append_byte(out, ';');
		folded_frame(out, row->frames[i]);
	}
	if (!buf_error(out))
		folded_guard_leaf(out);
}

static int folded_build(const struct growth *growth, const struct render_options *options,
			struct arena *arena, struct folded_line *lines)
{
	_cleanup_(buf_release) struct buf stack = {0};

	for (size_t i = 0; i < growth->row_count; i++) {
		buf_clear(&stack);
		folded_stack(&stack, &growth->rows[i], options);
		if (buf_error(&stack))
			return buf_error(&stack);
		lines[i].stack = arena_strdup(arena, buf_string(&stack));
		lines[i].bytes = growth->rows[i].bytes;
		if (!lines[i].stack)
			return -ENOMEM;
	}
	return 0;
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(((const struct folded_line *)left)->stack,
		      ((const struct folded_line *)right)->stack);
}

/* Adds up what became the same text: kinds that are not shown, names that differed in escapes. */
static int folded_print(const struct folded_line *lines, size_t count, FILE *stream)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		bytes = estimate_add(bytes, lines[i].bytes);
		if (i + 1 < count && compare_lines(&lines[i], &lines[i + 1]) == 0)
			continue;
		errno = 0;
		if (fprintf(stream, "%s %" PRIu64 "\n", lines[i].stack, bytes) < 0)
			return errno ? -errno : -EIO;
		bytes = 0;
	}
	return 0;
}

int folded_growth(const struct growth *growth, const struct render_options *options, FILE *stream)
{
	_cleanup_(arena_release) struct arena arena = {0};
	struct folded_line *lines;
	int err;

	if (!growth->row_count)
		return 0;
	lines = arena_alloc(&arena, growth->row_count, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	err = folded_build(growth, options, &arena, lines);
	if (err)
		return err;
	qsort(lines, growth->row_count, sizeof(*lines), compare_lines);
	return folded_print(lines, growth->row_count, stream);
}
