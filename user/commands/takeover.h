/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the watcher before has left: how far it came, and how many kills nobody recorded since,
 * which is said. Called by the watcher when it starts.
 */
#ifndef COMMANDS_TAKEOVER_H
#define COMMANDS_TAKEOVER_H

#include "fleet/spool_state.h"

/* Writes the state anew: the kernel's count is what this watch begins with. 0 or -errno. */
int takeover(const struct spool *spool, struct spool_state *ret_state);

#endif
