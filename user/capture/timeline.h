/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each process held in the time before: the ledger's totals by account, read once a second,
 * and at once when the host's free memory has fallen by much since. A curve keeps a point where its
 * total has changed; when it is full every other point of its older half is dropped, so that it is
 * fine where it is new and reaches back ever more coarsely. All memory is taken at the start.
 *
 * The watcher calls timeline_tick() often and hands a curve on when its process is killed.
 */
#ifndef CAPTURE_TIMELINE_H
#define CAPTURE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/event.h"
#include "capture/ledger.h"

/* Accounts that are followed at once: the largest. */
#define TIMELINE_CURVES 192
#define TIMELINE_POINTS 896

struct timeline_point {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t slots[KIND_COUNT];
};

struct timeline_curve {
	uint64_t life; /* of the account's mm; 0: free */
	uint32_t account;
	uint32_t count;
	struct timeline_point points[TIMELINE_POINTS]; /* oldest first */
};

struct timeline {
	struct timeline_curve *curves;  /* TIMELINE_CURVES of them */
	uint32_t (*totals)[KIND_COUNT]; /* by account, of the last look */
	uint16_t *curve_of;             /* by account: 1 + its curve, 0: none */
	uint64_t last_ns;
	uint64_t free_bytes; /* of the host, at the last look */
};

/* 0 or -ENOMEM. */
int timeline_init(struct timeline *timeline, const struct ledger *ledger);
void timeline_release(struct timeline *timeline);

/* Looks at the ledger if it is time to. */
void timeline_tick(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns);

/* Looks at it whatever the time is. */
void timeline_look(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns);

/* Of the account that this life has now, or had last. NULL: it never held enough. */
const struct timeline_curve *timeline_find(const struct timeline *timeline, uint64_t life);

#endif
