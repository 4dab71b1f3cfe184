// SPDX-License-Identifier: GPL-2.0-or-later
/* What is taken of processes while they live, for a kill that may come; see watch_state.h. */
#include <unistd.h>

#include "base/clock.h"
#include "capture/watch_state.h"

/*
 * Of those that have grown since their facts were taken; a few at a look, for a look must not last.
 * Who has no curve is too small to be killed.
 */
static void look_at_facts(struct live *live)
{
	struct watch *watch = live->watch;
	uint64_t slot_bytes = live->programs->sizes.period_pages * sysconf(_SC_PAGESIZE);

	for (uint32_t i = 0, taken = 0; i < TIMELINE_CURVES && taken < FACTS_PER_LOOK; i++) {
		const struct timeline_curve *curve = &watch->curves.timeline.curves[i];
		const struct ot_account *account = &live->ledger.accounts[curve->account];
		struct facts *facts = &watch->facts[i];
		uint32_t slots[KIND_COUNT];
		uint64_t held = timeline_read_slots(account, slots) * slot_bytes;

		if (!curve->life || account->life != curve->life || account->frozen_ns ||
		    account->pre_exec || !facts_are_due(facts, curve->life, held))
			continue;
		facts->life = curve->life;
		facts->held_bytes = held;
		facts_take(facts, &live->root, account->tgid, account->start_time_ns);
		taken++;
	}
}

/* As early_stacks_note() counts, of all stacks at once. */
static uint64_t early_slots(const struct ot_account *account)
{
	uint32_t slots[KIND_COUNT];

	timeline_read_slots(account, slots);
	return (uint64_t)slots[KIND_ANON] + slots[KIND_SHMEM] + slots[KIND_PENDING];
}

void watch_look_early(struct live *live)
{
	struct watch *watch = live->watch;
	uint64_t slot_bytes = live->programs->sizes.period_pages * sysconf(_SC_PAGESIZE);

	for (uint32_t i = 0; i < TIMELINE_CURVES; i++) {
		const struct timeline_curve *curve = &watch->curves.timeline.curves[i];
		const struct ot_account *account = &live->ledger.accounts[curve->account];

		if (!curve->life || account->life != curve->life || account->frozen_ns ||
		    account->pre_exec ||
		    !early_stacks_are_due(&watch->early[i], curve->life, early_slots(account),
					  slot_bytes))
			continue;
		early_stacks_note(&watch->early[i], &live->ledger, curve->account, curve->life,
				  slot_bytes, clock_monotonic_ns());
	}
}

void watch_look(struct live *live)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (watch_curves_tick(&live->watch->curves, now_ns))
		warnings_look(live, now_ns);
	if (!live->watch->adopting.done)
		adopt_host_step(&live->watch->adopting, &live->ledger, &live->root, ADOPT_STEP_NS);
	watch_look_early(live);
	look_at_facts(live);
}

const struct facts *watch_facts(const struct watch *watch, uint64_t life)
{
	for (uint32_t i = 0; i < TIMELINE_CURVES && life; i++)
		if (watch->facts[i].life == life)
			return &watch->facts[i];
	return NULL;
}

const struct early_stacks *watch_early(const struct watch *watch, uint64_t life)
{
	for (uint32_t i = 0; i < TIMELINE_CURVES && life; i++)
		if (watch->early[i].life == life)
			return &watch->early[i];
	return NULL;
}
