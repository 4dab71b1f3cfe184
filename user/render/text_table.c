// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/text_table.h"

#include <string.h>

#define TEXT_GAP "  "
#define TEXT_ELLIPSIS "\xe2\x80\xa6"

void text_table_release(struct text_table *table)
{
	free(table->lines);
	arena_release(&table->arena);
}

static int lines_reserve(struct text_table *table)
{
	size_t capacity = table->line_capacity ? table->line_capacity * 2 : 32;
	struct text_line *lines;

	if (table->line_count < table->line_capacity)
		return 0;
	lines = reallocarray(table->lines, capacity, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	table->lines = lines;
	table->line_capacity = capacity;
	return 0;
}

void text_table_line(struct text_table *table)
{
	struct text_line line = {0};

	line.cells = arena_alloc(&table->arena, table->column_count, sizeof(*line.cells));
	if (table->error || !line.cells || lines_reserve(table)) {
		table->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < table->column_count; i++)
		line.cells[i] = "";
	table->lines[table->line_count++] = line;
	table->filled = 0;
}

/* Copies and empties a buffer. NULL when something went wrong, now or earlier. */
static const char *take_text(struct text_table *table, struct buf *text)
{
	const char *copy = arena_strdup(&table->arena, buf_string(text));

	if (buf_error(text) || !copy)
		table->error = -ENOMEM;
	buf_clear(text);
	return table->error ? NULL : copy;
}

void text_table_cell(struct text_table *table, struct buf *cell)
{
	const char *text = take_text(table, cell);

	if (text)
		table->lines[table->line_count - 1].cells[table->filled++] = text;
}

void text_table_detail(struct text_table *table, struct buf *detail)
{
	const char *text = take_text(table, detail);

	if (text)
		table->lines[table->line_count - 1].detail = text;
}

/* Characters, as a terminal counts them for all but the widest scripts. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void append_blanks(struct buf *out, size_t count)
{
	while (count--)
		buf_append_byte(out, ' ');
}

/* Appends `text`, at most `columns` characters of it. */
static void append_cut(struct buf *out, const char *text, size_t columns)
{
	if (text_width(text) <= columns) {
		buf_append_string(out, text);
		return;
	}
	while (columns-- > 1)
		do
			buf_append_byte(out, (uint8_t)*text++);
		while (((unsigned char)*text & 0xc0) == 0x80);
	buf_append_string(out, TEXT_ELLIPSIS);
}

static void trim_blanks(struct buf *out)
{
	while (out->len_bytes && out->data[out->len_bytes - 1] == ' ')
		out->data[--out->len_bytes] = '\0';
}

static void append_line(struct buf *out, const char *text, size_t indent, size_t columns)
{
	append_blanks(out, indent);
	append_cut(out, text, columns > indent ? columns - indent : SIZE_MAX);
	trim_blanks(out);
	buf_append_byte(out, '\n');
}

static void format_cells(const struct text_table *table, const char *const *cells,
			 const size_t *widths, struct buf *line)
{
	buf_clear(line);
	for (size_t i = 0; i < table->column_count; i++) {
		size_t blanks = widths[i] - text_width(cells[i]);

		if (i)
			buf_append_string(line, TEXT_GAP);
		if (table->columns[i].right)
			append_blanks(line, blanks);
		buf_append_string(line, cells[i]);
		if (!table->columns[i].right && i + 1 < table->column_count)
			append_blanks(line, blanks);
	}
}

static void measure(const struct text_table *table, const char *const *titles, size_t *widths)
{
	for (size_t column = 0; column < table->column_count; column++) {
		widths[column] = text_width(titles[column]);
		for (size_t i = 0; i < table->line_count; i++) {
			size_t width = text_width(table->lines[i].cells[column]);

			if (width > widths[column])
				widths[column] = width;
		}
	}
}

int text_table_print(const struct text_table *table, size_t indent, size_t columns, struct buf *out)
{
	_cleanup_(buf_release) struct buf line = {0};
	const char *titles[table->column_count];
	size_t widths[table->column_count];

	if (table->error)
		return table->error;
	for (size_t i = 0; i < table->column_count; i++)
		titles[i] = table->columns[i].title ? table->columns[i].title : "";
	measure(table, titles, widths);

	if (table->columns[0].title) {
		format_cells(table, titles, widths, &line);
		append_line(out, buf_string(&line), indent, columns);
	}
	for (size_t i = 0; i < table->line_count; i++) {
		format_cells(table, table->lines[i].cells, widths, &line);
		append_line(out, buf_string(&line), indent, columns);
		if (table->lines[i].detail)
			append_line(out, table->lines[i].detail, 2 * indent, columns);
	}
	return buf_error(&line) ? buf_error(&line) : buf_error(out);
}
