// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/live_view.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "render/limit.h"
#include "render/live_columns.h"
#include "render/quantity.h"

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
	if (view->page == LIVE_CGROUPS)
		return live_table_cgroups(table, view->order);
	return live_table_stacks(table, view->opened, view->opened_key, view->order);
}

static void remember_drawn(struct live_view *view, const struct live_row *row)
{
	if (row->stack && row->stack->stack_id && view->drawn_count < LIVE_VIEW_DRAWN)
		view->drawn[view->drawn_count++] = row->stack->stack_id;
}

static void draw_row(struct live_view *view, enum live_page page, const struct live_row *row,
		     unsigned int line, struct screen *screen)
{
	remember_drawn(view, row);
	live_columns_row(page, view->utf8, row, line, screen);
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

static const struct {
	const char *one, *many;
} titles[] = {
	[LIVE_PROCESSES] = {"process", "processes"},
	[LIVE_CGROUPS] = {"cgroup", "cgroups"},
	[LIVE_STACKS] = {"stack", "stacks"},
};

static void append_limit(struct buf *out, const struct live_limit *limit)
{
	buf_append_string(out, ", ");
	quantity_share(out, limit->used_bytes, limit->limit_bytes);
	buf_append_string(out, " of ");
	quantity_bytes(out, limit->limit_bytes);
	live_append_forecast(out, limit);
}

static void draw_sum(const struct live_view *view, const struct live_table *table,
		     struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};
	const struct growth *growth = live_table_growth(table);
	const struct growth_process *target = the_target(growth);
	const struct live_limit *limit = live_table_limit(table);

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
	buf_printf(&line, ", %zu %s", view->row_count,
		   view->row_count == 1 ? titles[view->page].one : titles[view->page].many);
	if (view->page == LIVE_STACKS && view->opened != LIVE_OF_ALL)
		buf_printf(&line, " of one %s",
			   view->opened == LIVE_OF_CGROUP ? "cgroup" : "process");
	if (limit)
		append_limit(&line, limit);
	screen_put(screen, 1, 0, screen->columns, buf_string(&line), STYLE_PLAIN);
}

/* Narrower screens get the keys alone. */
#define FOOT_FROM_COLUMNS 64

/* One process is not traced by cgroups: there is no page of them. */
static bool has_cgroups(const struct live_table *table)
{
	const struct growth *growth = live_table_growth(table);

	return growth && growth->cgroup_count;
}

static void append_pages(struct buf *line, enum live_page page, bool cgroups, bool wide)
{
	if (page != LIVE_STACKS)
		buf_append_string(line, wide ? "Enter stacks  " : "Enter ");
	if (page != LIVE_PROCESSES)
		buf_append_string(line, wide ? "p processes  " : "p ");
	if (page != LIVE_CGROUPS && cgroups)
		buf_append_string(line, wide ? "c cgroups  " : "c ");
}

/* In the row above the titles, which is empty otherwise. */
static void draw_limit(const struct growth *growth, struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};

	/* where there are cgroups to look at, each has its own */
	if (!growth->limit.known || growth->cgroup_count)
		return;
	limit_line(&line, &growth->limit);
	screen_put(screen, 2, 0, screen->columns, buf_string(&line),
		   growth->limit.forecast_known ? STYLE_GROWN : STYLE_PLAIN);
}

static void draw_foot(const struct live_view *view, const struct live_table *table,
		      struct screen *screen)
{
	_cleanup_(buf_release) struct buf line = {0};
	bool wide = screen->columns >= FOOT_FROM_COLUMNS;

	if (screen->rows < HEAD_ROWS + FOOT_ROWS)
		return;
	buf_printf(&line, wide ? "q quit  s sort: %s  " : "q quit s %s ",
		   live_order_name(view->order));
	append_pages(&line, view->page, has_cgroups(table), wide);
	buf_append_string(&line, view->utf8 ? "↑↓" : "up/down");
	if (wide)
		buf_append_string(&line, " select");
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

/* The stacks of a process or cgroup that grow fastest. */
static void draw_its_stacks(struct live_view *view, struct live_table *table,
			    const struct live_row *row, unsigned int first, unsigned int last,
			    struct screen *screen)
{
	const struct live_rows stacks = live_table_stacks(
		table, row->process ? LIVE_OF_PROCESS : LIVE_OF_CGROUP, row->key, view->order);

