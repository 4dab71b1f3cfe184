// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/live_view.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "render/frame_short.h"
#include "render/quantity.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Rows above the table: what is traced, how much it is, a gap, titles. Below: the keys. */
#define HEAD_ROWS 4
#define FOOT_ROWS 1
/* A pane for what is selected is worth its rows where this many are left. */
#define PANE_FROM_ROWS 14
#define GAP 2

struct live_view live_view_new(bool many, bool utf8, uint64_t interval_ns)
{
	return (struct live_view){
		.page = many ? LIVE_PROCESSES : LIVE_STACKS,
		.order = many ? LIVE_BY_RATE : LIVE_BY_BYTES,
		.utf8 = utf8,
		.interval_ns = interval_ns,
	};
}

static struct live_rows rows_of(const struct live_view *view, struct live_table *table)
{
	if (!live_table_growth(table))
		return (struct live_rows){NULL, 0};
	if (view->page == LIVE_PROCESSES)
		return live_table_processes(table, view->order);
	return live_table_stacks(table, view->opened, view->order);
}

/* --- cells -------------------------------------------------------------------------------- */

static void cell_bytes(const struct live_view *view __attribute__((unused)),
		       const struct live_row *row, size_t width __attribute__((unused)),
		       struct buf *cell)
{
	quantity_signed_bytes(cell, row->bytes);
}

static void cell_change(const struct live_view *view __attribute__((unused)),
			const struct live_row *row, size_t width __attribute__((unused)),
			struct buf *cell)
{
	quantity_change(cell, row->change_bytes);
}

static void cell_rate(const struct live_view *view __attribute__((unused)),
		      const struct live_row *row, size_t width __attribute__((unused)),
		      struct buf *cell)
{
	quantity_change(cell, (int64_t)row->rate_bytes);
	buf_append_string(cell, "/s");
}

static void cell_kind(const struct live_view *view __attribute__((unused)),
		      const struct live_row *row, size_t width __attribute__((unused)),
		      struct buf *cell)
{
	buf_append_string(cell, memory_kind_name(row->stack->kind));
}

static void cell_pid(const struct live_view *view __attribute__((unused)),
		     const struct live_row *row, size_t width __attribute__((unused)),
		     struct buf *cell)
{
	buf_printf(cell, "%" PRIu32, row->process->pid);
}

static void cell_process(const struct live_view *view __attribute__((unused)),
			 const struct live_row *row, size_t width __attribute__((unused)),
			 struct buf *cell)
{
	escape_terminal_string(cell, row->process->comm);
	if (row->process->ended)
		buf_append_string(cell, " (ended)");
}

static void cell_stack(const struct live_view *view __attribute__((unused)),
		       const struct live_row *row, size_t width, struct buf *cell)
{
	stack_short(cell, row->stack, width);
}

/* Between the least and the most of what is shown, so that a small change shows as well. */
static void cell_trend(const struct live_view *view, const struct live_row *row, size_t width,
		       struct buf *cell)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const plain[] = {"_", ".", ",", "-", "=", "+", "*", "#"};
	size_t count = row->history_count < width ? row->history_count : width;
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

		buf_append_string(cell, (view->utf8 ? blocks : plain)[level]);
	}
}

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

/* --- columns ------------------------------------------------------------------------------ */

#define ON_PROCESSES (1U << LIVE_PROCESSES)
#define ON_STACKS (1U << LIVE_STACKS)
#define ON_BOTH (ON_PROCESSES | ON_STACKS)

/* A column is there where the screen is wide enough for it; the last one takes what is left. */
static const struct column {
	const char *title;
	unsigned int pages; /* bits (1 << enum live_page) */
	unsigned int width;
	unsigned int from_columns; /* of the screen */
	bool right;
	void (*cell)(const struct live_view *view, const struct live_row *row, size_t width,
		     struct buf *cell);
	enum screen_style (*style)(const struct live_row *row);
} columns[] = {
	{"pid", ON_PROCESSES, 7, 0, true, cell_pid, NULL},
	{"bytes", ON_BOTH, 10, 0, true, cell_bytes, NULL},
	{"change", ON_BOTH, 11, 60, true, cell_change, style_change},
	{"rate", ON_BOTH, 13, 50, true, cell_rate, style_rate},
	{"kind", ON_STACKS, 6, 70, false, cell_kind, NULL},
	{"trend", ON_PROCESSES, LIVE_HISTORY, 80, false, cell_trend, NULL},
	{"process", ON_PROCESSES, 0, 0, false, cell_process, NULL},
	{"stack, leaf first", ON_STACKS, 0, 0, false, cell_stack, NULL},
};

