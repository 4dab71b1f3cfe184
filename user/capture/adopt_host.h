/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processes of a watched host held before the watch began, adopted in small steps: there
 * may be thousands of them, and kills do not wait. Of whoever has not had its turn when it is
 * killed the model subtracts what the ledger has from what the kernel says.
 */
#ifndef CAPTURE_ADOPT_HOST_H
#define CAPTURE_ADOPT_HOST_H

#include "base/sysroot.h"
#include "capture/ledger.h"
#include "capture/programs.h"

struct adopt_host {
	uint32_t next;      /* account to be looked at */
	uint64_t last_life; /* of those that were there; 0: not known */
	bool done;
};

/* Called with the programs attached. Finds who is there, and has a first step. 0 or -errno. */
int adopt_host_begin(struct adopt_host *adopting, struct programs *programs, struct ledger *ledger,
		     const struct sysroot *root);

/* Goes on for about `budget_ns`: a process is adopted whole. */
void adopt_host_step(struct adopt_host *adopting, struct ledger *ledger, const struct sysroot *root,
		     uint64_t budget_ns);

/* Did this life have memory before that was not adopted? */
bool adopt_host_missed(const struct adopt_host *adopting, const struct ledger *ledger,
		       uint32_t account, uint64_t life);

/* How long one step may take while kills may come, and how long the first one. */
#define ADOPT_STEP_NS 5000000
#define ADOPT_FIRST_NS 300000000

#endif
