// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_accounts.h"

/* The slots of one process and kind, by where they belong in its account. */
struct tally {
	uint64_t origin_slots[STACK_ORIGIN_COUNT];
	uint64_t inherited_slots;
};

static const struct growth_process *find(const struct growth_draft *draft,
					 const struct known_process *process)
{
	return table_get(&draft->process_by_id, id_key(process->event.id));
}

static struct tally *tally_of(const struct growth_draft *draft, struct tally *tallies,
			      const struct known_process *process)
{
	return &tallies[(size_t)(find(draft, process) - draft->processes) * KIND_COUNT];
}

static void tally_cells(const struct growth_draft *draft, struct tally *tallies)
{
	for (const struct known_cell *cell = draft->to->first_cell; cell; cell = cell->next) {
		struct tally *tally = tally_of(draft, tallies, cell->process);
		uint64_t slots[KIND_COUNT];

		known_cell_slots(cell, find(draft, cell->process)->at_end, slots);
		for (int kind = 0; kind < KIND_COUNT; kind++) {
			uint64_t *sum = &tally[kind].origin_slots[cell->stack->origin];

			*sum = estimate_add(*sum, slots[kind]);
		}
	}
}

static void tally_inherited(const struct growth_draft *draft, struct tally *tallies)
{
	for (const struct known_inherited *inherited = draft->to->first_inherited; inherited;
	     inherited = inherited->next) {
		struct tally *tally = tally_of(draft, tallies, inherited->process);

		for (int kind = 0; kind < KIND_COUNT; kind++)
			tally[kind].inherited_slots = estimate_add(tally[kind].inherited_slots,
								   inherited->event.slots[kind]);
	}
}

static void account_sum(struct growth_account *account)
{
	account->held_bytes = estimate_add(account->stacks_bytes, account->lost_bytes);
	account->held_bytes = estimate_add(account->held_bytes, account->before_bytes);
	account->held_bytes = estimate_add(account->held_bytes, account->moved_bytes);
	account->held_bytes = estimate_add(account->held_bytes, account->inherited_bytes);
}

static void account_count(struct growth_account *account, const struct estimate *estimate,
			  const struct tally *tally)
{
	uint64_t sampled_slots = tally->inherited_slots;

	for (int origin = 0; origin < STACK_ORIGIN_COUNT; origin++)
		sampled_slots = estimate_add(sampled_slots, tally->origin_slots[origin]);
	account->stacks_bytes =
		estimate_add(estimate_bytes(estimate, tally->origin_slots[STACK_USER]),
			     estimate_bytes(estimate, tally->origin_slots[STACK_NO_STACK]));
	account->stacks_bytes =
		estimate_add(account->stacks_bytes,
			     estimate_bytes(estimate, tally->origin_slots[STACK_RETIRED]));
	account->lost_bytes = estimate_bytes(estimate, tally->origin_slots[STACK_LOST]);
	account->before_bytes = estimate_bytes(estimate, tally->origin_slots[STACK_BEFORE]);
	account->moved_bytes = estimate_bytes(estimate, tally->origin_slots[STACK_MOVED]);
	account->inherited_bytes = estimate_bytes(estimate, tally->inherited_slots);
	account_sum(account);
	account->error_bytes = sampled_slots ? estimate_error_bytes(estimate, sampled_slots) : 0;
}

/* Both are at most INT64_MAX, so the difference is a number. */
static int64_t remainder_of(uint64_t kernel_bytes, uint64_t sum_bytes)
{
	return (int64_t)kernel_bytes - (int64_t)sum_bytes;
}

static uint64_t capped(uint64_t bytes)
{
	return estimate_add(bytes, 0);
}

/* What of its pages there is, in its RSS or not. */
static uint64_t anon_in_ram(const struct growth_account *anon)
{
	return estimate_add(anon->kernel_bytes,
			    estimate_add(anon->split_huge_bytes, anon->elsewhere_bytes));
}

/*
 * Where frame numbers cannot be read, what was resident before tracing is what nothing else
 * explains, but no more than was resident at the start.
 */
static void anon_subtract_before(struct growth_account *anon, const struct known_process *process)
{
	int64_t left_bytes = remainder_of(anon_in_ram(anon), anon->held_bytes);
	uint64_t most_bytes = INT64_MAX;

	anon->before_by_subtraction = true;
	if (process->has_start && process->start.known & MEMORY_RSS)
		most_bytes = capped(process->start.rss_anon_bytes);
	if (left_bytes <= 0)
		return;
	if ((uint64_t)left_bytes > most_bytes)
		left_bytes = (int64_t)most_bytes;
	anon->before_bytes = estimate_add(anon->before_bytes, (uint64_t)left_bytes);
	account_sum(anon);
}

static bool before_was_not_seen(const struct known_process *process, const struct memory_event *now)
{
	return ((process->has_start ? process->start.known : 0) | now->known) &
	       MEMORY_BEFORE_BY_SUBTRACTION;
}

static void anon_reconcile(struct growth_account *anon, const struct known_process *process,
			   const struct memory_event *now, const struct estimate *estimate)
{
	anon->kernel_known = true;
	anon->kernel_bytes = capped(now->rss_anon_bytes);
	if (now->known & MEMORY_SPLIT_HUGE)
		anon->split_huge_bytes = estimate_bytes(estimate, now->split_huge_slots);
	if (now->known & MEMORY_ELSEWHERE)
		anon->elsewhere_bytes = estimate_bytes(estimate, now->elsewhere_slots);
	anon->inherited_by_subtraction =
		anon->inherited_bytes && now->known & MEMORY_INHERITED_BY_SUBTRACTION;
	if (before_was_not_seen(process, now))
		anon_subtract_before(anon, process);
	anon->unexplained_bytes = remainder_of(anon_in_ram(anon), anon->held_bytes);
}

static void account_compare(struct growth_account *account, uint64_t kernel_bytes)
{
	account->kernel_known = true;
	account->kernel_bytes = capped(kernel_bytes);
	account->unexplained_bytes = remainder_of(account->kernel_bytes, account->held_bytes);
}

static void process_reconcile(const struct growth_draft *draft, struct growth_process *process)
{
	const struct memory_event *now = snapshot_memory(draft->to, process->id);

	if (!now)
		return;
	if (now->known & MEMORY_RSS) {
		anon_reconcile(&process->accounts[KIND_ANON],
			       table_get(&draft->builder->processes, id_key(process->id)), now,
			       &draft->estimate);
		account_compare(&process->accounts[KIND_FILE], now->rss_file_bytes);
		account_compare(&process->accounts[KIND_SHMEM], now->rss_shmem_bytes);
	}
	if (now->known & MEMORY_PAGE_TABLES)
		account_compare(&process->accounts[KIND_KERNEL], now->page_table_bytes);
}

int growth_accounts_make(struct growth_draft *draft)
{
	size_t count = draft->owned->growth.process_count;
	_cleanup_free_ struct tally *tallies = NULL;

	tallies = calloc(count * KIND_COUNT + 1, sizeof(*tallies));
	if (!tallies)
		return -ENOMEM;
	tally_cells(draft, tallies);
	tally_inherited(draft, tallies);

	for (size_t i = 0; i < count; i++) {
		struct growth_process *process = &draft->processes[i];

		for (int kind = 0; kind < KIND_COUNT; kind++)
			account_count(&process->accounts[kind], &draft->estimate,
				      &tallies[i * KIND_COUNT + (size_t)kind]);
		process_reconcile(draft, process);
	}
	return 0;
}
