/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a user stack is taken: by unwind rows, or by the kernel's walk along frame pointers. Frames,
 * leaf first, how many, and how it ended.
 */
#ifndef BPF_STACK_H
#define BPF_STACK_H

#include "bpf/settings.bpf.h"
#include "bpf/stack_bytes.bpf.h"
#include "bpf/unwind.bpf.h"

/* Goes on with `hash` over some frames of the user's record; two loops, as in unwind_steps(). */
__noinline __weak __u64 stack_hash_some(__u32 user, __u32 first, __u64 hash)
{
	struct ot_stack_record *record = stack_record_get(user);

	if (!record)
		return hash;
	for (__u32 i = 0; i < STEPS_AT_ONCE; i++) {
		__u64 frame = first + i;

		asm volatile("" : "+r"(frame));
		if (frame >= record->frame_count || frame >= OT_MAX_FRAMES)
			break;
		hash = hash_mix(hash, record->frames[frame]);
	}
	return hash;
}

static __always_inline __u64 stack_hash_frames(__u32 user, const struct ot_stack_record *record,
					       __u64 hash)
{
	for (__u32 first = 0; first < OT_MAX_FRAMES; first += STEPS_AT_ONCE) {
		if (first >= record->frame_count)
			break;
		hash = stack_hash_some(user, first, hash);
	}
	return hash;
}

/*
 * For a test: the same walk by rows that are searched for, each. What it finds is kept. Not a
 * function of its own, for calls are as deep here as the stack of 512 bytes allows. Where one of
 * the two met code whose rows are on their way they may differ: the other came after these.
 */
static __always_inline void stack_walk_again(__u32 user)
{
	struct stack_space *space = stack_space_get(user);
	__u32 pending;
	__u64 hash;

	if (!space)
		return;
	pending = space->unwind.pending;
	hash = stack_hash_frames(user, &space->record, space->record.end);
	if (!pending) {
		__sync_fetch_and_add(&walks.compared, 1);
		__sync_fetch_and_add(&walks.frames, space->record.frame_count);
		__sync_fetch_and_add(&walks.searched, space->unwind.searched);
	}
	space->unwind.registers = (struct registers){
		.ip = space->bytes.ip, .sp = space->bytes.sp, .bp = space->bytes.bp};
	space->unwind.slice.generation = 0;
	unwind_walk(space, user);
	if (!pending && !space->unwind.pending &&
	    hash != stack_hash_frames(user, &space->record, space->record.end))
		__sync_fetch_and_add(&walks.different, 1);
}

/* Fills frames, frame_count and end of the record of `user`. No user stack: frame_count 0.
 */
static __always_inline void stack_capture(void *ctx, __u32 user, struct ot_stack_record *record)
{
	long bytes;

	if (!unwind_rows || unwind_stack(user)) {
		bytes = bpf_get_stack(ctx, record->frames, sizeof(record->frames),
				      BPF_F_USER_STACK);
		record->frame_count = bytes > 0 ? bytes / sizeof(record->frames[0]) : 0;
		record->end = record->frame_count == OT_MAX_FRAMES ? OT_STACK_END_TRUNCATED
			      : unwind_rows                        ? OT_STACK_END_NOT_64_BIT
								   : OT_STACK_END_FRAME_POINTERS;
	} else if (walk_twice) {
		stack_walk_again(user);
	}
}

/*
 * Of thread name, frames and how they ended, for what is known of one stack need not be true of
 * another that looks the same, nor of the same where other code has been mapped; never 0, which the
 * fixed cells have.
 */
static __always_inline __u64 stack_hash(__u32 user, const struct ot_stack_record *record)
{
	const struct ot_account *account = bpf_map_lookup_elem(&accounts, &record->account);
	const __u64 *comm = (const __u64 *)record->comm;
	__u64 hash = hash_mix(hash_mix(stack_seed + record->end, comm[0]), comm[1]);

	if (account)
		hash = hash_mix(hash, READ_ONCE(account->code_salt));
	return stack_hash_frames(user, record, hash) | 1;
}

#endif
