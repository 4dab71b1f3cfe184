/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where capture, names and model meet: modules go to the symbolizer as they appear, the frames the
 * model cannot name are asked for once the session is over.
 */
#ifndef COMMANDS_NAMING_H
#define COMMANDS_NAMING_H

#include "base/table.h"
#include "capture/rows_provider.h"
#include "commands/options.h"
#include "model/growth_builder.h"
#include "symbols/symbolizer.h"

/*
 * Starts the child that reads names, with the options' cache. For rows alone debug files are kept
 * for who gives names, and none are fetched. NULL: there are none; said so.
 */
struct symbolizer *naming_open(const struct opts *opts);
struct symbolizer *naming_open_for_rows(const struct opts *opts);

/*
 * Who has unwind rows: the same who has names, of the same files. For live_options; NULL: nobody.
 */
struct rows_provider naming_rows(struct symbolizer *symbolizer);

/* Hands the module's file over and fills in its build-id. `symbolizer` may be NULL. */
void naming_add_module(struct symbolizer *symbolizer, struct module_event *module);

/* The same for a module whose file is gone: it has names if an earlier run has read such a file. */
void naming_add_known(struct symbolizer *symbolizer, const struct module_event *module);

/* Called with each name as an event. Anything but 0 ends it. */
typedef int (*naming_fn)(const struct event *event, void *context);

/* Names what the builder has no name for. 0, -ENOMEM, or what the callback returned. */
int naming_run(struct symbolizer *symbolizer, const struct growth_builder *builder, naming_fn keep,
	       void *context);

/* What was asked for already and has no name. {0}: nothing. */
struct naming_asked {
	struct table places;
};

void naming_asked_release(struct naming_asked *asked);

/*
 * The same for a few stacks, by their ids: those on the screen. Asks nothing twice. 0, -ENOMEM, or
 * what the callback returned.
 */
int naming_run_for(struct symbolizer *symbolizer, const struct growth_builder *builder,
		   struct naming_asked *asked, const uint32_t *stack_ids, size_t count,
		   naming_fn keep, void *context);

/* Says which unwind rows are not used for lack of room. */
void naming_report_rows(uint32_t files_without_room);

/* Says, once, when names were lost to files that could not be read. */
void naming_report(const struct symbolizer *symbolizer);

#endif
