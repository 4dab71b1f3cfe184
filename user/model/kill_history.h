/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The latest kills, each with its workload, to find the lives before a new one. A life follows
 * another of its workload when it began after that one's end, and soon after: replicas that run
 * side by side are no loop, nor are two runs that are hours apart. Bounded; the oldest is
 * forgotten. Knows nothing of files. Called by the finisher, for each incident once.
 */
#ifndef MODEL_KILL_HISTORY_H
#define MODEL_KILL_HISTORY_H

#include "base/cleanup.h"
#include "model/crash_loop.h"

struct kill_history;

int kill_history_new(struct kill_history **ret_history);
void kill_history_free(struct kill_history *history);
DEFINE_CLEANUP(struct kill_history *, kill_history_free)

/*
 * Takes the incident in, with the lives before it: those that its file tells of, else those that
 * are found here. These are copied to `ret_lives`, the oldest first, where it is not NULL; their
 * ids are valid until the next call. 0, -ENOMEM, or -ENODATA where nobody is known to have been
 * killed.
 */
int kill_history_add(struct kill_history *history, const struct incident *incident,
		     struct life_event ret_lives[LIVES_MAX], size_t *ret_count);

#endif
