// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/early_stacks.h"

#include "capture/cell_figures.h"

#define MOST_PART 2
#define LEAST_PART 8

static uint64_t slots_of(const struct ot_cell *cell)
{
	struct cell_event figures = {0};

	cell_figures(cell, &figures);
	return figures.live_slots[KIND_ANON] + figures.live_slots[KIND_PENDING] +
	       figures.live_slots[KIND_SHMEM];
}

static void keep_largest(struct early_stage *stage, const struct early_cell *cell)
{
	uint32_t at = stage->count;

	if (at < EARLY_CELLS)
		stage->count++;
	else if (cell->slots <= stage->cells[--at].slots)
		return;
	for (; at > 0 && stage->cells[at - 1].slots < cell->slots; at--)
		stage->cells[at] = stage->cells[at - 1];
	stage->cells[at] = *cell;
}

/* Of cells with stacks: what has none tells nothing of what was done. */
static void look(struct early_stage *stage, const struct ledger *ledger, uint32_t account)
{
	for (uint32_t i = 0; i < ledger->cell_count; i++) {
		const struct ot_cell *cell = &ledger->cells[i];
		struct early_cell kept = {.cell = i, .generation = cell->generation};

		if (!cell->in_use || cell->account != account)
			continue;
		kept.slots = slots_of(cell);
		stage->slots += kept.slots;
		if (kept.slots && i >= ledger_first_stack_cell(ledger))
			keep_largest(stage, &kept);
	}
}

bool early_stacks_are_due(const struct early_stacks *early, uint64_t life, uint64_t slots,
			  uint64_t slot_bytes)
{
	if (slots * slot_bytes < EARLY_BYTES)
		return false;
	if (early->life != life || !early->count)
		return true;
	return early->count < EARLY_STAGES &&
	       slots >= EARLY_GROWTH(early->stages[early->count - 1].slots);
}

void early_stacks_note(struct early_stacks *early, const struct ledger *ledger, uint32_t account,
		       uint64_t life, uint64_t slot_bytes, uint64_t now_ns)
{
	struct early_stage stage = {.time_ns = now_ns};

	if (early->life != life)
		*early = (struct early_stacks){.life = life};
	look(&stage, ledger, account);
	if (!early_stacks_are_due(early, life, stage.slots, slot_bytes) ||
	    early->count == EARLY_STAGES)
		return;
	early->stages[early->count++] = stage;
}

const struct early_stage *early_stacks_of(const struct early_stacks *early, uint64_t bytes,
					  uint64_t slot_bytes)
{
	for (uint32_t i = early->count; i-- > 0;) {
		uint64_t held = early->stages[i].slots * slot_bytes;

		if (held <= bytes / MOST_PART)
			return held >= bytes / LEAST_PART ? &early->stages[i] : NULL;
	}
	return NULL;
}
