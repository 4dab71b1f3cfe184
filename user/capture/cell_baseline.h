/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stacks held some time ago: the counters of all cells with stacks, copied now and then, so
 * that what has grown since can be told. There are copies for what grows fast, seconds old, and for
 * what grows slowly, minutes old; of each two, of which the older one counts. A cell that has
 * become another stack's held nothing of that stack. All memory is taken at the start. Knows
 * nothing of processes; for warnings.c and incident_growing.c alone.
 */
#ifndef CAPTURE_CELL_BASELINE_H
#define CAPTURE_CELL_BASELINE_H

#include "capture/event.h"
#include "capture/ledger.h"

enum baseline_age {
	BASELINE_SECONDS, /* 10 to 20 of them */
	BASELINE_MINUTES, /* 5 to 10 */
	BASELINE_AGES,
};

struct cell_copy {
	uint32_t anon, shmem, kernel; /* slots; what has no kind yet is nearly always anon */
	uint32_t allocated : 24;      /* the low bits, as of the cell's generation */
	uint32_t generation : 8;
};

struct cell_copies {
	uint64_t time_ns; /* 0: none yet */
	struct cell_copy *items;
};

struct cell_baseline {
	uint32_t first; /* cell of the first item */
	uint32_t count; /* 0: nothing was set up */
	struct {
		struct cell_copies older, newer;
	} ages[BASELINE_AGES];
};

/* 0 or -ENOMEM. */
int cell_baseline_init(struct cell_baseline *baseline, const struct ledger *ledger);
void cell_baseline_release(struct cell_baseline *baseline);

/* Copies what is due; the first call does it all. Times are of any one clock, never 0. */
void cell_baseline_tick(struct cell_baseline *baseline, const struct ledger *ledger,
			uint64_t now_ns);

/* Of what time the figures are that count; 0: there are none. */
uint64_t cell_baseline_time_ns(const struct cell_baseline *baseline, enum baseline_age age);

/*
 * What a cell held then and holds now, without page cache. The gross count of `then` is 0, that of
 * `now` is since then.
 */
void cell_baseline_compare(const struct cell_baseline *baseline, enum baseline_age age,
			   const struct ledger *ledger, uint32_t cell, struct cell_event *ret_then,
			   struct cell_event *ret_now);

#endif