static bool column_is_shown(const struct live_view *view, const struct screen *screen,
			    const struct column *column)
{
	return column->pages & 1U << view->page && screen->columns >= column->from_columns;
}

static unsigned int column_width(const struct screen *screen, const struct column *column,
				 unsigned int at)
{
	if (column->width)
		return column->width;
	return screen->columns > at ? screen->columns - at : 0;
}

static void draw_cell(struct screen *screen, const struct column *column, unsigned int row,
		      unsigned int at, const char *text, enum screen_style style)
{
	unsigned int width = column_width(screen, column, at);

	if (column->right)
		screen_put_right(screen, row, at, width, text, style);
	else
		screen_put(screen, row, at, width, text, style);
}

static void draw_titles(const struct live_view *view, struct screen *screen)
{
	unsigned int at = 0;

	for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
		if (!column_is_shown(view, screen, &columns[i]))
			continue;
		draw_cell(screen, &columns[i], HEAD_ROWS - 1, at, columns[i].title, STYLE_FAINT);
		at += column_width(screen, &columns[i], at) + GAP;
	}
}

static void remember_drawn(struct live_view *view, const struct live_row *row)
{
	if (row->stack && row->stack->stack_id && view->drawn_count < LIVE_VIEW_DRAWN)
		view->drawn[view->drawn_count++] = row->stack->stack_id;
}

static void draw_row(struct live_view *view, const struct live_row *row, unsigned int line,
		     struct screen *screen)
{
	_cleanup_(buf_release) struct buf cell = {0};
	unsigned int at = 0;

	remember_drawn(view, row);
	for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
		const struct column *column = &columns[i];

		if (!column_is_shown(view, screen, column))
			continue;
		buf_clear(&cell);
		column->cell(view, row, column_width(screen, column, at), &cell);
		draw_cell(screen, column, line, at, buf_string(&cell),
			  column->style ? column->style(row) : STYLE_PLAIN);
		at += column_width(screen, column, at) + GAP;
	}
}

/* --- above and below ---------------------------------------------------------------------- */

static uint64_t lost_data(const struct growth *growth)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < growth->loss_count; i++)
		lost += growth->losses[i].data ? growth->losses[i].count : 0;
	return lost;
}

static void draw_head(const struct growth *growth, struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};
	uint64_t lost = lost_data(growth);
	unsigned int used;

	quantity_duration(&line, growth->time_ns);
	buf_append_string(&line, "  lost: ");
	if (lost)
		buf_printf(&line, "%" PRIu64 " events", lost);
	else
		buf_append_string(&line, "nothing");
	screen_put_right(screen, 0, 0, screen->columns, buf_string(&line),
			 lost ? STYLE_ALARM : STYLE_PLAIN);
	used = (unsigned int)line.len_bytes + GAP;
	buf_clear(&line);
	buf_append_string(&line, "oomtrace ");
	escape_terminal_string(&line, growth->session.target);
	screen_put(screen, 0, 0, screen->columns > used ? screen->columns - used : 0,
		   buf_string(&line), STYLE_STRONG);
}

static const struct growth_process *the_target(const struct growth *growth)
{
	const struct growth_process *target = NULL;

	for (size_t i = 0; i < growth->process_count; i++) {
		if (!growth->processes[i].target || !growth->processes[i].end_known)
			continue;
		if (target)
			return NULL; /* more than one */
		target = &growth->processes[i];
	}
	return target;
}

static const char *rows_title(const struct live_view *view)
{
	if (view->page == LIVE_PROCESSES)
		return view->row_count == 1 ? "process" : "processes";
	return view->row_count == 1 ? "stack" : "stacks";
}

