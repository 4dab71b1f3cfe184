/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups: the ledger's sums of each, and of all below it, next to memory.stat's. Private to
 * model/. */
#ifndef MODEL_GROWTH_CGROUPS_H
#define MODEL_GROWTH_CGROUPS_H

#include "model/growth_rows.h"

/* The path of the cgroup that a process is in; NULL: unknown. */
const char *growth_cgroup_of(const struct growth_draft *draft, uint32_t process_id);

/* Fills in the growth's cgroups, where the recording has any. 0 or -ENOMEM. */
int growth_cgroups_make(struct growth_draft *draft);

#endif
