/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening and closing ledger entries. For one page the allocator itself orders allocation and free,
 * so entries need no lock: they are written whole and read whole.
 *
 * A high-order block covers up to 1024 slots. The loop over them is bounded for the verifier, and
 * its body is a global function, verified once: inlined it is too complex for 6.18.
 *
 * The verifier goes through every turn of a loop, for each way there is to get to it: 1024 turns
 * made up nine tenths of what loading cost. So there are two loops of 32, the inner one a global
 * function, too.
 */
#ifndef BPF_LEDGER_H
#define BPF_LEDGER_H

#include "bpf/cell.bpf.h"
#include "bpf/slot.bpf.h"

#define MAX_SLOTS (1U << OT_MAX_ORDER)
#define SLOTS_AT_ONCE 32U

/*
 * Makes NAME(block, slots, first, second), which calls ONE(block, first, second), a global
 * function, for each of up to MAX_SLOTS blocks, and returns the sum.
 */
#define DEFINE_SLOT_LOOP(name, one)                                                            \
	__noinline __weak int name##_some(__u64 block, __u32 slots, __u32 first, __u32 second) \
	{                                                                                      \
		int sum = 0;                                                                   \
                                                                                               \
		for (__u32 i = 0; i < SLOTS_AT_ONCE; i++) {                                    \
			if (i >= slots)                                                        \
				break;                                                         \
			sum += one(block + i, first, second);                                  \
		}                                                                              \
		return sum;                                                                    \
	}                                                                                      \
	static __always_inline __u32 name(__u64 block, __u32 slots, __u32 first, __u32 second) \
	{                                                                                      \
		__u32 sum = 0;                                                                 \
                                                                                               \
		for (__u32 done = 0; done < MAX_SLOTS; done += SLOTS_AT_ONCE) {                \
			if (done >= slots)                                                     \
				break;                                                         \
			sum += name##_some(block + done, slots - done, first, second);         \
		}                                                                              \
		return sum;                                                                    \
	}

union entry_word {
	struct ot_entry entry;
	__u64 word;
};

static __always_inline struct ot_entry entry_load(__u64 *place)
{
	union entry_word value = {.word = READ_ONCE(*place)};

	return value.entry;
}

static __always_inline void entry_store(__u64 *place, struct ot_entry entry)
{
	union entry_word value = {.entry = entry};

	WRITE_ONCE(*place, value.word);
}

/*
 * Stores `entry` in the slot of `block`, replacing what is there: whatever it was, its page has
 * been free since, even if its free was not seen.
 */
static __always_inline int entry_replace(__u64 block, struct ot_entry entry)
{
	__u64 *place = ledger_entry(block);
	struct ot_entry old;

	if (!place || (entry.cell && no_room(OT_LOSS_FRAME_OUTSIDE))) {
		/* what nobody who is traced allocates is no loss */
		if (entry.cell)
			loss_count(OT_LOSS_FRAME_OUTSIDE, 1);
		return 0;
	}
	old = entry_load(place);
	if (old.cell) {
		loss_count(OT_LOSS_GHOST, 1);
		cell_close_slot(old, false);
	}
	entry_store(place, entry);
	return 1;
}

#endif