static void draw_sum(const struct live_view *view, const struct growth *growth,
		     struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};
	const struct growth_process *target = the_target(growth);

	buf_append_string(&line, growth->reserved      ? "reserved "
				 : growth->since_start ? "allocated "
						       : "live ");
	quantity_signed_bytes(&line, growth->total_bytes);
	if (growth->previous_known) {
		buf_append_string(&line, ", ");
		quantity_change(&line, growth->change_bytes);
		buf_append_string(&line, " in ");
		quantity_duration(&line, growth->time_ns - growth->previous_ns);
	}
	if (target) {
		buf_append_string(&line, ", RSS ");
		quantity_bytes(&line, target->rss_end_bytes);
	}
	buf_printf(&line, ", %zu %s", view->row_count, rows_title(view));
	if (view->opened)
		buf_printf(&line, " of one process");
	screen_put(screen, 1, 0, screen->columns, buf_string(&line), STYLE_PLAIN);
}

static void draw_foot(const struct live_view *view, struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};

	if (screen->rows < HEAD_ROWS + FOOT_ROWS)
		return;
	buf_printf(&line, "q quit  s sort: %s  %s  %s", live_order_name(view->order),
		   view->page == LIVE_PROCESSES ? "Enter stacks" : "p processes",
		   view->utf8 ? "↑↓ select" : "up/down select");
	screen_put(screen, screen->rows - 1, 0, screen->columns, buf_string(&line), STYLE_FAINT);
}

static void draw_waiting(const struct live_view *view, struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};

	buf_append_string(&line, "waiting for the first figures, every ");
	quantity_duration(&line, view->interval_ns);
	screen_put(screen, 0, 0, screen->columns, buf_string(&line), STYLE_PLAIN);
}

/* --- what is selected --------------------------------------------------------------------- */

/* Rows of the pane below the table, its title included. */
static unsigned int pane_rows(const struct screen *screen)
{
	unsigned int body =
		screen->rows > HEAD_ROWS + FOOT_ROWS ? screen->rows - HEAD_ROWS - FOOT_ROWS : 0;

	return body < PANE_FROM_ROWS ? 0 : body / 3 + 1;
}

/* All frames of a stack, as they are, one a line. */
static void draw_frames(const struct growth_row *stack, unsigned int first, unsigned int last,
			struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};

	for (uint32_t i = 0; i < stack->frame_count && first + i < last; i++) {
		buf_clear(&line);
		escape_terminal_string(&line, stack->frames[stack->frame_count - 1 - i]);
		screen_put(screen, first + i, GAP, screen->columns, buf_string(&line), STYLE_PLAIN);
	}
}

/* The stacks of a process that grow fastest. */
static void draw_its_stacks(struct live_view *view, struct live_table *table, uint32_t process_id,
			    unsigned int first, unsigned int last, struct screen *screen)
{
	const struct live_rows stacks = live_table_stacks(table, process_id, view->order);

	view->page = LIVE_STACKS;
	for (size_t i = 0; i < stacks.count && first + i < last; i++)
		draw_row(view, &stacks.row[i], first + (unsigned int)i, screen);
	view->page = LIVE_PROCESSES;
}

static void draw_pane(struct live_view *view, struct live_table *table, struct live_row row,
		      struct screen *screen)
{
	unsigned int rows = pane_rows(screen), last = screen->rows - FOOT_ROWS, first = last - rows;
	_cleanup_(buf_release) struct buf title = {0};

	if (!rows)
		return;
	escape_terminal_string(&title, row.process->comm);
	buf_printf(&title, " (pid %" PRIu32 ")", row.process->pid);
	if (row.stack && strcmp(row.stack->comm, row.process->comm) != 0) {
		buf_append_string(&title, " thread ");
		escape_terminal_string(&title, row.stack->comm);
	}
	screen_put(screen, first, 0, screen->columns, buf_string(&title), STYLE_STRONG);
	if (row.stack)
		draw_frames(row.stack, first + 1, last, screen);
	else
		draw_its_stacks(view, table, row.process->id, first + 1, last, screen);
}

