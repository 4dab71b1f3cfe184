/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All maps. Sizes marked "set by the recorder" follow the mode (user/capture/sizes.c); everything
 * is preallocated, because these programs run inside the page allocator.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include "bpf/settings.bpf.h"

/* One entry per block of page frames, in the order of the present sections. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, __u64); /* struct ot_entry, moved as one word */
} ledger __weak SEC(".maps");

/* 128 MiB section of physical memory -> 1 + its place in the ledger; 0: not present. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, __u32);
} sections __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct ot_account);
} accounts __weak SEC(".maps");

/* Life of an mm -> account. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u64);
	__type(value, __u32);
} account_index __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct ot_cell);
} cells __weak SEC(".maps");

/* (account, stack) -> cell. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, struct ot_cell_key);
	__type(value, __u32);
} cell_index __weak SEC(".maps");

/* Numbers not in use. The recorder fills them at start and again when it retires the dead. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* set by the recorder */
	__type(value, __u32);
} free_accounts __weak SEC(".maps"), free_cells __weak SEC(".maps");

/* Thread groups to trace: tgid -> enum ot_target_flag bits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, __u32);
} targets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the recorder */
} records __weak SEC(".maps");

/* Kills have a ring of their own: no storm of other records keeps one out. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the recorder */
} kills __weak SEC(".maps");

/* And SIGKILLs of others have one, so that no storm of them keeps a kill out. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the recorder */
} sigkills __weak SEC(".maps");

/* What grows fast, while it does. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the recorder */
} curves __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OT_LOSS_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} losses __weak SEC(".maps");

/* By enum ot_seen; written only when a test wants it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OT_SEEN_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} seen __weak SEC(".maps");

/* Frames that the recorder has looked at, by settle_batch or files_batch. Written by it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, OT_SETTLE_BATCH);
	__type(key, __u32);
	__type(value, __u64);
} settle_frames __weak SEC(".maps");

/* An allocation whose kind is not known yet. */
struct pending {
	__u64 page;
	__u64 frame;
	__u32 cell;
	__u32 order;
};

/* Work space of one allocation. */
struct scratch {
	__u32 busy;
	__u32 untold; /* slots opened on this CPU since it last told a point of a curve */
	struct ot_entry opening; /* what ledger_open() stores */
	struct pending pending;
	struct ot_kernel_stack_record kernel_stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch_space __weak SEC(".maps");

static __always_inline struct scratch *scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch_space, &zero);
}

static __always_inline void loss_count(__u32 cause, __u64 n)
{
	__u64 *value = bpf_map_lookup_elem(&losses, &cause);

	if (value)
		*value += n;
}

/* Not even loaded unless a test wants it. Atomic: before 5.15 a program may interrupt itself. */
static __always_inline void seen_count(__u32 what, __u64 n)
{
	__u64 *value = count_seen ? bpf_map_lookup_elem(&seen, &what) : NULL;

	if (value)
		__sync_fetch_and_add(value, n);
}

/* A test wants this to be lost (user/capture/testing.h). Otherwise it is not even loaded. */
static __always_inline bool no_room(__u32 cause)
{
	return drop_one_in && drop_causes & 1U << cause && bpf_get_prandom_u32() % drop_one_in == 0;
}

#endif
