/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of text: filled in cell by cell, aligned when all of it is known, then printed. Cells
 * must be escaped already. Knows columns and widths, nothing of what is in them.
 */
#ifndef RENDER_TEXT_TABLE_H
#define RENDER_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

struct text_column {
	const char *title; /* NULL in the first column: no line of titles */
	bool right;        /* aligned to the right */
};

struct text_line {
	const char **cells;
	const char *detail; /* a line of its own below the cells; NULL: none */
};

struct text_table {
	const struct text_column *columns;
	size_t column_count;
	struct text_line *lines;
	size_t line_count, line_capacity;
	size_t filled; /* cells of the last line */
	struct arena arena;
	int error; /* 0 or -ENOMEM, told by text_table_print() */
};

void text_table_release(struct text_table *table);

/* Starts a line; text_table_cell() then fills it from the left. */
void text_table_line(struct text_table *table);

/* Moves the contents of `cell` into the next cell of the current line. */
void text_table_cell(struct text_table *table, struct buf *cell);

/* The same for the detail of the current line. */
void text_table_detail(struct text_table *table, struct buf *detail);

/*
 * Appends the aligned table. Each line starts with `indent` blanks, a detail with twice as many,
 * and is cut to `columns` characters, marked by an ellipsis; 0 cuts nothing. 0 or -ENOMEM.
 */
int text_table_print(const struct text_table *table, size_t indent, size_t columns,
		     struct buf *out);

#endif
