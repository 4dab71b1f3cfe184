/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells become rows: which slots count in the chosen view, what their frames are called, equal
 * stacks added up, the smallest listed together, the largest first. Private to model/.
 */
#ifndef MODEL_GROWTH_ROWS_H
#define MODEL_GROWTH_ROWS_H

#include "base/table.h"
#include "model/estimate.h"
#include "model/growth_events.h"
#include "model/growth_owned.h"

/* What making one growth needs at hand. Borrowed by every step of growth_finish.c. */
struct growth_draft {
	const struct growth_builder *builder;
	const struct growth_options *options;
	struct estimate estimate;
	struct growth_owned *owned;
	struct growth_process *processes; /* owned->growth.processes, still being filled in */
	struct table process_by_id;       /* id -> struct growth_process */
};

/*
 * Makes owned->growth.rows. The processes must be complete, accounts included: what was resident
 * before tracing may have to be taken from there. 0 or -ENOMEM.
 */
int growth_rows_make(struct growth_draft *draft);

/* The same of mapped addresses instead of memory. 0 or -ENOMEM. */
int growth_reserved_make(struct growth_draft *draft);

#endif
