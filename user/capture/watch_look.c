// SPDX-License-Identifier: GPL-2.0-or-later
/* What is taken of processes while they live, for a kill that may come; see watch_state.h. */
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/watch_state.h"

/* Whose curve it is, while something can be taken of who that is; NULL otherwise. */
static const struct ot_account *account_of_curve(const struct live *live, uint32_t number)
{
	const struct timeline_curve *curve = &live->watch->curves.timeline.curves[number];
	const struct ot_account *account = &live->ledger.accounts[curve->account];

	if (!curve->life || account->life != curve->life || account->frozen_ns || account->pre_exec)
		return NULL;
	return account;
}

/*
 * Of those that have grown since their facts were taken; a few at a look, for a look must not last.
 * Who has no curve is too small to be killed.
 */
static void look_at_facts(struct live *live)
{
	uint64_t slot_bytes = live->programs->sizes.period_pages * sysconf(_SC_PAGESIZE);

	for (uint32_t i = 0, taken = 0; i < TIMELINE_CURVES && taken < FACTS_PER_LOOK; i++) {
		const struct ot_account *account = account_of_curve(live, i);
		struct facts *facts = &live->watch->facts[i];
		uint32_t slots[KIND_COUNT];
		uint64_t held = account ? timeline_read_slots(account, slots) * slot_bytes : 0;

		if (!account || !facts_are_due(facts, account->life, held))
			continue;
		facts->life = account->life;
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
		const struct ot_account *account = account_of_curve(live, i);
		struct early_stacks *early = &watch->early[i];

		if (account &&
		    early_stacks_are_due(early, account->life, early_slots(account), slot_bytes))
			early_stacks_note(early, &live->ledger,
					  watch->curves.timeline.curves[i].account, account->life,
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

/* Both are there for each curve, and begin with whose they are. */
_Static_assert(offsetof(struct facts, life) == 0, "of_life() looks for it there");
_Static_assert(offsetof(struct early_stacks, life) == 0, "of_life() looks for it there");

/* What was taken of a life, of so many bytes for each curve; NULL: nothing. */
static const void *of_life(const void *taken, size_t bytes, uint64_t life)
{
	const char *items = taken;

	for (uint32_t i = 0; i < TIMELINE_CURVES && life; i++)
		if (*(const uint64_t *)(const void *)(items + i * bytes) == life)
			return items + i * bytes;
	return NULL;
}

const struct facts *watch_facts(const struct watch *watch, uint64_t life)
{
	return of_life(watch->facts, sizeof(*watch->facts), life);
}

const struct early_stacks *watch_early(const struct watch *watch, uint64_t life)
{
	return of_life(watch->early, sizeof(*watch->early), life);
}
