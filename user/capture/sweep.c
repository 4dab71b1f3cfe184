// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/sweep.h"

#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "oomtrace.skel.h"

/* What part of the half that is due for targets is due for a whole host. */
#define HOST_SHARE 16

struct sweeping {
	struct ledger *ledger;
	struct lives *lives;
	struct stacks *stacks;
	struct cgroups *cgroups; /* NULL: not told apart */
	struct oomtrace_bpf *skeleton;
	uint32_t *heirs; /* by account: where its fold goes if it is to be retired now, else 0 */
	bool *is_author; /* by account: somebody who lives has pages of it since a fork */
};

static uint32_t fold_cell(uint32_t account)
{
	return account * OT_FIXED_COUNT + SWEEP_FOLD;
}

bool sweep_is_fold(const struct ledger *ledger, uint32_t cell)
{
	uint32_t account = ledger->cells[cell].account;

	return cell < ledger_first_stack_cell(ledger) && cell % OT_FIXED_COUNT == SWEEP_FOLD &&
	       (account == OT_ACCOUNT_NOBODY ||
		ledger->accounts[account].in_use == OT_ACCOUNT_LEGACY);
}

static uint32_t accounts_used(const struct ledger *ledger)
{
	uint32_t used = 0;

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < ledger->account_count; i++)
		used += ledger->accounts[i].in_use != OT_ACCOUNT_FREE;
	return used;
}

static bool legacy_is_empty(const struct ledger *ledger, uint32_t account)
{
	for (uint32_t which = 0; which < OT_FIXED_COUNT; which++)
		for (int kind = 0; kind < OT_KIND_COUNT; kind++)
			if (ledger->cells[account * OT_FIXED_COUNT + which].live[kind])
				return false;
	return true;
}

/* Whoever was killed stays until its incident has been read. */
#define KILLED_STAYS_NS UINT64_C(1000000000)

/* The target's last life stays until the end: its figures are what the user asked for. */
static bool may_retire(struct sweeping *sweeping, uint32_t account)
{
	const struct life *life;

	if (sweeping->ledger->accounts[account].in_use != OT_ACCOUNT_LIFE ||
	    !lives_ended(sweeping->lives, account) || sweeping->is_author[account])
		return false;
	if (sweeping->ledger->accounts[account].killed &&
	    clock_monotonic_ns() - sweeping->ledger->accounts[account].frozen_ns < KILLED_STAYS_NS)
		return false;
	life = lives_get(sweeping->lives, account);
	return life && !(life->process.target && lives_is_latest(sweeping->lives, account));
}

/* An account that no process has: there must be one free. 0: there is none. */
static uint32_t open_legacy(struct sweeping *sweeping, uint64_t cgroup)
{
	uint32_t number;

	if (bpf_map_lookup_and_delete_elem(bpf_map__fd(sweeping->skeleton->maps.free_accounts),
					   NULL, &number))
		return 0;
	memset(&sweeping->ledger->accounts[number], 0, sizeof(struct ot_account));
	sweeping->ledger->accounts[number].cgroup = cgroup;
	sweeping->ledger->accounts[number].in_use = OT_ACCOUNT_LEGACY;
	return number;
}

/* The account that takes what this one leaves. */
static uint32_t heir_of(struct sweeping *sweeping, uint32_t account)
{
	const struct ot_account *dead = &sweeping->ledger->accounts[account];
	struct known_cgroup *cgroup;

	if (!sweeping->cgroups || dead->in_use == OT_ACCOUNT_LEGACY)
		return OT_ACCOUNT_NOBODY;
	cgroup = cgroups_get(sweeping->cgroups, cgroups_id(sweeping->cgroups, dead->cgroup));
	if (!cgroup)
		return OT_ACCOUNT_NOBODY;
	if (!cgroup->legacy_account)
		cgroup->legacy_account = open_legacy(sweeping, dead->cgroup);
	return cgroup->legacy_account ? cgroup->legacy_account : OT_ACCOUNT_NOBODY;
}

/* Legacies first: one that is retired now takes nothing any more. */
static void retire_legacy(struct sweeping *sweeping, uint32_t account)
{
	struct known_cgroup *cgroup = cgroups_get(
		sweeping->cgroups,
		cgroups_id(sweeping->cgroups, sweeping->ledger->accounts[account].cgroup));

	if (cgroup)
		cgroup->legacy_account = 0;
}

/* And whom these had theirs of. */
static void mark_authors(struct sweeping *sweeping, uint32_t heir)
{
	const struct ledger *ledger = sweeping->ledger;
	uint32_t author = ledger->accounts[heir].author;

	while (author > OT_ACCOUNT_NOBODY && author < ledger->account_count &&
	       !sweeping->is_author[author] &&
	       ledger->accounts[author].life == ledger->accounts[heir].author_life) {
		sweeping->is_author[author] = true;
		heir = author;
		author = ledger->accounts[heir].author;
	}
}

