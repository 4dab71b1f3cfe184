/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a watcher leaves in the spool for the next one: how many OOM kills of this boot it has
 * accounted for, so that those which nobody recorded can be told. Called by the watcher.
 */
#ifndef FLEET_SPOOL_STATE_H
#define FLEET_SPOOL_STATE_H

#include "fleet/spool.h"

#define SPOOL_BOOT_ID_LEN 40

struct spool_state {
	char boot_id[SPOOL_BOOT_ID_LEN];
	uint64_t sequence; /* of the last incident; 0: none of this boot */
	uint64_t kills;    /* by the kernel's own count (oom_kill in /proc/vmstat) */
};

/* 0, -ENOENT, -EBADMSG for what is none, or -errno. */
int spool_state_read(const struct spool *spool, struct spool_state *ret_state);

/* There whole or not at all, but not synced: after a crash of the host the boot is another one. */
int spool_state_write(const struct spool *spool, const struct spool_state *state);

#endif
