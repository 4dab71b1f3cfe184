/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds the ledger against what living processes map, frame by frame: which of their pages were
 * allocated by another one before a fork, which of their own only others map by now, and which huge
 * pages are held though hardly mapped.
 */
#ifndef CAPTURE_RECONCILE_H
#define CAPTURE_RECONCILE_H

#include <stdint.h>

#include "base/cleanup.h"
#include "capture/event.h"
#include "capture/ledger.h"
#include "capture/lives.h"

/* Pages of one author's cell that one process maps. */
struct inheritance {
	uint32_t heir; /* account */
	uint32_t cell; /* of the author */
	uint64_t slots[OT_KIND_COUNT];
	uint64_t exclusive_slots[OT_KIND_COUNT]; /* not already seen with an earlier heir */
};

struct reconciliation {
	struct inheritance *inheritances;
	size_t count;
	uint64_t *split_huge_slots; /* by account */
	uint64_t *elsewhere_slots;  /* by account: its own, that others map and it does not */
	bool *walked;               /* by account: its page tables were read */
};

/* 0 or -errno; processes that end meanwhile are left out. */
int reconcile(struct ledger *ledger, struct lives *lives, const struct sysroot *root,
	      struct reconciliation *ret_reconciliation);
void reconciliation_release(struct reconciliation *reconciliation);

#endif