/* --- all together ------------------------------------------------------------------------- */

/* A process stays selected wherever it goes; a stack does not, its place does. */
static void find_selected(struct live_view *view, struct live_rows rows)
{
	if (view->page == LIVE_PROCESSES && view->selected)
		for (size_t i = 0; i < rows.count; i++)
			if (rows.row[i].process->id == view->selected)
				view->place = i;
	if (view->place >= rows.count)
		view->place = rows.count ? rows.count - 1 : 0;
}

static void scroll(struct live_view *view)
{
	if (view->place < view->top)
		view->top = view->place;
	if (view->page_rows && view->place >= view->top + view->page_rows)
		view->top = view->place - view->page_rows + 1;
	if (view->top + view->page_rows > view->row_count)
		view->top =
			view->row_count > view->page_rows ? view->row_count - view->page_rows : 0;
}

static void draw_table(struct live_view *view, struct live_rows rows, struct screen *screen)
{
	unsigned int around = HEAD_ROWS + FOOT_ROWS + pane_rows(screen);

	view->page_rows = screen->rows > around ? screen->rows - around : 0;
	view->row_count = rows.count;
	find_selected(view, rows);
	scroll(view);
	for (size_t i = 0; i < view->page_rows && view->top + i < rows.count; i++) {
		draw_row(view, &rows.row[view->top + i], HEAD_ROWS + (unsigned int)i, screen);
		if (view->top + i == view->place)
			screen_select(screen, HEAD_ROWS + (unsigned int)i);
	}
}

void live_view_draw(struct live_view *view, struct live_table *table, struct screen *screen)
{
	const struct growth *growth = live_table_growth(table);
	struct live_rows rows = rows_of(view, table);

	view->drawn_count = 0;
	screen_clear(screen);
	draw_foot(view, screen);
	if (!growth) {
		draw_waiting(view, screen);
		return;
	}
	draw_table(view, rows, screen);
	draw_titles(view, screen);
	draw_head(growth, screen);
	draw_sum(view, growth, screen);
	if (rows.count)
		draw_pane(view, table, rows.row[view->place], screen);
}

/* --- keys --------------------------------------------------------------------------------- */

static void move(struct live_view *view, struct live_table *table, long by)
{
	const struct live_rows rows = rows_of(view, table);
	long place = (long)view->place + by;

	if (!rows.count)
		return;
	if (place < 0)
		place = 0;
	if ((size_t)place >= rows.count)
		place = (long)rows.count - 1;
	view->place = (size_t)place;
	if (view->page == LIVE_PROCESSES)
		view->selected = rows.row[view->place].process->id;
}

static void open_selected(struct live_view *view, struct live_table *table)
{
	const struct live_rows rows = rows_of(view, table);

	if (view->page != LIVE_PROCESSES || view->place >= rows.count)
		return;
	view->selected = view->opened = rows.row[view->place].process->id;
	view->page = LIVE_STACKS;
	view->place = view->top = 0;
}

static void go_back(struct live_view *view)
{
	if (view->page == LIVE_PROCESSES)
		return;
	view->page = LIVE_PROCESSES;
	view->opened = 0;
	view->place = view->top = 0;
}

bool live_view_key(struct live_view *view, struct live_table *table, enum live_key key)
{
	long page = view->page_rows ? (long)view->page_rows : 1;

	switch (key) {
	case LIVE_KEY_QUIT:
		return false;
	case LIVE_KEY_UP:
	case LIVE_KEY_DOWN:
		move(view, table, key == LIVE_KEY_UP ? -1 : 1);
		break;
	case LIVE_KEY_PAGE_UP:
	case LIVE_KEY_PAGE_DOWN:
		move(view, table, key == LIVE_KEY_PAGE_UP ? -page : page);
		break;
	case LIVE_KEY_OPEN:
		open_selected(view, table);
		break;
	case LIVE_KEY_BACK:
		go_back(view);
		break;
	case LIVE_KEY_SORT:
		view->order = (view->order + 1) % LIVE_ORDER_COUNT;
		break;
	default:
		break;
	}
	return true;
}
