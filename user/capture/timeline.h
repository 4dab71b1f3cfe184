/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each process held in the time before. Whoever grows fast tells so itself (bpf/curve.bpf.h);
 * what each account holds is looked at once a second besides. All memory is taken at the start.
 *
 * The watcher calls timeline_tick() often, timeline_take() for each record, and hands a curve on
 * when its process is killed.
 */
#ifndef CAPTURE_TIMELINE_H
#define CAPTURE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/curve.h"
#include "capture/event.h"
#include "capture/ledger.h"

/* Accounts that are followed at once: the largest. */
#define TIMELINE_CURVES 128

struct timeline_curve {
	uint64_t life; /* of the account's mm; 0: free */
	uint32_t account;
	struct curve curve; /* slots by kind */
};

struct timeline {
	struct timeline_curve *curves; /* TIMELINE_CURVES of them */
	uint16_t *curve_of;            /* by account: 1 + its curve, 0: none */
	uint64_t last_ns;
};

/* 0 or -ENOMEM. */
int timeline_init(struct timeline *timeline, const struct ledger *ledger);
void timeline_release(struct timeline *timeline);

/* Looks at the ledger if it is time to. True: it was. */
bool timeline_tick(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns);

/* Looks at it whatever the time is. */
void timeline_look(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns);

/* What an account has told of itself. */
void timeline_take(struct timeline *timeline, const struct ledger *ledger,
		   const struct ot_curve_record *record);

/* Of the account that this life has now, or had last. NULL: it never held enough. */
const struct curve *timeline_find(const struct timeline *timeline, uint64_t life);

/* What an account holds now, by kind; returns the sum. */
uint32_t timeline_read_slots(const struct ot_account *account, uint32_t ret_slots[KIND_COUNT]);

#endif
