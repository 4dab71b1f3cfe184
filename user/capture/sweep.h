/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retiring the dead: accounts and cells of processes that are gone are used again, so that a
 * hundred thousand short processes fill nothing. What they leave behind (page cache, tmpfs) and
 * what they allocated in their time is folded into [ended processes].
 *
 * Nobody is retired before half of the accounts or cells are taken: until then an ended process
 * can still be shown as it was at its end.
 */
#ifndef CAPTURE_SWEEP_H
#define CAPTURE_SWEEP_H

#include "capture/ledger.h"
#include "capture/lives.h"
#include "capture/programs.h"
#include "capture/stacks.h"

/* The cell that what is left of the dead is folded into. */
#define SWEEP_FOLD_CELL (OT_ACCOUNT_NOBODY * OT_FIXED_COUNT + OT_FIXED_BEFORE)

/* Retires all who are dead, if there is need. 0 or -errno. */
int sweep(struct ledger *ledger, struct lives *lives, struct stacks *stacks,
	  struct programs *programs);

#endif
