// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#define LOOK_NS UINT64_C(1000000000)
/* A fall of free memory that is looked at without waiting for the second to end. */
#define FALL_BYTES (32ULL << 20)
/* A curve that did not change has a point each so often, so that it is known to have been flat. */
#define STILL_NS UINT64_C(10000000000)
/* Smaller accounts have no curve. */
#define CURVE_SLOTS 16
/* A total has changed when it has by one part in so many. */
#define CHANGE_PARTS 64

int timeline_init(struct timeline *timeline, const struct ledger *ledger)
{
	*timeline = (struct timeline){
		.curves = calloc(TIMELINE_CURVES, sizeof(*timeline->curves)),
		.totals = calloc(ledger->account_count, sizeof(*timeline->totals)),
		.curve_of = calloc(ledger->account_count, sizeof(*timeline->curve_of)),
	};
	return timeline->curves && timeline->totals && timeline->curve_of ? 0 : -ENOMEM;
}

void timeline_release(struct timeline *timeline)
{
	free(timeline->curves);
	free(timeline->totals);
	free(timeline->curve_of);
	*timeline = (struct timeline){0};
}

static uint32_t total_of(const uint32_t slots[KIND_COUNT])
{
	uint32_t total = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++)
		total += slots[kind];
	return total;
}

/* Counters may be read between two halves of a change: a negative one is none. */
static void add_up(struct timeline *timeline, const struct ledger *ledger)
{
	memset(timeline->totals, 0, ledger->account_count * sizeof(*timeline->totals));
	for (size_t i = 0; i < ledger->cell_count; i++) {
		const struct ot_cell *cell = &ledger->cells[i];

		if (!cell->in_use || cell->account >= ledger->account_count)
			continue;
		for (int kind = 0; kind < KIND_COUNT; kind++)
			if ((int32_t)cell->live[kind] > 0)
				timeline->totals[cell->account][kind] += cell->live[kind];
	}
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
		held = total_of(timeline->totals[curve->account]);
		if (held < least_slots) {
			least_slots = held;
			least = curve;
		}
	}
	return least;
}

static struct timeline_curve *curve_of(struct timeline *timeline, const struct ledger *ledger,
				       uint32_t account, uint32_t slots)
{
	uint64_t life = ledger->accounts[account].life;
	uint32_t known = timeline->curve_of[account];
	struct timeline_curve *curve;

	if (known && timeline->curves[known - 1].life == life &&
	    timeline->curves[known - 1].account == account)
		return &timeline->curves[known - 1];
	if (slots < CURVE_SLOTS)
		return NULL;
	curve = curve_take(timeline, ledger, slots);
	if (!curve)
		return NULL;
	curve->life = life;
	curve->account = account;
	curve->count = 0;
	timeline->curve_of[account] = (uint16_t)(1 + (curve - timeline->curves));
	return curve;
}

/* Every other point of the older half goes. */
static void curve_thin(struct timeline_curve *curve)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < curve->count; i++)
		if (i >= curve->count / 2 || i % 2 == 0)
			curve->points[kept++] = curve->points[i];
	curve->count = kept;
}

static bool has_changed(const struct timeline_curve *curve, uint32_t slots, uint64_t now_ns)
{
	const struct timeline_point *last = &curve->points[curve->count - 1];
	uint32_t then = total_of(last->slots), change = then > slots ? then - slots : slots - then;

	return now_ns - last->time_ns >= STILL_NS || change > then / CHANGE_PARTS;
}

static void curve_add(struct timeline_curve *curve, const uint32_t slots[KIND_COUNT],
		      uint64_t now_ns)
{
	struct timeline_point *point;

	if (curve->count && !has_changed(curve, total_of(slots), now_ns))
		return;
	if (curve->count == TIMELINE_POINTS)
		curve_thin(curve);
	point = &curve->points[curve->count++];
	point->time_ns = now_ns;
	memcpy(point->slots, slots, sizeof(point->slots));
}

static uint64_t host_free_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.freeram * info.mem_unit;
}

void timeline_look(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns)
{
	timeline->last_ns = now_ns;
	timeline->free_bytes = host_free_bytes();
	add_up(timeline, ledger);
	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < ledger->account_count; i++) {
		const struct ot_account *account = &ledger->accounts[i];
		struct timeline_curve *curve;

		/* what a process that was killed gives back is no part of its curve */
		if (!account->in_use || !account->life || account->frozen_ns)
			continue;
		curve = curve_of(timeline, ledger, i, total_of(timeline->totals[i]));
		if (curve)
			curve_add(curve, timeline->totals[i], now_ns);
	}
}

void timeline_tick(struct timeline *timeline, const struct ledger *ledger, uint64_t now_ns)
{
	if (now_ns - timeline->last_ns >= LOOK_NS ||
	    host_free_bytes() + FALL_BYTES < timeline->free_bytes)
		timeline_look(timeline, ledger, now_ns);
}

const struct timeline_curve *timeline_find(const struct timeline *timeline, uint64_t life)
{
	for (uint32_t i = 0; i < TIMELINE_CURVES && life; i++)
		if (timeline->curves[i].life == life && timeline->curves[i].count)
			return &timeline->curves[i];
	return NULL;
}
