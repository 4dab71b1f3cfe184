/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told in passing, from the recorder to the process that prints: a whole trace file in one
 * message, made in memory that was taken at the start. Called by the watcher.
 */
#ifndef COMMANDS_BRIEF_H
#define COMMANDS_BRIEF_H

#include "base/cleanup.h"
#include "capture/event.h"
#include "commands/finisher.h"

struct brief;

/* The finisher is borrowed. 0 or -ENOMEM. */
int brief_new(struct finisher *finisher, struct brief **ret_brief);
void brief_free(struct brief *brief);
DEFINE_CLEANUP(struct brief *, brief_free)

/* One event after the other, from EVENT_SESSION to EVENT_END, which sends. Never waits. */
void brief_add(struct brief *brief, const struct event *event);

/* How many of a kind found no room. */
uint64_t brief_lost(const struct brief *brief, enum incident_kind kind);

#endif
