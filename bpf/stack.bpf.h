/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a user stack is taken. The one place another unwinder would replace: it fills frames, leaf
 * first, and says how many and whether the root side is missing.
 */
#ifndef BPF_STACK_H
#define BPF_STACK_H

#include "bpf/settings.bpf.h"

/* Fills frames, frame_count and flags of `record`. No user stack: frame_count 0. */
static __always_inline void stack_capture(void *ctx, struct ot_stack_record *record)
{
	long bytes = bpf_get_stack(ctx, record->frames, sizeof(record->frames), BPF_F_USER_STACK);

	record->frame_count = bytes > 0 ? bytes / sizeof(record->frames[0]) : 0;
	record->flags = record->frame_count == OT_MAX_FRAMES ? OT_STACK_TRUNCATED : 0;
}

static __always_inline __u64 hash_mix(__u64 hash, __u64 value)
{
	hash = (hash ^ value) * OT_SLOT_HASH;
	return hash ^ hash >> 29;
}

/* Of thread name and frames; never 0, which the fixed cells have. */
static __always_inline __u64 stack_hash(const struct ot_stack_record *record)
{
	const __u64 *comm = (const __u64 *)record->comm;
	__u64 hash = hash_mix(hash_mix(stack_seed, comm[0]), comm[1]);

	for (__u32 i = 0; i < OT_MAX_FRAMES; i++) {
		if (i >= record->frame_count)
			break;
		hash = hash_mix(hash, record->frames[i]);
	}
	return hash | 1;
}

#endif
