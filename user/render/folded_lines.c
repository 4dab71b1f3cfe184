// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/folded_lines.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "model/estimate.h"

#define NO_CGROUP "[no cgroup]"
#define FOLDED_NAMELESS "[no name]"
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

void folded_lines_release(struct folded_lines *lines)
{
	arena_release(&lines->arena);
}

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
	if (options->by_cgroup) {
		folded_frame(out, row->process->cgroup ? row->process->cgroup : NO_CGROUP);
		buf_append_byte(out, ';');
	}
	folded_frame(out, row->comm);
	if (!options->without_pids)
		buf_printf(out, ";pid %" PRIu32, row->process->pid);
	if (options->show_kinds && row->kind != GROWTH_KIND_ANY)
		buf_printf(out, ";[%s]", memory_kind_name(row->kind));
	for (uint32_t i = 0; i < row->frame_count; i++) {
		/* the first frame of inherited pages names the pid of their author */
		bool has_pid = i == 0 && row->inherited_from_pid;

		buf_append_byte(out, ';');
		folded_frame(out,
			     has_pid && options->without_pids ? "[inherited]" : row->frames[i]);
		if (options->annotate)
			buf_append_string(out, growth_frame_mark(row, i));
	}
	if (!buf_error(out))
		folded_guard_leaf(out);
}

static int lines_start(struct folded_lines *lines, size_t most)
{
	lines->line = arena_alloc(&lines->arena, most + 1, sizeof(*lines->line));
	return lines->line ? 0 : -ENOMEM;
}

/* Adds a line for each row; there must be room. `before`: they are of the first column. */
static int lines_add(struct folded_lines *lines, const struct growth *growth,
		     const struct render_options *options, bool before)
{
	_cleanup_(buf_release) struct buf stack = {0};

	for (size_t i = 0; i < growth->row_count; i++) {
		struct folded_line *line = &lines->line[lines->count++];
		int64_t bytes = growth->rows[i].bytes;

		buf_clear(&stack);
		folded_stack(&stack, &growth->rows[i], options);
		if (buf_error(&stack))
			return buf_error(&stack);
		*line = (struct folded_line){
			.stack = arena_strdup(&lines->arena, buf_string(&stack)),
			.before_bytes = before ? bytes : 0,
			.bytes = before ? 0 : bytes,
			.row = &growth->rows[i],
			.allocated_bytes = growth->rows[i].allocated_bytes,
		};
		if (!line->stack)
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
static void lines_merge(struct folded_lines *lines)
{
	size_t kept = 0;

	if (!lines->count)
		return;
	qsort(lines->line, lines->count, sizeof(*lines->line), compare_lines);
	for (size_t i = 1; i < lines->count; i++) {
		struct folded_line *last = &lines->line[kept], *line = &lines->line[i];

		if (compare_lines(last, line) != 0) {
			lines->line[++kept] = *line;
			continue;
		}
		last->bytes = estimate_add_signed(last->bytes, line->bytes);
		last->before_bytes = estimate_add_signed(last->before_bytes, line->before_bytes);
		last->allocated_bytes = estimate_add(last->allocated_bytes, line->allocated_bytes);
	}
	lines->count = kept + 1;
}

int folded_lines_make(struct folded_lines *lines, const struct growth *growth,
		      const struct render_options *options)
{
	int err = lines_start(lines, growth->row_count);

	if (!err)
		err = lines_add(lines, growth, options, false);
	if (!err)
		lines_merge(lines);
	return err;
}

int folded_lines_diff(struct folded_lines *lines, const struct growth *before,
		      const struct growth *after, const struct render_options *options)
{
	int err = lines_start(lines, before->row_count + after->row_count);

	if (!err)
		err = lines_add(lines, before, options, true);
	if (!err)
		err = lines_add(lines, after, options, false);
	if (!err)
		lines_merge(lines);
	return err;
}