	for (size_t i = 0; i < stacks.count && first + i < last; i++)
		draw_row(view, LIVE_STACKS, &stacks.row[i], first + (unsigned int)i, screen);
}

static void append_process(struct buf *title, const struct live_row *row)
{
	escape_terminal_string(title, row->process->comm);
	buf_printf(title, " (pid %" PRIu32 ")", row->process->pid);
	if (row->stack && strcmp(row->stack->comm, row->process->comm) != 0) {
		buf_append_string(title, " thread ");
		escape_terminal_string(title, row->stack->comm);
	}
}

/* Which limit that is: of its own cgroup, or of one above. */
static void append_its_limit(struct buf *title, const struct live_limit *limit)
{
	append_limit(title, limit);
	buf_append_string(title, ", limit of ");
	escape_terminal_string(title, limit->path);
}

static void draw_pane(struct live_view *view, struct live_table *table, struct live_row row,
		      struct screen *screen)
{
	unsigned int rows = pane_rows(screen), last = screen->rows - FOOT_ROWS, first = last - rows;
	_cleanup_(buf_release) struct buf title = {0};

	if (!rows)
		return;
	if (row.process)
		append_process(&title, &row);
	else
		escape_terminal_string(&title, row.cgroup->path);
	if (row.limit)
		append_its_limit(&title, row.limit);
	screen_put(screen, first, 0, screen->columns, buf_string(&title), STYLE_STRONG);
	if (row.stack)
		draw_frames(row.stack, first + 1, last, screen);
	else
		draw_its_stacks(view, table, &row, first + 1, last, screen);
}

/* --- all together ------------------------------------------------------------------------- */

/* A process or cgroup stays selected wherever it goes; a stack does not, its place does. */
static void find_selected(struct live_view *view, struct live_rows rows)
{
	if (view->page != LIVE_STACKS && view->selected)
		for (size_t i = 0; i < rows.count; i++)
			if (rows.row[i].key == view->selected)
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
		draw_row(view, view->page, &rows.row[view->top + i], HEAD_ROWS + (unsigned int)i,
			 screen);
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
	draw_foot(view, table, screen);
	if (!growth) {
		draw_waiting(view, screen);
		return;
	}
	draw_table(view, rows, screen);
	live_columns_titles(view->page, HEAD_ROWS - 1, screen);
	draw_head(growth, screen);
	draw_sum(view, table, screen);
	draw_limit(growth, screen);
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
	if (view->page != LIVE_STACKS)
		view->selected = rows.row[view->place].key;
}

static void turn_to(struct live_view *view, enum live_page page)
{
	if (view->page == page)
		return;
	view->page = page;
	view->place = view->top = 0;
}

static void open_selected(struct live_view *view, struct live_table *table)
{
	const struct live_rows rows = rows_of(view, table);

	if (view->page == LIVE_STACKS || view->place >= rows.count)
		return;
	view->opened = view->page == LIVE_CGROUPS ? LIVE_OF_CGROUP : LIVE_OF_PROCESS;
	view->selected = view->opened_key = rows.row[view->place].key;
	turn_to(view, LIVE_STACKS);
}

static void go_back(struct live_view *view)
{
	bool to_cgroups = view->page == LIVE_STACKS && view->opened == LIVE_OF_CGROUP;

	turn_to(view, to_cgroups ? LIVE_CGROUPS : LIVE_PROCESSES);
	view->opened = LIVE_OF_ALL;
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
	case LIVE_KEY_CGROUPS:
		if (has_cgroups(table))
			turn_to(view, LIVE_CGROUPS);
		break;
	case LIVE_KEY_SORT:
		view->order = (view->order + 1) % LIVE_ORDER_COUNT;
		break;
	default:
		break;
	}
	return true;
}
