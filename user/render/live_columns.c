// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/live_columns.h"

#include <inttypes.h>

#include "base/escape.h"
#include "render/frame_short.h"
#include "render/quantity.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GAP 2

/* --- cells -------------------------------------------------------------------------------- */

/* What a cell is made from, besides its row. */
struct place {
	bool utf8;
	size_t width;
};

static void cell_bytes(const struct place *place __attribute__((unused)),
		       const struct live_row *row, struct buf *cell)
{
	quantity_signed_bytes(cell, row->bytes);
}

static void cell_change(const struct place *place __attribute__((unused)),
			const struct live_row *row, struct buf *cell)
{
	quantity_change(cell, row->change_bytes);
}

static void cell_rate(const struct place *place __attribute__((unused)), const struct live_row *row,
		      struct buf *cell)
{
	quantity_change(cell, (int64_t)row->rate_bytes);
	buf_append_string(cell, "/s");
}

static void cell_limit(const struct place *place __attribute__((unused)),
		       const struct live_row *row, struct buf *cell)
{
	if (row->limit)
		quantity_bytes(cell, row->limit->limit_bytes);
	else
		buf_append_string(cell, "-");
}

static void cell_full(const struct place *place __attribute__((unused)), const struct live_row *row,
		      struct buf *cell)
{
	if (row->limit)
		quantity_share(cell, row->limit->used_bytes, row->limit->limit_bytes);
	else
		buf_append_string(cell, "-");
}

static void cell_forecast(const struct place *place __attribute__((unused)),
			  const struct live_row *row, struct buf *cell)
{
	if (row->limit && row->limit->forecast_known)
		quantity_duration(cell, (uint64_t)(row->limit->forecast.seconds * 1e9));
	else
		buf_append_string(cell, "-");
}

static void cell_kind(const struct place *place __attribute__((unused)), const struct live_row *row,
		      struct buf *cell)
{
	buf_append_string(cell, memory_kind_name(row->stack->kind));
}

static void cell_pid(const struct place *place __attribute__((unused)), const struct live_row *row,
		     struct buf *cell)
{
	buf_printf(cell, "%" PRIu32, row->process->pid);
}

static void cell_process(const struct place *place __attribute__((unused)),
			 const struct live_row *row, struct buf *cell)
{
	escape_terminal_string(cell, row->process->comm);
	if (row->process->ended)
		buf_append_string(cell, " (ended)");
}

static void cell_cgroup(const struct place *place __attribute__((unused)),
			const struct live_row *row, struct buf *cell)
{
	escape_terminal_string(cell, row->cgroup->path);
}

static void cell_stack(const struct place *place, const struct live_row *row, struct buf *cell)
{
	stack_short(cell, row->stack, place->width);
}

/* Between the least and the most of what is shown, so that a small change shows as well. */
static void cell_trend(const struct place *place, const struct live_row *row, struct buf *cell)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {"_", ".", ",", "-", "=", "+", "*", "#"};
	size_t count = row->history_count < place->width ? row->history_count : place->width;
	const uint64_t *past = row->history_bytes + row->history_count - count;
	uint64_t least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < count; i++) {
		least = past[i] < least ? past[i] : least;
		most = past[i] > most ? past[i] : most;
	}
	for (size_t i = 0; i < count; i++) {
		double share =
			most > least ? (double)(past[i] - least) / (double)(most - least) : 0;
		size_t level = (size_t)(share * (ARRAY_COUNT(blocks) - 1) + 0.5);

		buf_append_string(cell, (place->utf8 ? blocks : plain)[level]);
	}
}

/* --- styles ------------------------------------------------------------------------------- */

static enum screen_style style_of_change(int64_t change_bytes)
{
	return change_bytes > 0 ? STYLE_GROWN : change_bytes < 0 ? STYLE_SHRUNK : STYLE_PLAIN;
}

static enum screen_style style_change(const struct live_row *row)
{
	return style_of_change(row->change_bytes);
}

static enum screen_style style_rate(const struct live_row *row)
{
	return style_of_change((int64_t)row->rate_bytes);
}

/* What most people set their alarms to. */
#define ALARM_PERCENT 90

static enum screen_style style_full(const struct live_row *row)
{
	return row->limit && row->limit->used_bytes / ALARM_PERCENT >= row->limit->limit_bytes / 100
		       ? STYLE_ALARM
		       : STYLE_PLAIN;
}

static enum screen_style style_forecast(const struct live_row *row)
{
	return row->limit && row->limit->forecast_known ? STYLE_GROWN : STYLE_PLAIN;
}

