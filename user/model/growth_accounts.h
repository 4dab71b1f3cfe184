/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identities: what a process's stacks add up to, next to what the kernel says, with the
 * remainder. Counts every cell, whatever the view or the kinds chosen for rows. Private to model/.
 */
#ifndef MODEL_GROWTH_ACCOUNTS_H
#define MODEL_GROWTH_ACCOUNTS_H

#include "model/growth_rows.h"

/* Fills in `accounts` of all draft->processes. 0 or -ENOMEM. */
int growth_accounts_make(struct growth_draft *draft);

#endif
