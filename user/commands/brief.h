/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told without being kept, from the recorder to the process that prints: a whole trace file
 * in one message, made in memory that was taken at the start. That is what is told in passing, and,
 * where the spool refuses it, an incident, of which this is a copy. Called by the watcher.
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

/*
 * One event after the other, from EVENT_SESSION to EVENT_END. From the first one on for which there
 * is no room they are left out, but for what was lost, and how many these are is among that.
 */
void brief_add(struct brief *brief, const struct event *event);

/* The file, valid until the next event. NULL: it could not be made. */
const void *brief_bytes(const struct brief *brief, size_t *ret_len_bytes);

/* Sends it. With the id of an incident, or NULL of what is told in passing. 0 or -errno. Never
 * waits. */
int brief_send(struct brief *brief, const char *id);

/* How many of a kind were to be told in passing and found no room. */
uint64_t brief_lost(const struct brief *brief, enum incident_kind kind);

#endif
