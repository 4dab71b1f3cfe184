/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slots: which page frames enter the ledger, and where. Pure arithmetic; the same rule is applied
 * in user/capture/ledger.c, and a test holds the two against each other.
 */
#ifndef BPF_SLOT_H
#define BPF_SLOT_H

#include "bpf/settings.bpf.h"
#include "bpf/maps.bpf.h"

static __always_inline __u64 frame_of_page(__u64 page)
{
	__u64 offset = page - page_array;

	return page_struct_shift ? offset >> page_struct_shift : offset / page_struct_bytes;
}

static __always_inline struct page *page_of_frame(__u64 frame)
{
	return (struct page *)(page_array + frame * page_struct_bytes);
}

/* The one slot of a block. A shift by 64 would match nothing, so period 1 has its own branch. */
static __always_inline __u64 slot_of_block(__u64 block)
{
	if (period_shift == 0)
		return block;
	return (block << period_shift) + (block * OT_SLOT_HASH >> (64 - period_shift));
}

/* How many blocks have their slot within the 2^order frames from `frame` on. */
static __always_inline __u32 slot_count(__u64 frame, __u32 order)
{
	if (order >= period_shift)
		return 1U << ((order - period_shift) & 31);
	return slot_of_block(frame >> period_shift) - frame < (1ULL << order);
}

/* The ledger entry of a block, NULL where there is no memory as far as the ledger knows. */
static __always_inline __u64 *ledger_entry(__u64 block)
{
	const __u32 shift = OT_SECTION_SHIFT - period_shift;
	__u32 section = block >> shift;
	__u32 *place = bpf_map_lookup_elem(&sections, &section);
	__u32 index;

	if (!place || !*place)
		return NULL;
	index = (*place - 1) << shift | (block & ((1U << shift) - 1));
	return bpf_map_lookup_elem(&ledger, &index);
}

#endif
