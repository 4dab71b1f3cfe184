/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retiring the dead: accounts and cells of processes that are gone are used again, so that a
 * hundred thousand short processes fill nothing. What they leave behind (page cache, tmpfs) and
 * what they allocated in their time is folded into [ended processes].
 *
 * Where cgroups are told apart, each has a legacy: an account of no process, for what its dead have
 * left. It is retired itself once nothing of it is live.
 *
 * Of targets nobody is retired before half of the accounts or cells are taken: until then an ended
 * process can still be shown as it was at its end. Of a whole host what counts is what is there,
 * for days: the dead go as soon as there are some hundreds, and again when half as many have come.
 */
#ifndef CAPTURE_SWEEP_H
#define CAPTURE_SWEEP_H

#include "capture/cgroups.h"
#include "capture/ledger.h"
#include "capture/lives.h"
#include "capture/programs.h"
#include "capture/stacks.h"

/* The fixed cell of an account that what is left of the dead is folded into. */
#define SWEEP_FOLD OT_FIXED_BEFORE

/* Is this such a cell? */
bool sweep_is_fold(const struct ledger *ledger, uint32_t cell);

/* How many accounts or cells must be taken for the dead to be looked for. */
struct sweep_due {
	uint32_t first_accounts, first_cells;
	uint32_t accounts, cells;
};

struct sweep_due sweep_due_new(const struct ledger *ledger, bool host);

/* Retires all who are dead, if there is need. `cgroups` may be NULL. 0 or -errno. */
int sweep(struct sweep_due *due, struct ledger *ledger, struct lives *lives, struct stacks *stacks,
	  struct cgroups *cgroups, struct programs *programs);

#endif
