/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings the recorder writes before loading. Constants to the verifier: what is switched off is
 * not even compiled to machine code.
 */
#ifndef BPF_SETTINGS_H
#define BPF_SETTINGS_H

#include "bpf/common.bpf.h"

/* log2 of the period: every 2^period_shift page frames share one slot. */
const volatile __u32 period_shift __weak = 4;
/* sizeof(struct page), and its log2 where it is a power of two, else 0. */
const volatile __u32 page_struct_bytes __weak = 64;
const volatile __u32 page_struct_shift __weak = 6;
/* Pages are told of by events of perf (bpf/page_event.bpf.h). */
const volatile bool pages_by_perf __weak = false;
/* Trace every process of the host, not only those in `targets`. */
const volatile bool trace_all __weak = false;
/* Take the kernel's part of each stack as well. */
const volatile bool kernel_stacks __weak = false;
/* enum ot_choice: who becomes a target by a rule, and which bits of enum ot_target_flag it gets. */
const volatile __u32 choose_by __weak = OT_CHOOSE_NOBODY;
const volatile __u32 chosen_flags __weak = 0;
const volatile char chosen_name[OT_COMM_LEN] __weak = {};
/* Inode number of the cgroup; is it of the v2 hierarchy? */
const volatile __u64 chosen_cgroup __weak = 0;
const volatile bool chosen_cgroup_unified __weak = false;
/* Tell of OOM kills, and of those who grow. */
const volatile bool watch_kills __weak = false;
/* Slots that an account must have gained to be told. */
const volatile __u32 curve_step_slots __weak = 1;
/* The recorder looks often enough: it is woken when so much waits in the ring of curves. */
const volatile __u64 curve_wake_bytes __weak = 0;
/* The recorder is woken when this much is held, and at each doubling. */
const volatile __u32 curve_stage_slots __weak = 1;
/* CPUs that the kernel has counters for. */
const volatile __u32 cpu_count __weak = 1;
/* oom:mark_victim gives a task, not its id. */
const volatile bool mark_has_task __weak = false;
/* Walk user stacks by unwind rows; otherwise the kernel does, along frame pointers. */
const volatile bool unwind_rows __weak = false;
/* Stack cells one account may take, so that one process cannot take all of them. */
const volatile __u32 cells_per_account __weak = 0;
/* Stacks of one account that may be kept as bytes, to be walked later. */
const volatile __u32 late_stacks_per_account __weak = 0;
/* Seed of the stack hash, so that nobody can prepare collisions. */
const volatile __u64 stack_seed __weak = 0;
/* The recorder's own thread, for calibration. */
const volatile __u32 own_tid __weak = 0;
/* For tests: one in so many of what could be lost by these causes (bits of enum ot_loss) is. */
const volatile __u32 drop_one_in __weak = 0;
const volatile __u32 drop_causes __weak = 0;
/* For a test: walk each stack again without what is known of the rows, and compare. */
const volatile bool walk_twice __weak = false;
/* For tests: count what is seen (enum ot_seen). */
const volatile bool count_seen __weak = false;
/* Values of the gfp bits in this kernel. */
const volatile __u32 gfp_movable __weak = 0;
const volatile __u32 gfp_account __weak = 0;
const volatile __u32 gfp_direct_reclaim __weak = 0;
const volatile __u32 gfp_kswapd_reclaim __weak = 0;

/* Address of struct page number 0, found by calibration after loading, before attaching. */
__u64 page_array __weak = 0;
/* Mover brackets that are open now; 0 keeps the movers' code off the usual path. */
__u64 movers_active __weak = 0;
/* Number of the scan of tasks that is running, or was last. */
__u32 scan_number __weak = 0;
/* Set while the first scan of a watched host runs: who holds memory already gets an account. */
__u32 adopting __weak = 0;
/* The latest life that scan has seen; 0 where lives are no numbers that rise. */
__u64 adopting_last_life __weak = 0;
/* When the last bracket began, CLOCK_MONOTONIC. */
__u64 movers_last_ns __weak = 0;
/* Is lru_insertion attached? Set by the recorder, which attaches it on demand. */
__u32 lru_attached __weak = 0;
/* What comparing found, if walk_twice. */
struct ot_walks walks __weak = {};

#endif
