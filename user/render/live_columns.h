/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of the live view's tables: which page has which, from what width of the screen on,
 * and what is in their cells. Knows no keys and no selection. Used by live_view.c. */
#ifndef RENDER_LIVE_COLUMNS_H
#define RENDER_LIVE_COLUMNS_H

#include "render/live_view.h"

/* The titles of a page, on a line of the screen. */
void live_columns_titles(enum live_page page, unsigned int line, struct screen *screen);
/* A row; `utf8`: block characters may be used. */
void live_columns_row(enum live_page page, bool utf8, const struct live_row *row, unsigned int line,
		      struct screen *screen);

/* "full in 2 min 10 s"; what a limit's forecast says, nothing where it has none */
void live_append_forecast(struct buf *out, const struct live_limit *limit);

#endif
