// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/cell_baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/cell_figures.h"

#define SECOND_NS UINT64_C(1000000000)
#define ALLOCATED_MASK 0xffffffU

/* From one copy to the next. */
static const uint64_t apart_ns[] = {
	[BASELINE_SECONDS] = 10 * SECOND_NS,
	[BASELINE_MINUTES] = 300 * SECOND_NS,
};

_Static_assert(sizeof(apart_ns) / sizeof(apart_ns[0]) == BASELINE_AGES, "every age has its time");
_Static_assert(sizeof(struct cell_copy) == 16, "there are four of them for each cell");

static int copies_init(struct cell_copies *copies, uint32_t count)
{
	copies->items = calloc(count, sizeof(*copies->items));
	return copies->items ? 0 : -ENOMEM;
}

int cell_baseline_init(struct cell_baseline *baseline, const struct ledger *ledger)
{
	int err = 0;

	*baseline = (struct cell_baseline){.first = ledger_first_stack_cell(ledger)};
	baseline->count = (uint32_t)ledger->cell_count - baseline->first;
	for (int age = 0; age < BASELINE_AGES && !err; age++) {
		err = copies_init(&baseline->ages[age].older, baseline->count);
		if (!err)
			err = copies_init(&baseline->ages[age].newer, baseline->count);
	}
	return err;
}

void cell_baseline_release(struct cell_baseline *baseline)
{
	for (int age = 0; age < BASELINE_AGES; age++) {
		free(baseline->ages[age].older.items);
		free(baseline->ages[age].newer.items);
	}
	*baseline = (struct cell_baseline){0};
}

static struct cell_copy copy_of(const struct ot_cell *cell)
{
	struct cell_event figures = {0};

	if (!cell->in_use)
		return (struct cell_copy){.generation = cell->generation & 0xff};
	cell_figures(cell, &figures);
	return (struct cell_copy){
		.anon = (uint32_t)(figures.live_slots[KIND_ANON] +
				   figures.live_slots[KIND_PENDING]),
		.shmem = (uint32_t)figures.live_slots[KIND_SHMEM],
		.kernel = (uint32_t)figures.live_slots[KIND_KERNEL],
		.allocated = figures.allocated_slots & ALLOCATED_MASK,
		.generation = cell->generation & 0xff,
	};
}

static void copy_all(struct cell_copies *copies, const struct cell_baseline *baseline,
		     const struct ledger *ledger, uint64_t now_ns)
{
	copies->time_ns = now_ns;
	for (uint32_t i = 0; i < baseline->count; i++)
		copies->items[i] = copy_of(&ledger->cells[baseline->first + i]);
}

void cell_baseline_tick(struct cell_baseline *baseline, const struct ledger *ledger,
			uint64_t now_ns)
{
	for (int age = 0; age < BASELINE_AGES && baseline->count; age++) {
		struct cell_copies *older = &baseline->ages[age].older;
		struct cell_copies *newer = &baseline->ages[age].newer;
		struct cell_copies oldest = *older;

		if (newer->time_ns && now_ns - newer->time_ns < apart_ns[age])
			continue;
		*older = *newer;
		*newer = oldest;
		copy_all(newer, baseline, ledger, now_ns);
	}
}

static const struct cell_copies *that_counts(const struct cell_baseline *baseline,
					     enum baseline_age age)
{
	return baseline->ages[age].older.time_ns ? &baseline->ages[age].older
						 : &baseline->ages[age].newer;
}

uint64_t cell_baseline_time_ns(const struct cell_baseline *baseline, enum baseline_age age)
{
	return that_counts(baseline, age)->time_ns;
}

static void fill(const struct cell_copy *copy, struct cell_event *event)
{
	*event = (struct cell_event){0};
	event->live_slots[KIND_ANON] = copy->anon;
	event->live_slots[KIND_SHMEM] = copy->shmem;
	event->live_slots[KIND_KERNEL] = copy->kernel;
}

void cell_baseline_compare(const struct cell_baseline *baseline, enum baseline_age age,
			   const struct ledger *ledger, uint32_t cell, struct cell_event *ret_then,
			   struct cell_event *ret_now)
{
	const struct cell_copy now = copy_of(&ledger->cells[cell]);
	struct cell_copy then = {0};

	if (cell >= baseline->first && cell - baseline->first < baseline->count)
		then = that_counts(baseline, age)->items[cell - baseline->first];
	if (then.generation != now.generation)
		then = (struct cell_copy){0};
	fill(&then, ret_then);
	fill(&now, ret_now);
	/* also where it has wrapped */
	ret_now->allocated_slots = (now.allocated - then.allocated) & ALLOCATED_MASK;
}
