/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side of a stack: what it was doing when it took the page. An array and a record of
 * their own, sent before those of the user stack; nothing of it runs without --kernel-stacks. The
 * frames begin with those of the tracing itself, which the recorder takes off: how many they are
 * differs between kernels, what they are called does not.
 */
#ifndef BPF_KERNEL_STACK_H
#define BPF_KERNEL_STACK_H

#include "bpf/maps.bpf.h"
#include "bpf/settings.bpf.h"
#include "bpf/stack.bpf.h"

static __always_inline void kernel_stack_capture(void *ctx, struct ot_kernel_stack_record *record)
{
	long bytes = bpf_get_stack(ctx, record->frames, sizeof(record->frames), 0);

	record->frame_count = bytes > 0 ? bytes / sizeof(record->frames[0]) : 0;
}

/* The hash of a whole stack, given that of its user part. */
static __always_inline __u64 kernel_stack_hash(const struct ot_kernel_stack_record *record,
					       __u64 hash)
{
	for (__u32 i = 0; i < OT_MAX_KERNEL_FRAMES; i++) {
		if (i >= record->frame_count)
			break;
		hash = hash_mix(hash, record->frames[i]);
	}
	return hash | 1;
}

/* As cell_announce() does with the user stack. */
static __always_inline long kernel_stack_announce(struct ot_kernel_stack_record *record, __u32 cell)
{
	__u64 bytes = record->frame_count * sizeof(record->frames[0]);

	record->type = OT_RECORD_KERNEL_STACK;
	record->cell = cell;
	asm volatile("" : "+r"(bytes));
	if (bytes > sizeof(record->frames))
		return -1;
	return bpf_ringbuf_output(&records, record,
				  __builtin_offsetof(struct ot_kernel_stack_record, frames) + bytes,
				  0);
}

#endif
