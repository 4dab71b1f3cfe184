// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/adopt_host.h"

#include "base/clock.h"
#include "capture/adopt.h"
#include "oomtrace.skel.h"

int adopt_host_begin(struct adopt_host *adopting, struct programs *programs, struct ledger *ledger,
		     const struct sysroot *root)
{
	int error;

	programs->skeleton->bss->adopting = 1;
	error = programs_scan(programs);
	programs->skeleton->bss->adopting = 0;
	*adopting = (struct adopt_host){
		.next = OT_ACCOUNT_NOBODY + 1,
		.last_life = programs->skeleton->bss->adopting_last_life,
	};
	if (!error)
		adopt_host_step(adopting, ledger, root, ADOPT_FIRST_NS);
	return error;
}

/* Whoever could not be read, or only in part, is left to subtraction. */
static void adopt(struct ledger *ledger, const struct sysroot *root, uint32_t number)
{
	struct ot_account *account = &ledger->accounts[number];

	if (account->in_use != OT_ACCOUNT_LIFE || account->joined != OT_JOINED_WAITS ||
	    account->frozen_ns)
		return;
	account->joined = adopt_resident(ledger, root, number, account->user_tid)
				  ? OT_JOINED_NOTHING
				  : OT_JOINED_ADOPTED;
}

void adopt_host_step(struct adopt_host *adopting, struct ledger *ledger, const struct sysroot *root,
		     uint64_t budget_ns)
{
	uint64_t until_ns = clock_monotonic_ns() + budget_ns;

	for (; adopting->next < ledger->account_count; adopting->next++) {
		/* each of the many that are not in use is not worth a look at the clock */
		if (!ledger->accounts[adopting->next].in_use)
			continue;
		if (clock_monotonic_ns() >= until_ns)
			return;
		adopt(ledger, root, adopting->next);
	}
	adopting->done = true;
}

bool adopt_host_missed(const struct adopt_host *adopting, const struct ledger *ledger,
		       uint32_t account, uint64_t life)
{
	if (!life || life > adopting->last_life)
		return false;
	return account <= OT_ACCOUNT_NOBODY || account >= ledger->account_count ||
	       ledger->accounts[account].life != life ||
	       ledger->accounts[account].joined != OT_JOINED_ADOPTED;
}
