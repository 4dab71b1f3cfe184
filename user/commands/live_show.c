// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/live_show.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "commands/naming.h"
#include "commands/output.h"
#include "render/live_line.h"
#include "render/terminal.h"

#define INTERVAL_DEFAULT_NS UINT64_C(1000000000)

struct live_show {
	enum live_show_kind kind;
	struct growth_options options;
	struct growth_builder *builder;
	struct symbolizer *symbolizer;
	naming_fn keep;
	void *keep_context;
	struct naming_asked asked;
	bool named;            /* there are names that the figures do not have yet */
	struct growth *growth; /* of the last snapshot, borrowed by: */
	struct live_table *table;
	struct live_view view;
	struct screen screen;
	struct terminal *terminal; /* NULL: there is no table, or not any more */
};

/*
 * With `-- CMD` the terminal is the command's: it reads it, and what it prints would be in the
 * middle of the table. A trace file gets the snapshots that were asked for, and no others.
 */
enum live_show_kind live_show_kind(const struct opts *opts)
{
	bool table = terminal_is_there() && !opts->command_argv;

	if (opts->format == FORMAT_TRACE)
		return table && opts->interval_ns ? LIVE_SHOW_TABLE : LIVE_SHOW_NOTHING;
	if (table)
		return LIVE_SHOW_TABLE;
	return opts->interval_ns ? LIVE_SHOW_LINES : LIVE_SHOW_NOTHING;
}

uint64_t live_show_interval_ns(const struct opts *opts)
{
	if (opts->interval_ns || live_show_kind(opts) != LIVE_SHOW_TABLE)
		return opts->interval_ns;
	return INTERVAL_DEFAULT_NS;
}

static int open_table(struct live_show *show, const struct opts *opts)
{
	bool many =
		opts->all || opts->cgroup || opts->comm || opts->children || opts->pid_count > 1;
	int err = terminal_open(&show->terminal);

	if (err)
		return err;
	show->view =
		live_view_new(many, terminal_has_utf8(show->terminal), live_show_interval_ns(opts));
	return 0;
}

int live_show_open(const struct opts *opts, struct growth_builder *builder,
		   struct symbolizer *symbolizer, naming_fn keep, void *keep_context,
		   struct live_show **ret_show)
{
	_cleanup_(live_show_closep) struct live_show *show = calloc(1, sizeof(*show));
	int err;

	if (!show)
		return -ENOMEM;
	show->kind = live_show_kind(opts);
	show->options = output_growth_options(opts);
	show->options.since_previous = true;
	show->builder = builder;
	show->symbolizer = symbolizer;
	show->keep = keep;
	show->keep_context = keep_context;
	err = live_table_new(&show->table);
	if (!err && show->kind == LIVE_SHOW_TABLE)
		err = open_table(show, opts);
	if (err)
		return err;
	*ret_show = TAKE_PTR(show);
	return 0;
}

void live_show_end(struct live_show *show)
{
	if (show->terminal)
		terminal_close(TAKE_PTR(show->terminal));
	show->kind = LIVE_SHOW_NOTHING;
}

void live_show_close(struct live_show *show)
{
	live_show_end(show);
	screen_release(&show->screen);
	if (show->table)
		live_table_free(show->table);
	if (show->growth)
		growth_free(show->growth);
	naming_asked_release(&show->asked);
	free(show);
}

/* --- a snapshot --------------------------------------------------------------------------- */

static int make_figures(struct live_show *show,
			int (*take)(struct live_table *table, const struct growth *growth))
{
	struct growth *growth = NULL;
	int err = growth_builder_finish(show->builder, &show->options, &growth);

	if (err)
		return err;
	err = take(show->table, growth);
	if (show->growth)
		growth_free(show->growth);
	show->growth = growth;
	return err;
}

static int keep_name(const struct event *event, void *context)
{
	struct live_show *show = context;

	show->named = true;
	return show->keep(event, show->keep_context);
}

/* Names for a few stacks; then the figures, once more, with them. */
static int name_stacks(struct live_show *show, const uint32_t *stack_ids, size_t count)
{
	int err;

	show->named = false;
	err = naming_run_for(show->symbolizer, show->builder, &show->asked, stack_ids, count,
			     keep_name, show);
	if (!err && show->named)
		err = make_figures(show, live_table_replace);
	return err;
}

static int draw(struct live_show *show)
{
	int err = terminal_fit(show->terminal, &show->screen);

	if (!err)
		live_view_draw(&show->view, show->table, &show->screen);
	return err;
}

static int show_table(struct live_show *show)
{
	int err = draw(show);

	if (!err)
		err = name_stacks(show, show->view.drawn, show->view.drawn_count);
	if (!err && show->named)
		err = draw(show);
	if (!err)
		terminal_show(show->terminal, &show->screen);
	return err;
}

static int show_line(struct live_show *show)
{
	_cleanup_(buf_release) struct buf line = {0};
	const struct live_rows fastest =
		live_table_stacks(show->table, LIVE_OF_ALL, 0, LIVE_BY_RATE);
	int err = 0;

	if (fastest.count && fastest.row->stack->stack_id)
		err = name_stacks(show, &fastest.row->stack->stack_id, 1);
	if (err)
		return err;
	live_line(&line, show->table);
	log_info("%s", buf_string(&line));
	return 0;
}

int live_show_snapshot(struct live_show *show)
{
	int err;

	if (show->kind == LIVE_SHOW_NOTHING)
		return 0;
	err = make_figures(show, live_table_update);
	if (err)
		return err;
	return show->kind == LIVE_SHOW_TABLE ? show_table(show) : show_line(show);
}

/* --- keys --------------------------------------------------------------------------------- */

int live_show_fd(const struct live_show *show)
{
	return show->terminal ? terminal_fd(show->terminal) : -1;
}

bool live_show_ready(void *context)
{
	struct live_show *show = context;
	enum live_key key = LIVE_KEY_NONE;

	do {
		if (!terminal_key(show->terminal, &key))
			return false;
		if (!live_view_key(&show->view, show->table, key))
			return false;
	} while (key != LIVE_KEY_NONE);
	/* what fails here is told when the next snapshot is shown */
	show_table(show);
	return true;
}
