/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells: the counters of one stack of one account, and how an allocation finds its own.
 */
#ifndef BPF_CELL_H
#define BPF_CELL_H

#include "bpf/account.bpf.h"
#include "bpf/kernel_stack.bpf.h"
#include "bpf/stack.bpf.h"

static __always_inline __u32 cell_fixed(__u32 account, enum ot_fixed_cell which)
{
	return account * OT_FIXED_COUNT + which;
}

static __always_inline struct ot_cell *cell_get(__u32 number)
{
	return bpf_map_lookup_elem(&cells, &number);
}

/*
 * Adds to one counter of an array by kind. The barrier keeps clang from checking a copy of the
 * index, whose bound old verifiers do not carry over.
 */
static __always_inline void counter_add(__u32 *counters, __u64 kind, int n)
{
	asm volatile("" : "+r"(kind));
	if (kind < OT_KIND_COUNT)
		__sync_fetch_and_add(&counters[kind], n);
}

/* To one kind of what a cell holds, and to the sum of its account. */
static __always_inline void live_add(struct ot_cell *cell, struct ot_account *account, __u32 kind,
				     int n)
{
	counter_add(cell->live, kind, n);
	if (account)
		counter_add(account->live, kind, n);
}

static __always_inline void cell_open_slots(__u32 number, __u32 kind, __u32 slots, bool allocated)
{
	struct ot_cell *cell = cell_get(number);

	if (!cell)
		return;
	live_add(cell, bpf_map_lookup_elem(&accounts, &cell->account), kind, slots);
	if (allocated)
		__sync_fetch_and_add(&cell->allocated, slots);
}

/* `ended`: the page is gone for good, not moved or overwritten. */
static __always_inline void cell_close_slot(struct ot_entry entry, bool ended)
{
	struct ot_cell *cell = cell_get(entry.cell);
	struct ot_account *account;

	if (!cell)
		return;
	account = bpf_map_lookup_elem(&accounts, &cell->account);
	live_add(cell, account, entry.kind, -1);
	if (ended && account && account_is_frozen(account))
		counter_add(cell->held, entry.kind, 1);
}

/* What stands for one stack: its user part, and its kernel part where that is taken. */
struct stack_parts {
	__u32 owner; /* enum stack_user: whose record it is */
	struct ot_stack_record *user;
	struct ot_kernel_stack_record *kernel; /* NULL: never taken */
};

/* The setting comes first: it is a constant, and what it rules out is not even loaded. */
static __always_inline bool has_kernel_part(const struct stack_parts *parts)
{
	return kernel_stacks && parts->kernel;
}

/* Sends the stack of a new cell. */
static __always_inline long cell_announce(const struct stack_parts *parts)
{
	struct ot_stack_record *record = parts->user;
	__u64 bytes = record->frame_count * sizeof(record->frames[0]);

	if (has_kernel_part(parts)) {
		if (kernel_stack_announce(parts->kernel, record->cell))
			return -1;
		record->flags |= OT_STACK_KERNEL;
	}
	if (unwind_rows && record->frame_count)
		code_announce(parts->owner, record->account);
	if (unwind_rows && (record->flags & OT_STACK_BYTES) &&
	    stack_bytes_announce(parts->owner, record->cell))
		return -1;
	/* what is checked must be what is passed, not a copy that was put by */
	asm volatile("" : "+r"(bytes));
	if (bytes > sizeof(record->frames))
		return -1;
	return bpf_ringbuf_output(&records, record,
				  __builtin_offsetof(struct ot_stack_record, frames) + bytes, 0);
}

/* A cell for the stack in `record`, or the account's [lost stacks]: bytes never go nowhere. */
static __always_inline __u32 cell_open(const struct stack_parts *parts)
{
	struct ot_stack_record *record = parts->user;
	struct ot_cell_key key = {.stack = record->stack, .account = record->account};
	struct ot_account *account = bpf_map_lookup_elem(&accounts, &record->account);
	struct ot_cell *cell;
	__u32 number, *winner;

	seen_count(OT_SEEN_STACK, 1);
	if (!account || READ_ONCE(account->cells) >= cells_per_account ||
	    no_room(OT_LOSS_CELL_FULL) || bpf_map_pop_elem(&free_cells, &number)) {
		loss_count(OT_LOSS_CELL_FULL, 1);
		return cell_fixed(record->account, OT_FIXED_LOST);
	}
	cell = cell_get(number);
	record->cell = number;
	if (!cell || no_room(OT_LOSS_RING_FULL) || cell_announce(parts)) {
		loss_count(OT_LOSS_RING_FULL, 1);
		bpf_map_push_elem(&free_cells, &number, 0);
		return cell_fixed(record->account, OT_FIXED_LOST);
	}
	cell->stack = record->stack;
	cell->account = record->account;
	WRITE_ONCE(cell->in_use, 1);
	if (bpf_map_update_elem(&cell_index, &key, &number, BPF_NOEXIST) == 0) {
		__sync_fetch_and_add(&account->cells, 1);
		return number;
	}

	cell->in_use = 0;
	bpf_map_push_elem(&free_cells, &number, 0);
	winner = bpf_map_lookup_elem(&cell_index, &key);
	if (winner)
		return *winner;
	/* it has been sent, and is lost all the same */
	seen_count(OT_SEEN_STACK, 1);
	loss_count(OT_LOSS_CELL_FULL, 1);
	return cell_fixed(record->account, OT_FIXED_LOST);
}

