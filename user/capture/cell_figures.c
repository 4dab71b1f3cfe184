// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/cell_figures.h"

_Static_assert((int)KIND_PENDING == OT_KIND_PENDING && (int)KIND_ANON == OT_KIND_ANON &&
		       (int)KIND_SHMEM == OT_KIND_SHMEM && (int)KIND_FILE == OT_KIND_FILE &&
		       (int)KIND_KERNEL == OT_KIND_KERNEL && (int)KIND_COUNT == OT_KIND_COUNT,
	       "events count the same kinds as the kernel side");

static const enum stack_origin origins[OT_FIXED_COUNT] = {
	[OT_FIXED_LOST] = STACK_LOST,
	[OT_FIXED_BEFORE] = STACK_BEFORE,
	[OT_FIXED_MOVED] = STACK_MOVED,
	[OT_FIXED_NO_STACK] = STACK_NO_STACK,
};

enum stack_origin cell_origin(uint32_t number)
{
	return origins[number % OT_FIXED_COUNT];
}

/*
 * A page freed while its kind was being resolved leaves one kind too low and another too high by
 * one (bpf/kind.bpf.h): they belong together.
 */
static void settle_negative(uint64_t slots[OT_KIND_COUNT], uint64_t deficit)
{
	for (int kind = 0; kind < OT_KIND_COUNT; kind++) {
		uint64_t taken = slots[kind] < deficit ? slots[kind] : deficit;

		slots[kind] -= taken;
		deficit -= taken;
	}
}

bool cell_figures(const struct ot_cell *cell, struct cell_event *figures)
{
	uint64_t any, deficit = 0;

	any = figures->allocated_slots = __atomic_load_n(&cell->allocated, __ATOMIC_RELAXED);
	for (int kind = 0; kind < OT_KIND_COUNT; kind++) {
		int32_t live = __atomic_load_n(&cell->live[kind], __ATOMIC_RELAXED);

		figures->live_slots[kind] = live > 0 ? live : 0;
		deficit += live < 0 ? -(int64_t)live : 0;
		figures->held_slots[kind] = __atomic_load_n(&cell->held[kind], __ATOMIC_RELAXED);
		any |= figures->live_slots[kind] | figures->held_slots[kind];
	}
	settle_negative(figures->live_slots, deficit);
	return any;
}
