/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows become figures: equal stacks added up, the smallest listed together, slots turned into bytes
 * and their bounds, the largest first. Private to model/.
 */
#ifndef MODEL_GROWTH_ROWS_H
#define MODEL_GROWTH_ROWS_H

#include "base/table.h"
#include "model/estimate.h"
#include "model/frame_names.h"
#include "model/growth_events.h"
#include "model/growth_owned.h"

/* What making one growth needs at hand. Borrowed by every step of growth_finish.c. */
struct growth_draft {
	const struct growth_builder *builder;
	const struct growth_options *options;
	const struct known_snapshot *to;
	const struct known_snapshot *from;     /* NULL: rows are of `to` alone */
	const struct known_snapshot *previous; /* not NULL: rows tell their change since, too */
	struct estimate estimate;
	struct growth_owned *owned;
	struct frame_namer namer;
	struct growth_process *processes; /* owned->growth.processes, still being filled in */
	struct table process_by_id;       /* id -> struct growth_process */
};

/*
 * Makes owned->growth.rows. The processes must be complete, accounts included: what was resident
 * before tracing may have to be taken from there. 0, -ENOMEM or -EFBIG.
 */
int growth_rows_make(struct growth_draft *draft);

/* The same of mapped addresses instead of memory. 0, -ENOMEM or -EFBIG. */
int growth_reserved_make(struct growth_draft *draft);

#endif
