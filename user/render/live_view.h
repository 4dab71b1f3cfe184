/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live view: a table of processes, cgroups or stacks that fits any screen, what is selected in
 * it, and what keys do. Draws on a screen (screen.h); knows no terminal. Used by the recording
 * command.
 */
#ifndef RENDER_LIVE_VIEW_H
#define RENDER_LIVE_VIEW_H

#include <stdbool.h>

#include "model/live_table.h"
#include "render/screen.h"

/* What a key asks for; terminal.c says which keys those are. */
enum live_key {
	LIVE_KEY_NONE,
	LIVE_KEY_QUIT,
	LIVE_KEY_UP,
	LIVE_KEY_DOWN,
	LIVE_KEY_PAGE_UP,
	LIVE_KEY_PAGE_DOWN,
	LIVE_KEY_OPEN, /* the stacks of what is selected */
	LIVE_KEY_BACK, /* to the processes, or the cgroups that stacks were opened from */
	LIVE_KEY_CGROUPS,
	LIVE_KEY_SORT,
	LIVE_KEY_COUNT,
};

#define LIVE_VIEW_DRAWN 256

enum live_page { LIVE_PROCESSES, LIVE_CGROUPS, LIVE_STACKS };

struct live_view {
	enum live_page page;
	enum live_order order;
	enum live_owner opened; /* whose stacks are shown, */
	uint64_t opened_key;    /* by this key, unless all */
	uint64_t selected;      /* key of a process or cgroup; 0: the first row */
	size_t place;           /* of the selected row, from 0 */
	size_t top;             /* first row that is shown */
	size_t row_count;       /* when it was last drawn */
	size_t page_rows;
	bool utf8; /* block characters may be used */
	uint64_t interval_ns;
	uint32_t drawn[LIVE_VIEW_DRAWN]; /* ids of the stacks that were drawn: worth a name */
	size_t drawn_count;
};

/* The page to begin with: processes where there will be many. */
struct live_view live_view_new(bool many, bool utf8, uint64_t interval_ns);

/* False: the person wants to leave. */
bool live_view_key(struct live_view *view, struct live_table *table, enum live_key key);

/* The whole screen. `table` may have no growth yet. */
void live_view_draw(struct live_view *view, struct live_table *table, struct screen *screen);

#endif
