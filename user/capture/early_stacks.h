/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process did first: which of its stacks held most when it was small. Noted while it lives,
 * when it has grown to EARLY_BYTES and at each doubling, of which it tells itself
 * (bpf/curve.bpf.h), and as the looks find it; never at a kill. Who grows while the recorder gets
 * no processor has no such note. Knows the ledger's counters, no processes; of fixed size. For
 * watch_look.c and incident_early.c.
 */
#ifndef CAPTURE_EARLY_STACKS_H
#define CAPTURE_EARLY_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/ledger.h"

#define EARLY_BYTES (8ULL << 20)
/* From 8 MiB to 348 GiB, in steps of EARLY_GROWTH. */
#define EARLY_STAGES 17
/* Nearly double: when a process says that it has doubled it may say so sooner than the last time.
 */
#define EARLY_GROWTH(slots) ((slots)*15 / 8)
#define EARLY_CELLS 4

struct early_cell {
	uint32_t cell;
	uint32_t generation; /* another one: the cell is another stack's by now */
	uint64_t slots;      /* anon, shmem, and what has no kind yet */
};

struct early_stage {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t slots;   /* of all stacks */
	uint32_t count;
	struct early_cell cells[EARLY_CELLS]; /* the most first */
};

struct early_stacks {
	uint64_t life; /* of the account they are of; 0: nothing was noted */
	uint32_t count;
	struct early_stage stages[EARLY_STAGES]; /* each EARLY_GROWTH of the one before, or more */
};

/* Does who holds so much have another stage to be noted? A cheap question. */
bool early_stacks_are_due(const struct early_stacks *early, uint64_t life, uint64_t slots,
			  uint64_t slot_bytes);

/* One more stage, should it hold EARLY_GROWTH of what the last one did. The ledger need not be
 * settled. */
void early_stacks_note(struct early_stacks *early, const struct ledger *ledger, uint32_t account,
		       uint64_t life, uint64_t slot_bytes, uint64_t now_ns);

/*
 * The latest stage that had half of these bytes at most, and an eighth at least: less is what any
 * program does. NULL: it was not seen so small.
 */
const struct early_stage *early_stacks_of(const struct early_stacks *early, uint64_t bytes,
					  uint64_t slot_bytes);

#endif
