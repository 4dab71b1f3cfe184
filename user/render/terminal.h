/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal that a screen is shown on and keys come from: the only file that knows curses. What
 * other code writes to stderr meanwhile is kept, and written when the terminal is given back.
 */
#ifndef RENDER_TERMINAL_H
#define RENDER_TERMINAL_H

#include <stdbool.h>

#include "render/live_view.h"

struct terminal;

/* Is there one to take over: a terminal on stdout that can move its cursor, and is ours now? */
bool terminal_is_there(void);

/* Takes it over. 0 or -errno. */
int terminal_open(struct terminal **ret_terminal);
/* Gives it back as it was. */
void terminal_close(struct terminal *terminal);
DEFINE_CLEANUP(struct terminal *, terminal_close)

/* Can be read when there is a key, or the size has changed. Borrowed. */
int terminal_fd(const struct terminal *terminal);

/* Does it show more than ASCII? */
bool terminal_has_utf8(const struct terminal *terminal);

/* Makes the screen as large as the terminal is now. 0 or -ENOMEM. */
int terminal_fit(struct terminal *terminal, struct screen *screen);

/* The next key that was pressed; LIVE_KEY_NONE when none waits. False: none, and none will come. */
bool terminal_key(struct terminal *terminal, enum live_key *ret_key);

void terminal_show(struct terminal *terminal, const struct screen *screen);

#endif
