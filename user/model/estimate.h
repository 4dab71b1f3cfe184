/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From slots to bytes, and how far off that may be. Sums saturate below 2^63 instead of wrapping,
 * because a trace file may claim anything and every output must stay a valid signed number.
 */
#ifndef MODEL_ESTIMATE_H
#define MODEL_ESTIMATE_H

#include <stdint.h>

#define ESTIMATE_MAX INT64_MAX

/*
 * Stacks below this many samples are listed together: their 95 % bound exceeds what they hold.
 * Not used with a period of 1, which is exact.
 */
#define ESTIMATE_MIN_SAMPLES 4

struct estimate {
	uint64_t period_pages;
	uint64_t page_size_bytes;
};

uint64_t estimate_add(uint64_t a, uint64_t b);
int64_t estimate_add_signed(int64_t a, int64_t b);

/* What `slots` stand for. */
uint64_t estimate_bytes(const struct estimate *estimate, uint64_t slots);

/*
 * The 95 % bound of estimate_bytes(): two sigma plus a slot. Each page is a slot with probability
 * 1/N, so the count of slots has a standard deviation of at most its square root, and each slot
 * stands for N pages. 0 when the period is 1.
 */
uint64_t estimate_error_bytes(const struct estimate *estimate, uint64_t slots);

/*
 * How many slots of one stack can differ between two moments, which is what the error of a change
 * depends on: pages that stayed are in both counts and cancel. At most all of both; and no more
 * came than were allocated in between, nor went than would leave the change.
 */
uint64_t estimate_changed_slots(uint64_t from_slots, uint64_t to_slots, uint64_t allocated_slots);

#endif
