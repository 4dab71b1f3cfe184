/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person sees while a recording goes on: a table on a terminal, else a line on stderr for
 * each snapshot where snapshots are asked for, else nothing. Glues the model's live table, the view
 * and the terminal to the recording.
 */
#ifndef COMMANDS_LIVE_SHOW_H
#define COMMANDS_LIVE_SHOW_H

#include <stdbool.h>

#include "commands/options.h"
#include "commands/naming.h"

enum live_show_kind { LIVE_SHOW_NOTHING, LIVE_SHOW_LINES, LIVE_SHOW_TABLE };

/* Which it will be. */
enum live_show_kind live_show_kind(const struct opts *opts);

/* How often there is something new, whether it was asked for or not. 0: never. */
uint64_t live_show_interval_ns(const struct opts *opts);

struct live_show;

/*
 * All are borrowed; `symbolizer` may be NULL. Names of what is on the screen go to `keep`, which
 * gives them to the builder. 0 or -errno.
 */
int live_show_open(const struct opts *opts, struct growth_builder *builder,
		   struct symbolizer *symbolizer, naming_fn keep, void *keep_context,
		   struct live_show **ret_show);
void live_show_close(struct live_show *show);
DEFINE_CLEANUP(struct live_show *, live_show_close)

/* A snapshot is whole. 0 or -errno. */
int live_show_snapshot(struct live_show *show);

/* The last one begins: gives the terminal back. */
void live_show_end(struct live_show *show);

/* Readable when live_show_ready() has something to do; -1: never. */
int live_show_fd(const struct live_show *show);
/* Keys, and a new size. False: the person wants to leave. `show` is a struct live_show. */
bool live_show_ready(void *show);

#endif
