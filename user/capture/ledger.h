/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page ledger seen from user space: the arrays that the BPF programs count in, mapped into the
 * recorder. Knows where a frame's entry is (the same arithmetic as bpf/slot.bpf.h) and how to read
 * and adopt; never loads, attaches or decides anything.
 */
#ifndef CAPTURE_LEDGER_H
#define CAPTURE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "bpf/oomtrace.h"
#include "capture/physical.h"
#include "capture/programs.h"

/* Where slots are: pure arithmetic. */
struct ledger_layout {
	uint32_t period_shift;
	const struct physical *physical; /* borrowed */
};

/* The slot frame of a block. */
uint64_t ledger_slot(const struct ledger_layout *layout, uint64_t block);
bool ledger_is_slot(const struct ledger_layout *layout, uint64_t frame);
/* Entries the ledger needs for all present sections. */
uint64_t ledger_entry_count(const struct ledger_layout *layout);
/* False for a frame outside. */
bool ledger_index(const struct ledger_layout *layout, uint64_t frame, uint32_t *ret_index);
/* The slot frame that entry `index` is for. */
uint64_t ledger_frame(const struct ledger_layout *layout, uint32_t index);

struct ledger {
	struct ledger_layout layout;
	uint64_t *entries; /* struct ot_entry, each read whole */
	size_t entry_count;
	struct ot_cell *cells;
	size_t cell_count;
	struct ot_account *accounts;
	size_t account_count;
	uint64_t
		*settle_frames; /* what ledger_settle() hands over: mapped before a kill needs it */
	size_t settle_count;
};

/* Maps the arrays of loaded programs. `physical` must outlive the ledger. 0 or -errno. */
int ledger_map(const struct programs *programs, const struct physical *physical,
	       struct ledger *ret_ledger);
void ledger_unmap(struct ledger *ledger);

struct ot_entry ledger_read(const struct ledger *ledger, uint32_t index);

/*
 * Enters a page that was there before tracing, unless its slot has an entry by now. The caller
 * checks that the page still is where it was, and calls ledger_disown() when it is not.
 */
bool ledger_adopt(struct ledger *ledger, uint32_t index, struct ot_entry entry);
void ledger_disown(struct ledger *ledger, uint32_t index, struct ot_entry entry);

/*
 * Gives an entry to another cell, counters included; false when it has changed meanwhile.
 */
bool ledger_replace(struct ledger *ledger, uint32_t index, struct ot_entry from,
		    struct ot_entry to);

/* Has every entry that is still pending looked at once more. 0 or -errno. */
int ledger_settle(const struct ledger *ledger, const struct programs *programs);

/* First cell that stands for a stack. */
static inline uint32_t ledger_first_stack_cell(const struct ledger *ledger)
{
	return ledger->account_count * OT_FIXED_COUNT;
}

#endif
