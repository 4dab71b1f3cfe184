/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets: thread groups to trace, by tgid. Named by the recorder, forked by one whose children are
 * followed, or chosen by a rule: their name, or their cgroup. Rules are asked where they can change
 * (fork, rename, move, and the scan of all tasks), never where pages or mappings are counted.
 */
#ifndef BPF_TARGET_H
#define BPF_TARGET_H

#include "bpf/compat.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/settings.bpf.h"

/*
 * A mark for every target, by the low bits of its tgid: turns nearly everybody else away for one
 * load, where the map takes a hash. A byte each, so that setting one needs no atomic operation that
 * old kernels lack. Marks stay when a target ends.
 */
__u8 target_marks[OT_TARGET_MARKS] __weak = {};

static __always_inline bool may_be_target(__u32 tgid)
{
	return target_marks[tgid % OT_TARGET_MARKS];
}

/* Flags of a thread group as a target; false: no account is to be opened for it. */
static __always_inline bool target_flags(__u32 tgid, __u32 *ret_flags)
{
	__u32 *flags = bpf_map_lookup_elem(&targets, &tgid);

	if (flags ? *flags & OT_TARGET_LEFT : !trace_all)
		return false;
	*ret_flags = flags ? *flags : 0;
	return true;
}

static __always_inline bool target_add(__u32 tgid, __u32 flags)
{
	if (bpf_map_update_elem(&targets, &tgid, &flags, BPF_ANY)) {
		seen_count(OT_SEEN_PROCESS, 1);
		loss_count(OT_LOSS_PROCESS_EVENT, 1);
		return false;
	}
	target_marks[tgid % OT_TARGET_MARKS] = 1;
	return true;
}

/* --- rules -------------------------------------------------------------------------------- */

/* The kernel has no limit, people have: containers in containers reach a dozen. */
#define CGROUP_LEVELS_MAX 128

/* Global, so that the loop is verified once. The address comes as a number for that reason, too. */
__noinline __weak int cgroup_has_task(__u64 task)
{
	struct cgroup_subsys_state *css =
		task_css((struct task_struct *)task, chosen_cgroup_unified);

	for (int level = 0; level < CGROUP_LEVELS_MAX; level++) {
		if (!css)
			return 0;
		if (BPF_CORE_READ(css, cgroup, kn, id) == chosen_cgroup)
			return 1;
		css = BPF_CORE_READ(css, parent);
	}
	loss_count(OT_LOSS_CGROUP_DEPTH, 1);
	return 0;
}

static __always_inline bool name_is_chosen(const char name[OT_COMM_LEN])
{
	for (int i = 0; i < OT_COMM_LEN; i++) {
		if (name[i] != chosen_name[i])
			return false;
		if (!name[i])
			break;
	}
	return true;
}

/* Does the rule choose the process that `leader` leads? Without a rule nobody is. */
static __always_inline bool rule_chooses(struct task_struct *leader)
{
	char name[OT_COMM_LEN] = {};

	if (choose_by == OT_CHOOSE_CGROUP)
		return cgroup_has_task((__u64)leader);
	if (choose_by != OT_CHOOSE_NAME)
		return false;
	BPF_CORE_READ_INTO(&name, leader, comm);
	return name_is_chosen(name);
}

/*
 * What the rule says now: a process becomes a target, or it may open no new account. True when it
 * has become one at this moment. Followed children stay what they are.
 */
static __always_inline bool target_decide(struct task_struct *leader, bool chosen)
{
	__u32 tgid = BPF_CORE_READ(leader, tgid);
	__u32 *flags = bpf_map_lookup_elem(&targets, &tgid);

	if (!flags)
		return chosen && target_add(tgid, chosen_flags | OT_TARGET_JOINED);
	if (!(*flags & OT_TARGET_FOLLOW))
		*flags = chosen ? *flags & ~OT_TARGET_LEFT : *flags | OT_TARGET_LEFT;
	return false;
}

#endif
