/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Curves: whoever grows says so itself, with its cgroups' usage, at each step of its growth. How
 * many steps that is depends on how much it grows, not on how fast, nor on when the recorder runs.
 */
#ifndef BPF_CURVE_H
#define BPF_CURVE_H

#include "bpf/cell.bpf.h"

/* So many parts of what it held: a large one says as little as a small one. */
#define CURVE_PARTS_SHIFT 5

static __always_inline void curve_fill_level(struct ot_curve_level *level,
					     struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = (void *)css - bpf_core_field_offset(struct mem_cgroup, css);

	level->id = BPF_CORE_READ(css, cgroup, kn, id);
	level->usage = BPF_CORE_READ(memcg, memory.usage.counter);
	level->max = BPF_CORE_READ(memcg, memory.max);
}

static __always_inline void curve_fill_levels(struct ot_curve_record *record)
{
	struct cgroup_subsys_state *css =
		task_css((struct task_struct *)bpf_get_current_task(), false);

	record->level_count = 0;
	for (int i = 0; i < OT_CURVE_LEVELS; i++) {
		if (!css)
			return;
		curve_fill_level(&record->levels[i], css);
		record->level_count = i + 1;
		css = BPF_CORE_READ(css, parent);
	}
}

/* Looked at once by the verifier, not within the program that counts pages. */
__noinline __weak int curve_tell(__u32 number, __u32 at_once)
{
	struct ot_account *account = bpf_map_lookup_elem(&accounts, &number);
	struct ot_curve_record *record =
		no_room(OT_LOSS_CURVE) ? NULL : bpf_ringbuf_reserve(&curves, sizeof(*record), 0);

	seen_count(OT_SEEN_CURVE, 1);
	if (!account || !record) {
		if (record)
			bpf_ringbuf_discard(record, 0);
		loss_count(OT_LOSS_CURVE, 1);
		return 0;
	}
	record->type = OT_RECORD_CURVE;
	record->account = number;
	record->time_ns = bpf_ktime_get_ns();
	record->life = account->life;
#pragma unroll
	for (int kind = 0; kind < OT_KIND_COUNT; kind++)
		record->live[kind] = READ_ONCE(account->live[kind]);
	curve_fill_levels(record);
	if (bpf_ringbuf_query(&curves, BPF_RB_AVAIL_DATA) > curve_wake_bytes)
		at_once = 1;
	bpf_ringbuf_submit(record, at_once ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * At a size worth looking at, and at each doubling: the recorder notes what it did so far, and who
 * is killed half a second later had no look. A dozen times in a life.
 */
static __always_inline bool curve_is_stage(__u32 told, __u32 live)
{
	/* the highest bit of one is not that of the other */
	return live >= curve_stage_slots && (told ^ live) > (told & live);
}

/*
 * Many who hold little each fill a cgroup as well as a large one: after two steps' worth of pages
 * of whomever, a CPU tells of who is running.
 */
static __always_inline bool curve_is_due(struct scratch *scratch, __u32 slots)
{
	scratch->untold += slots;
	return scratch->untold >= 2 * curve_step_slots;
}

/* After pages were counted in a cell. What falls is seen by the recorder, soon enough. */
static __always_inline void curve_look(struct scratch *scratch, __u32 cell_number, __u32 slots)
{
	struct ot_cell *cell = cell_get(cell_number);
	struct ot_account *account;
	__u32 live = 0, told, step;

	if (!cell || cell->account <= OT_ACCOUNT_NOBODY)
		return;
	account = bpf_map_lookup_elem(&accounts, &cell->account);
	if (!account)
		return;
#pragma unroll
	for (int kind = 0; kind < OT_KIND_COUNT; kind++)
		live += READ_ONCE(account->live[kind]);
	told = READ_ONCE(account->told);
	step = told >> CURVE_PARTS_SHIFT;
	if (step < curve_step_slots)
		step = curve_step_slots;
	if (live + step < told)
		WRITE_ONCE(account->told, live);
	if (!curve_is_due(scratch, slots) && live < told + step)
		return;
	scratch->untold = 0;
	WRITE_ONCE(account->told, live);
	curve_tell(cell->account, curve_is_stage(told, live));
}

#endif
