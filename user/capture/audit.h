/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger held against itself: every counter must equal the number of open entries it counts.
 * Run with --verbose, after the programs are detached, so that nothing moves.
 */
#ifndef CAPTURE_AUDIT_H
#define CAPTURE_AUDIT_H

#include "capture/ledger.h"

struct audit {
	uint64_t open_entries;
	uint64_t counted;      /* sum of live over all cells, waiting owners apart */
	uint32_t cells_off;    /* cells whose counters differ from their entries */
	uint32_t accounts_off; /* accounts whose sums differ from their cells' */
};

/* 0 or -ENOMEM. */
int audit_ledger(const struct ledger *ledger, struct audit *ret_audit);

#endif
