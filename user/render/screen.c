// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/screen.h"

#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

#define ELLIPSIS 0x2026

static const struct screen_cell blank = {.character = ' '};

void screen_clear(struct screen *screen)
{
	for (size_t i = 0; i < (size_t)screen->rows * screen->columns; i++)
		screen->cells[i] = blank;
}

static unsigned int at_most(unsigned int value, unsigned int most)
{
	return value < most ? value : most;
}

int screen_resize(struct screen *screen, unsigned int rows, unsigned int columns)
{
	struct screen_cell *cells;

	rows = at_most(rows, SCREEN_ROWS_MAX);
	columns = at_most(columns, SCREEN_COLUMNS_MAX);
	cells = calloc((size_t)rows * columns + 1, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	screen_release(screen);
	*screen = (struct screen){.rows = rows, .columns = columns, .cells = cells};
	screen_clear(screen);
	return 0;
}

void screen_release(struct screen *screen)
{
	free(screen->cells);
	*screen = (struct screen){0};
}

struct screen_cell *screen_at(const struct screen *screen, unsigned int row, unsigned int column)
{
	return &screen->cells[(size_t)row * screen->columns + column];
}

/* What a terminal would not show in one or two columns of its own is replaced. */
static unsigned int width_of(uint32_t *character)
{
	int width = *character < 0x7f ? 1 : wcwidth((wchar_t)*character);

	if (width == 1 || width == 2)
		return (unsigned int)width;
	*character = '?';
	return 1;
}

static size_t next_character(const char *text, uint32_t *ret_character)
{
	size_t len = utf8_decode(text, strlen(text), ret_character);

	if (len)
		return len;
	*ret_character = '?';
	return 1;
}

static unsigned int width_of_text(const char *text)
{
	unsigned int width = 0;
	uint32_t character;

	while (*text) {
		text += next_character(text, &character);
		width += width_of(&character);
	}
	return width;
}

static void put_character(struct screen *screen, unsigned int row, unsigned int column,
			  uint32_t character, unsigned int width, enum screen_style style)
{
	*screen_at(screen, row, column) =
		(struct screen_cell){.character = character, .style = style};
	if (width == 2)
		*screen_at(screen, row, column + 1) = (struct screen_cell){.style = style};
}

unsigned int screen_put(struct screen *screen, unsigned int row, unsigned int column,
			unsigned int width, const char *text, enum screen_style style)
{
	unsigned int used = 0;
	bool cut;

	if (row >= screen->rows || column >= screen->columns)
		return 0;
	width = at_most(width, screen->columns - column);
	if (!width)
		return 0;
	cut = width_of_text(text) > width;
	while (*text) {
		uint32_t character;
		size_t len = next_character(text, &character);
		unsigned int needed = width_of(&character);

		if (used + needed > width - cut)
			break;
		put_character(screen, row, column + used, character, needed, style);
		used += needed;
		text += len;
	}
	if (cut)
		put_character(screen, row, column + used++, ELLIPSIS, 1, style);
	return used;
}

void screen_put_right(struct screen *screen, unsigned int row, unsigned int column,
		      unsigned int width, const char *text, enum screen_style style)
{
	unsigned int needed = width_of_text(text);

	if (needed > width)
		screen_put(screen, row, column, width, text, style);
	else
		screen_put(screen, row, column + width - needed, needed, text, style);
}

void screen_select(struct screen *screen, unsigned int row)
{
	for (unsigned int column = 0; row < screen->rows && column < screen->columns; column++)
		screen_at(screen, row, column)->selected = true;
}

static void append_character(struct buf *out, uint32_t character)
{
	char bytes[4];
	size_t len = utf8_encode(character, bytes);

	buf_append(out, bytes, len);
}

static void append_row(const struct screen *screen, unsigned int row, struct buf *out)
{
	unsigned int end = screen->columns;

	while (end && screen_at(screen, row, end - 1)->character == ' ')
		end--;
	for (unsigned int column = 0; column < end; column++)
		if (screen_at(screen, row, column)->character)
			append_character(out, screen_at(screen, row, column)->character);
	buf_append_byte(out, '\n');
}

void screen_text(const struct screen *screen, struct buf *out)
{
	for (unsigned int row = 0; row < screen->rows; row++)
		append_row(screen, row, out);
}