/* --- columns ------------------------------------------------------------------------------ */

#define ON_PROCESSES (1U << LIVE_PROCESSES)
#define ON_CGROUPS (1U << LIVE_CGROUPS)
#define ON_STACKS (1U << LIVE_STACKS)
#define ON_OWNERS (ON_PROCESSES | ON_CGROUPS)
#define ON_ALL (ON_OWNERS | ON_STACKS)

/* A column is there where the screen is wide enough for it; the last one takes what is left. */
static const struct column {
	const char *title;
	unsigned int pages; /* bits (1 << enum live_page) */
	unsigned int width;
	unsigned int from_columns; /* of the screen, */
	unsigned int to_columns;   /* 0: of any width beyond */
	bool right;
	void (*cell)(const struct place *place, const struct live_row *row, struct buf *cell);
	enum screen_style (*style)(const struct live_row *row);
} columns[] = {
	{"pid", ON_PROCESSES, 7, 0, 0, true, cell_pid, NULL},
	{"bytes", ON_ALL, 10, 0, 0, true, cell_bytes, NULL},
	{"change", ON_STACKS, 11, 60, 0, true, cell_change, style_change},
	{"change", ON_OWNERS, 11, 105, 0, true, cell_change, style_change},
	{"rate", ON_ALL, 13, 50, 0, true, cell_rate, style_rate},
	{"limit", ON_OWNERS, 10, 120, 0, true, cell_limit, NULL},
	{"full", ON_OWNERS, 7, 60, 0, true, cell_full, style_full},
	{"full in", ON_OWNERS, 10, 70, 0, true, cell_forecast, style_forecast},
	{"kind", ON_STACKS, 6, 70, 0, false, cell_kind, NULL},
	{"trend", ON_PROCESSES, LIVE_HISTORY / 2, 80, 91, false, cell_trend, NULL},
	{"trend", ON_OWNERS, LIVE_HISTORY, 92, 0, false, cell_trend, NULL},
	{"process", ON_PROCESSES, 0, 0, 0, false, cell_process, NULL},
	{"cgroup", ON_CGROUPS, 0, 0, 0, false, cell_cgroup, NULL},
	{"stack, leaf first", ON_STACKS, 0, 0, 0, false, cell_stack, NULL},
};

static bool is_shown(enum live_page page, const struct screen *screen, const struct column *column)
{
	return column->pages & 1U << page && screen->columns >= column->from_columns &&
	       (!column->to_columns || screen->columns <= column->to_columns);
}

static unsigned int width_of(const struct screen *screen, const struct column *column,
			     unsigned int at)
{
	if (column->width)
		return column->width;
	return screen->columns > at ? screen->columns - at : 0;
}

static void draw_cell(struct screen *screen, const struct column *column, unsigned int line,
		      unsigned int at, const char *text, enum screen_style style)
{
	unsigned int width = width_of(screen, column, at);

	if (column->right)
		screen_put_right(screen, line, at, width, text, style);
	else
		screen_put(screen, line, at, width, text, style);
}

void live_columns_titles(enum live_page page, unsigned int line, struct screen *screen)
{
	unsigned int at = 0;

	for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
		if (!is_shown(page, screen, &columns[i]))
			continue;
		draw_cell(screen, &columns[i], line, at, columns[i].title, STYLE_FAINT);
		at += width_of(screen, &columns[i], at) + GAP;
	}
}

void live_columns_row(enum live_page page, bool utf8, const struct live_row *row, unsigned int line,
		      struct screen *screen)
{
	_cleanup_(buf_release) struct buf cell = {0};
	unsigned int at = 0;

	for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
		const struct column *column = &columns[i];
		const struct place place = {utf8, width_of(screen, column, at)};

		if (!is_shown(page, screen, column))
			continue;
		buf_clear(&cell);
		column->cell(&place, row, &cell);
		draw_cell(screen, column, line, at, buf_string(&cell),
			  column->style ? column->style(row) : STYLE_PLAIN);
		at += place.width + GAP;
	}
}

void live_append_forecast(struct buf *out, const struct live_limit *limit)
{
	if (!limit->forecast_known)
		return;
	buf_append_string(out, ", full in ");
	quantity_duration(out, (uint64_t)(limit->forecast.seconds * 1e9));
	buf_append_string(out, " (");
	quantity_duration(out, (uint64_t)(limit->forecast.low_seconds * 1e9));
	buf_append_string(out, " to ");
	quantity_duration(out, (uint64_t)(limit->forecast.high_seconds * 1e9));
	buf_append_string(out, ")");
}