static void mark_all_authors(struct sweeping *sweeping)
{
	const struct ot_account *accounts = sweeping->ledger->accounts;

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < sweeping->ledger->account_count; i++)
		if (accounts[i].in_use == OT_ACCOUNT_LIFE && !lives_ended(sweeping->lives, i))
			mark_authors(sweeping, i);
}

static uint32_t mark_dying(struct sweeping *sweeping)
{
	const struct ot_account *accounts = sweeping->ledger->accounts;
	uint32_t marked = 0;

	mark_all_authors(sweeping);

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < sweeping->ledger->account_count; i++)
		if (accounts[i].in_use == OT_ACCOUNT_LEGACY &&
		    legacy_is_empty(sweeping->ledger, i)) {
			retire_legacy(sweeping, i);
			sweeping->heirs[i] = OT_ACCOUNT_NOBODY;
			marked++;
		}
	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < sweeping->ledger->account_count; i++)
		if (may_retire(sweeping, i)) {
			sweeping->heirs[i] = heir_of(sweeping, i);
			marked++;
		}
	return marked;
}

/* Moves one entry to the fold, unless it closes or gets its kind at this moment. */
static bool fold_entry(struct ledger *ledger, uint32_t index, struct ot_entry entry, uint32_t heir)
{
	struct ot_entry folded = entry;

	folded.cell = fold_cell(heir);
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

		if (!cell->in_use || !sweeping->heirs[cell->account] || moved)
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
			uint32_t heir = sweeping->heirs[ledger->cells[entry.cell].account];

			if (!heir || fold_entry(ledger, index, entry, heir))
				break;
			entry = ledger_read(ledger, index);
		}
	}
}

/* What was allocated in the cell's time is kept; everything else starts from nothing. */
static void clear_cell(struct sweeping *sweeping, uint32_t number)
{
	struct ot_cell *cells = sweeping->ledger->cells, *cell = &cells[number];
	struct ot_cell *fold = &cells[fold_cell(sweeping->heirs[cell->account])];

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
	clear_cell(sweeping, number);
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

		if (!cell->in_use || !sweeping->heirs[cell->account])
			continue;
		if (i < ledger_first_stack_cell(ledger))
			clear_cell(sweeping, i);
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
		if (sweeping->heirs[i])
			error = retire_account(sweeping, i);
	return error;
}

struct sweep_due sweep_due_new(const struct ledger *ledger, bool host)
{
	uint32_t accounts = (uint32_t)ledger->account_count / 2;
	uint32_t cells = ((uint32_t)ledger->cell_count - ledger_first_stack_cell(ledger)) / 2;
	struct sweep_due due = {
		.first_accounts = host ? accounts / HOST_SHARE : accounts,
		.first_cells = host ? cells / HOST_SHARE : cells,
	};

	due.accounts = due.first_accounts;
	due.cells = due.first_cells;
	return due;
}

/* Half as many again as have survived, so that the living are not looked through all the time. */
static uint32_t next_due(uint32_t survivors, uint32_t first, uint32_t all)
{
	uint32_t due = survivors + survivors / 2;

	if (due > all / 2)
		due = all / 2;
	return due > first ? due : first;
}

int sweep(struct sweep_due *due, struct ledger *ledger, struct lives *lives, struct stacks *stacks,
	  struct cgroups *cgroups, struct programs *programs)
{
	int error;
	struct sweeping sweeping = {
		.ledger = ledger,
		.lives = lives,
		.stacks = stacks,
		.cgroups = cgroups,
		.skeleton = programs->skeleton,
	};
	_cleanup_free_ uint32_t *heirs = NULL;
	_cleanup_free_ bool *is_author = NULL;

	if (accounts_used(ledger) < due->accounts && stacks->used < due->cells)
		return 0;
	heirs = calloc(ledger->account_count, sizeof(*heirs));
	is_author = calloc(ledger->account_count, sizeof(*is_author));
	if (!heirs || !is_author)
		return -ENOMEM;
	sweeping.heirs = heirs;
	sweeping.is_author = is_author;
	error = programs_scan(programs);
	if (error)
		return error;
	error = mark_dying(&sweeping) ? retire_marked(&sweeping) : 0;
	due->accounts = next_due(accounts_used(ledger), due->first_accounts,
				 (uint32_t)ledger->account_count);
	due->cells = next_due(stacks->used, due->first_cells, stacks->count);
	return error;
}
