/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why the OOM killer kills: read where it has chosen, by a kprobe, which not every kernel can have.
 * Tracepoints tell of the kill without it, and the kernel's log tells the same ten times in five
 * seconds.
 *
 * All OOM killing is under one lock of the kernel (oom_lock), from the choice to the last signal,
 * so one place is enough; whose it is tells the task, in whose context both happen.
 */
#ifndef BPF_OOM_CAUSE_H
#define BPF_OOM_CAUSE_H

#include "bpf/compat.bpf.h"

struct ot_kill_cause kill_cause __weak = {};

/* Which nodes of memory were allowed: by a policy, else by the cpuset of who asked. */
static __always_inline __u64 oom_nodes(struct oom_control *control, __u32 constraint)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	nodemask_t *mask = BPF_CORE_READ(control, nodemask);
	__u64 nodes = 0;

	if (constraint == CONSTRAINT_MEMORY_POLICY)
		bpf_probe_read_kernel(&nodes, sizeof(nodes), mask);
	else if (constraint == CONSTRAINT_CPUSET && bpf_core_field_exists(task->mems_allowed))
		nodes = BPF_CORE_READ(task, mems_allowed.bits[0]);
	return nodes;
}

static __always_inline void kill_cause_take(struct oom_control *control)
{
	__u32 constraint = BPF_CORE_READ(control, constraint);

	kill_cause.trigger_tid = bpf_get_current_pid_tgid();
	kill_cause.total_pages = BPF_CORE_READ(control, totalpages);
	kill_cause.points = BPF_CORE_READ(control, chosen_points);
	kill_cause.order = BPF_CORE_READ(control, order);
	kill_cause.gfp = BPF_CORE_READ(control, gfp_mask);
	kill_cause.constraint = constraint;
	kill_cause.nodes = oom_nodes(control, constraint);
}

static __always_inline void kill_cause_give(struct ot_kill_record *record)
{
	if (kill_cause.trigger_tid != (__u32)bpf_get_current_pid_tgid())
		return;
	record->cause = kill_cause;
	record->flags |= OT_KILL_HAS_CAUSE;
}

#endif
