// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/audit.h"

/* [moved by the kernel] also counts owners that wait for their page's new place. */
static bool counts_waiting(const struct ledger *ledger, uint32_t cell)
{
	return cell < ledger_first_stack_cell(ledger) && cell % OT_FIXED_COUNT == OT_FIXED_MOVED;
}

static uint64_t live_sum(const uint32_t live[OT_KIND_COUNT])
{
	int64_t sum = 0;

	for (int kind = 0; kind < OT_KIND_COUNT; kind++)
		sum += (int32_t)live[kind];
	return sum;
}

static uint64_t cell_live(const struct ot_cell *cell)
{
	return live_sum(cell->live);
}

int audit_ledger(const struct ledger *ledger, struct audit *ret_audit)
{
	_cleanup_free_ uint64_t *open = calloc(ledger->cell_count, sizeof(*open));
	_cleanup_free_ uint64_t *sums = calloc(ledger->account_count, sizeof(*sums));
	struct audit audit = {0};

	if (!open || !sums)
		return -ENOMEM;
	for (uint32_t index = 0; index < ledger->entry_count; index++) {
		struct ot_entry entry = ledger_read(ledger, index);

		if (entry.cell && entry.cell < ledger->cell_count)
			open[entry.cell]++;
	}
	for (uint32_t cell = 0; cell < ledger->cell_count; cell++) {
		if (counts_waiting(ledger, cell))
			continue;
		audit.open_entries += open[cell];
		audit.counted += cell_live(&ledger->cells[cell]);
		audit.cells_off += open[cell] != cell_live(&ledger->cells[cell]);
	}
	for (uint32_t cell = 0; cell < ledger->cell_count; cell++)
		if (ledger->cells[cell].account < ledger->account_count)
			sums[ledger->cells[cell].account] += cell_live(&ledger->cells[cell]);
	for (uint32_t account = OT_ACCOUNT_NOBODY + 1; account < ledger->account_count; account++)
		audit.accounts_off += ledger->accounts[account].in_use &&
				      sums[account] != live_sum(ledger->accounts[account].live);
	*ret_audit = audit;
	return 0;
}
