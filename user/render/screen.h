/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rectangle of character cells to draw on: what a terminal will show, before there is one. Knows
 * widths of characters and clips; knows nothing of terminals (terminal.h), nor of what is drawn.
 */
#ifndef RENDER_SCREEN_H
#define RENDER_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum screen_style {
	STYLE_PLAIN,
	STYLE_STRONG, /* what is read first */
	STYLE_FAINT,  /* what is there if one looks for it */
	STYLE_GROWN,
	STYLE_SHRUNK,
	STYLE_ALARM, /* something was lost */
	STYLE_COUNT,
};

struct screen_cell {
	uint32_t character; /* 0: covered by a wide character to the left */
	enum screen_style style;
	bool selected;
};

struct screen {
	unsigned int rows, columns;
	struct screen_cell *cells; /* row by row */
};

#define SCREEN_ROWS_MAX 1000
#define SCREEN_COLUMNS_MAX 1000

/* All blank. Sizes beyond the most are cut to it. 0 or -ENOMEM: then it is as it was. */
int screen_resize(struct screen *screen, unsigned int rows, unsigned int columns);
void screen_release(struct screen *screen);
void screen_clear(struct screen *screen);

struct screen_cell *screen_at(const struct screen *screen, unsigned int row, unsigned int column);

/*
 * Draws text, already escaped, in at most `width` columns from the one given; text that is longer
 * ends in an ellipsis. What lies outside is not drawn. Returns the columns that were used.
 */
unsigned int screen_put(struct screen *screen, unsigned int row, unsigned int column,
			unsigned int width, const char *text, enum screen_style style);
/* The same, ending at the right edge of the `width` columns. */
void screen_put_right(struct screen *screen, unsigned int row, unsigned int column,
		      unsigned int width, const char *text, enum screen_style style);

/* Marks a whole row as the selected one. */
void screen_select(struct screen *screen, unsigned int row);

/* Appends the rows as lines of text, blanks at their ends left out. */
void screen_text(const struct screen *screen, struct buf *out);

#endif
