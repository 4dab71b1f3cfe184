// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/sweep.h"

#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "oomtrace.skel.h"

struct sweeping {
	struct ledger *ledger;
	struct lives *lives;
	struct stacks *stacks;
	struct oomtrace_bpf *skeleton;
	bool *dying; /* by account: to be retired now */
};

static uint32_t accounts_used(const struct ledger *ledger)
{
	uint32_t used = 0;

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < ledger->account_count; i++)
		used += ledger->accounts[i].in_use;
	return used;
}

/* The target's last life stays until the end: its figures are what the user asked for. */
static bool may_retire(struct sweeping *sweeping, uint32_t account)
{
	const struct life *life;

	if (!sweeping->ledger->accounts[account].in_use || !lives_ended(sweeping->lives, account))
		return false;
	life = lives_get(sweeping->lives, account);
	return life && !(life->process.target && lives_is_latest(sweeping->lives, account));
}

static uint32_t mark_dying(struct sweeping *sweeping)
{
	uint32_t marked = 0;

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < sweeping->ledger->account_count; i++) {
		sweeping->dying[i] = may_retire(sweeping, i);
		marked += sweeping->dying[i];
	}
	return marked;
}

/* Moves one entry to the fold, unless it closes or gets its kind at this moment. */
static bool fold_entry(struct ledger *ledger, uint32_t index, struct ot_entry entry)
{
	struct ot_entry folded = entry;

	folded.cell = SWEEP_FOLD_CELL;
	return ledger_replace(ledger, index, entry, folded);
}

/*
 * Do the dying leave anything behind? Owners that wait for a moved page's new place do not count:
 * nobody will come for them.
 */
static bool leave_something(const struct sweeping *sweeping)
{
	const struct ledger *ledger = sweeping->ledger;

	for (uint32_t i = 0; i < ledger->cell_count; i++) {
		const struct ot_cell *cell = &ledger->cells[i];
		bool moved =
			i < ledger_first_stack_cell(ledger) && i % OT_FIXED_COUNT == OT_FIXED_MOVED;

		if (!cell->in_use || !sweeping->dying[cell->account] || moved)
			continue;
		for (int kind = 0; kind < OT_KIND_COUNT; kind++)
			if (cell->live[kind])
				return true;
	}
	return false;
}

static void fold_entries(struct sweeping *sweeping)
{
	struct ledger *ledger = sweeping->ledger;

	/* Most leave nothing, and the ledger is the largest of all tables. */
	if (!leave_something(sweeping))
		return;

	for (uint32_t index = 0; index < ledger->entry_count; index++) {
		struct ot_entry entry = ledger_read(ledger, index);

		for (int tries = 0; tries < 3 && entry.cell; tries++) {
			if (!sweeping->dying[ledger->cells[entry.cell].account] ||
			    fold_entry(ledger, index, entry))
				break;
			entry = ledger_read(ledger, index);
		}
	}
}

/* What was allocated in the cell's time is kept; everything else starts from nothing. */
static void clear_cell(struct ledger *ledger, uint32_t number)
{
	struct ot_cell *cell = &ledger->cells[number], *fold = &ledger->cells[SWEEP_FOLD_CELL];

	__atomic_fetch_add(&fold->allocated, cell->allocated, __ATOMIC_RELAXED);
	cell->allocated = 0;
	memset(cell->live, 0, sizeof(cell->live));
	memset(cell->held, 0, sizeof(cell->held));
	cell->generation++;
}

static int retire_stack_cell(struct sweeping *sweeping, uint32_t number)
{
	struct ot_cell *cell = &sweeping->ledger->cells[number];
	struct ot_cell_key key = {.stack = cell->stack, .account = cell->account};

	bpf_map_delete_elem(bpf_map__fd(sweeping->skeleton->maps.cell_index), &key);
	clear_cell(sweeping->ledger, number);
	cell->in_use = 0;
	cell->account = 0;
	stacks_forget(sweeping->stacks, number);
	return bpf_map_update_elem(bpf_map__fd(sweeping->skeleton->maps.free_cells), NULL, &number,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

static int retire_cells(struct sweeping *sweeping)
{
	struct ledger *ledger = sweeping->ledger;
	int error = 0;

	for (uint32_t i = 0; i < ledger->cell_count && !error; i++) {
		const struct ot_cell *cell = &ledger->cells[i];

		if (!cell->in_use || !sweeping->dying[cell->account])
			continue;
		if (i < ledger_first_stack_cell(ledger))
			clear_cell(ledger, i);
		else
			error = retire_stack_cell(sweeping, i);
	}
	return error;
}

static int retire_account(struct sweeping *sweeping, uint32_t number)
{
	struct ot_account *account = &sweeping->ledger->accounts[number];

	bpf_map_delete_elem(bpf_map__fd(sweeping->skeleton->maps.account_index), &account->life);
	lives_forget(sweeping->lives, number);
	memset(account, 0, sizeof(*account));
	return bpf_map_update_elem(bpf_map__fd(sweeping->skeleton->maps.free_accounts), NULL,
				   &number, BPF_ANY)
		       ? -errno
		       : 0;
}

static int retire_marked(struct sweeping *sweeping)
{
	int error;

	fold_entries(sweeping);
	error = retire_cells(sweeping);
	for (uint32_t i = 0; i < sweeping->ledger->account_count && !error; i++)
		if (sweeping->dying[i])
			error = retire_account(sweeping, i);
	return error;
}

int sweep(struct ledger *ledger, struct lives *lives, struct stacks *stacks,
	  struct programs *programs)
{
	int error;
	struct sweeping sweeping = {
		.ledger = ledger, .lives = lives, .stacks = stacks, .skeleton = programs->skeleton};
	_cleanup_free_ bool *dying = NULL;

	if (accounts_used(ledger) < ledger->account_count / 2 && stacks->used < stacks->count / 2)
		return 0;
	dying = calloc(ledger->account_count, sizeof(*dying));
	if (!dying)
		return -ENOMEM;
	sweeping.dying = dying;
	error = programs_scan(programs);
	if (error)
		return error;
	return mark_dying(&sweeping) ? retire_marked(&sweeping) : 0;
}
