/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done to an incident once it is safe: its file is read again, frames get names and files
 * their build-ids, and the incident is put in its own place with these; then it is printed.
 * Whatever fails here leaves the raw incident as it is. Called by the watcher.
 */
#ifndef COMMANDS_FINISH_H
#define COMMANDS_FINISH_H

#include "commands/options.h"
#include "fleet/spool_writer.h"
#include "model/incident_builder.h"
#include "symbols/symbolizer.h"

struct finisher;

/* All is borrowed; `symbolizer` may be NULL. 0 or -ENOMEM. */
int finisher_new(const struct spool *spool, struct spool_writer *writer,
		 struct symbolizer *symbolizer, struct finisher **ret_finisher);
void finisher_free(struct finisher *finisher);
DEFINE_CLEANUP(struct finisher *, finisher_free)

/* Keeps the file of a module until its incident is finished; takes no time over it. */
void finisher_keep_module(struct finisher *finisher, const struct module_event *module);

/* Calls `show` with the incident. 0, or -errno of what could not be read or written. */
typedef void (*finisher_show_fn)(const struct incident *incident, void *context);
int finisher_run(struct finisher *finisher, const char *id, finisher_show_fn show, void *context);

#endif