/*
 * Keeps the bytes of a stack that could not be walked yet, if there is room. They are part of what
 * tells it from others.
 */
static __always_inline __u64 late_stack_hash(__u32 owner, struct ot_stack_record *record,
					     __u64 hash)
{
	struct stack_space *space = stack_space_get(owner);
	struct ot_account *account = bpf_map_lookup_elem(&accounts, &record->account);

	if (!space || !space->unwind.pending || !account || !may_take_bytes(account) ||
	    stack_bytes_take(owner))
		return hash;
	__sync_fetch_and_add(&account->late_stacks, 1);
	record->flags |= OT_STACK_BYTES;
	return hash_mix(hash, space->bytes.hash) | 1;
}

/*
 * The cell of the current task's stack in `account`. `user`: it has a user stack, which is its own.
 */
static __always_inline __u32 cell_of_stack(void *ctx, const struct stack_parts *parts,
					   __u32 account, bool user)
{
	struct ot_stack_record *record = parts->user;
	struct ot_cell_key key = {.account = account};
	__u32 *known;

	record->account = account;
	record->frame_count = record->flags = 0;
	record->end = OT_STACK_END_COMPLETE;
	if (user)
		stack_capture(ctx, parts->owner, record);
	if (has_kernel_part(parts))
		kernel_stack_capture(ctx, parts->kernel);
	if (record->frame_count == 0 && !(has_kernel_part(parts) && parts->kernel->frame_count))
		return cell_fixed(account, OT_FIXED_NO_STACK);
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	key.stack = stack_hash(parts->owner, record);
	if (has_kernel_part(parts))
		key.stack = kernel_stack_hash(parts->kernel, key.stack);
	if (unwind_rows && record->end == OT_STACK_END_NOT_LOADED)
		key.stack = late_stack_hash(parts->owner, record, key.stack);
	record->stack = key.stack;
	known = bpf_map_lookup_elem(&cell_index, &key);
	if (record->frame_count)
		stack_end_count(known && (record->flags & OT_STACK_BYTES) ? OT_STACK_END_SAME_BYTES
									  : record->end);
	if (known)
		return *known;
	record->type = OT_RECORD_STACK;
	record->tid = bpf_get_current_pid_tgid();
	record->time_ns = bpf_ktime_get_ns();
	return cell_open(parts);
}

/*
 * Whose an allocation is: the cell to count it in, 0 for nobody traced. Kernel threads own nothing
 * unless they borrowed an mm; an unaccounted allocation that may not sleep was made by an interrupt
 * that only happens to run here. Slab tries big blocks with no reclaim at all, kswapd included:
 * that one does belong to the caller.
 */
static __always_inline __u32 cell_of_allocation(void *ctx, struct scratch *scratch, __u32 class,
						__u32 gfp)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct stack_parts parts = {
		.owner = STACK_OF_PAGE,
		.user = stack_record_get(STACK_OF_PAGE),
		.kernel = &scratch->kernel_stack,
	};
	struct current_space space = {};
	__u32 account;

	current_space_read(&space);
	if (!space.mm || !parts.user)
		return 0;
	if (class == OT_CLASS_OTHER && !(gfp & gfp_direct_reclaim) && (gfp & gfp_kswapd_reclaim))
		return 0;
	account = account_of_life(task, space.mm, space.life);
	if (account == ACCOUNT_UNTRACED)
		return 0;
	if (account == OT_ACCOUNT_NOBODY)
		return cell_fixed(account, OT_FIXED_LOST);
	if (!space.has_user_stack && !kernel_stacks)
		return cell_fixed(account, OT_FIXED_NO_STACK);
	return cell_of_stack(ctx, &parts, account, space.has_user_stack);
}

#endif
