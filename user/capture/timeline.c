// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS UINT64_C(1000000000)
/* Smaller accounts have no curve. */
#define CURVE_SLOTS 16

_Static_assert(CURVE_VALUES == KIND_COUNT && (int)KIND_COUNT == OT_KIND_COUNT,
	       "a point has a value for each kind");

int timeline_init(struct timeline *timeline, const struct ledger *ledger)
{
	*timeline = (struct timeline){
		.curves = calloc(TIMELINE_CURVES, sizeof(*timeline->curves)),
		.curve_of = calloc(ledger->account_count, sizeof(*timeline->curve_of)),
	};
	return timeline->curves && timeline->curve_of ? 0 : -ENOMEM;
}

void timeline_release(struct timeline *timeline)
{
	free(timeline->curves);
	free(timeline->curve_of);
	*timeline = (struct timeline){0};
}

/* Counters may be read between two halves of a change: a negative one is none. */
static uint32_t read_slots(const uint32_t *live, uint32_t ret_slots[KIND_COUNT])
{
	uint32_t total = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		ret_slots[kind] = (int32_t)live[kind] > 0 ? live[kind] : 0;
		total += ret_slots[kind];
	}
	return total;
}

uint32_t timeline_read_slots(const struct ot_account *account, uint32_t ret_slots[KIND_COUNT])
{
	return read_slots(account->live, ret_slots);
}

static uint32_t slots_of(const struct ot_account *account)
{
	uint32_t slots[KIND_COUNT];

	return read_slots(account->live, slots);
}

/* A free curve, or that of who is gone, or of whoever holds least and less than `slots`. */
static struct timeline_curve *curve_take(struct timeline *timeline, const struct ledger *ledger,
					 uint32_t slots)
{
	struct timeline_curve *least = NULL;
	uint32_t least_slots = slots;

	for (uint32_t i = 0; i < TIMELINE_CURVES; i++) {
		struct timeline_curve *curve = &timeline->curves[i];
		const struct ot_account *account = &ledger->accounts[curve->account];
		uint32_t held;

		if (!curve->life || account->life != curve->life || !account->in_use)
			return curve;
		/* its incident may not have been made yet */
		if (account->frozen_ns)
			continue;
		held = slots_of(account);
		if (held < least_slots) {
			least_slots = held;
			least = curve;
		}
	}
	return least;
}

static struct curve *curve_of(struct timeline *timeline, const struct ledger *ledger,
			      uint32_t account, uint32_t slots)
{
	uint64_t life = ledger->accounts[account].life;
	uint32_t known = timeline->curve_of[account];
	struct timeline_curve *curve;

	if (known && timeline->curves[known - 1].life == life &&
	    timeline->curves[known - 1].account == account)
		return &timeline->curves[known - 1].curve;
	if (slots < CURVE_SLOTS)
		return NULL;
	curve = curve_take(timeline, ledger, slots);
	if (!curve)
		return NULL;
	curve->life = life;
	curve->account = account;
	curve->curve.count = 0;
	timeline->curve_of[account] = (uint16_t)(1 + (curve - timeline->curves));
	return &curve->curve;
}

static void add(struct timeline *timeline, const struct ledger *ledger, uint32_t account,
		const uint32_t *live, uint64_t now_ns)
{
	uint32_t slots[KIND_COUNT], total = read_slots(live, slots);
	struct curve *curve = curve_of(timeline, ledger, account, total);

	if (curve)
		curve_add(curve, slots, total, now_ns);
}

void timeline_look(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns)
{
	timeline->last_ns = now_ns;
	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < ledger->account_count; i++) {
		const struct ot_account *account = &ledger->accounts[i];

		/* what a process that was killed gives back is no part of its curve */
		if (account->in_use && account->life && !account->frozen_ns)
			add(timeline, ledger, i, account->live, now_ns);
	}
}

bool timeline_tick(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns)
{
	if (now_ns - timeline->last_ns < LOOK_NS)
		return false;
	timeline_look(timeline, ledger, now_ns);
	return true;
}

void timeline_take(struct timeline *timeline, const struct ledger *ledger,
		   const struct ot_curve_record *record)
{
	if (record->account < ledger->account_count &&
	    ledger->accounts[record->account].life == record->life)
		add(timeline, ledger, record->account, record->live, record->time_ns);
}

const struct curve *timeline_find(const struct timeline *timeline, uint64_t life)
{
	for (uint32_t i = 0; i < TIMELINE_CURVES && life; i++)
		if (timeline->curves[i].life == life && timeline->curves[i].curve.count)
			return &timeline->curves[i].curve;
	return NULL;
}
