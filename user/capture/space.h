/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One address space: which stack has reserved which addresses, kept exact by records of changes.
 * Between records the sum of all ranges is the kernel's own total; where it is not (a record was
 * lost, or a change that no record explains) the space is astray until it is told what is mapped.
 * Where there are more ranges than are kept it is forgotten who has them, not how much there is.
 * Knows nothing of rings or files: spaces.c has these.
 */
#ifndef CAPTURE_SPACE_H
#define CAPTURE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intervals.h"
#include "bpf/oomtrace.h"

/*
 * Owners of ranges are cells (enum ot_fixed_cell has those without a stack). Account 0 does not
 * exist, so two of its cells can stand for what was there before there were records.
 */
#define SPACE_BEFORE 1 /* when tracing began */
#define SPACE_FORK 2   /* when the process was forked */

struct space {
	uint32_t life; /* whose it is; 0: not in use */
	struct intervals ranges;
	uint32_t unseen_owner; /* of what is found in maps and no record told of */
	uint32_t lost_owner;   /* of what it is not known of any more */
	bool based;            /* what was there before the first record is in */
	bool astray;           /* the sum is not the kernel's */
	bool crowded;          /* the sum is all that is kept: one range, from 0 on */
	uint64_t records;      /* taken so far */
	uint64_t disowned;     /* ranges that lost their owner, there being too many */
};

/* Takes one record, whose `change` is one there is. 0 or -errno, and then a part of it is taken. */
int space_apply(struct space *space, const struct ot_mapping_record *record);

/*
 * Makes `space` cover what `maps` does: what is new has the owner for such, what is gone is gone.
 * 0 or -errno.
 */
int space_conform(struct space *space, const struct intervals *maps);

/* The same where all that is known of it is a sum, or all that there is room for. 0 or -ENOMEM. */
int space_only_total(struct space *space, uint64_t total_bytes);

#endif
