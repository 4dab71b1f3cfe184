// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lives of traced processes: fork, exec and exit, for targets and the children that are
 * followed; and what makes a process one that the rule chooses. A look-up each where nobody is a
 * target, as when the whole host is traced.
 */
#include "bpf/account.bpf.h"
#include "bpf/unwind.bpf.h"

static __always_inline void process_announce(__u32 type, struct task_struct *task, __u32 parent)
{
	struct ot_process_record *record;

	seen_count(OT_SEEN_PROCESS, 1);
	record = no_room(OT_LOSS_PROCESS_EVENT) ? NULL
						: bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		loss_count(OT_LOSS_PROCESS_EVENT, 1);
		return;
	}
	record->type = type;
	record->tgid = BPF_CORE_READ(task, tgid);
	record->parent_tgid = parent;
	record->reserved = 0;
	record->time_ns = bpf_ktime_get_ns();
	record->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_INTO(&record->comm, task, comm);
	bpf_ringbuf_submit(record, 0);
}

/*
 * A child runs its parent's code until it executes something else. What the number stood for
 * before is forgotten in any case.
 */
static __always_inline void code_inherit(__u32 child_tgid, __u32 parent_tgid)
{
	struct ot_code_slice *slice = bpf_map_lookup_elem(&code_slices, &parent_tgid);

	if (slice)
		bpf_map_update_elem(&code_slices, &child_tgid, slice, BPF_ANY);
	else
		bpf_map_delete_elem(&code_slices, &child_tgid);
}

/*
 * A child becomes a target when its parent's children are followed, or by the rule; it has nothing
 * of its own yet, but what an untraced parent left it was there before. A child that shares the mm
 * is traced in any case, by the mm's account.
 */
static __always_inline void process_forked(struct task_struct *child, __u32 parent_tgid)
{
	__u32 *parent_flags = bpf_map_lookup_elem(&targets, &parent_tgid);
	__u32 flags = parent_flags ? *parent_flags : chosen_flags | OT_TARGET_JOINED;

	if (!(parent_flags && flags & OT_TARGET_FOLLOW) && !rule_chooses(child))
		return;
	if (parent_flags)
		flags &= ~(OT_TARGET_JOINED | OT_TARGET_LEFT);
	if (target_add(BPF_CORE_READ(child, tgid), flags))
		process_announce(parent_flags ? OT_RECORD_FORK : OT_RECORD_JOIN, child,
				 parent_tgid);
}

/* What a process had at a fork is its child's as well; a counter may be below 0 for a moment. */
static __always_inline __s32 slots_to_inherit(const struct ot_account *author)
{
	return (__s32)(author->live[OT_KIND_ANON] + author->live[OT_KIND_PENDING] +
		       author->inherited);
}

/*
 * Pages that a child has of its parent's are in the parent's account, until somebody writes to
 * them. Should the child be killed, the account tells whose stacks are to be looked at.
 */
static __always_inline void process_inherit(struct task_struct *parent, struct task_struct *child)
{
	struct mm_struct *mm = BPF_CORE_READ(child, mm);
	__u32 author = account_find(mm_life(BPF_CORE_READ(parent, mm))), heir;
	struct ot_account *from = bpf_map_lookup_elem(&accounts, &author), *to;

	if (author <= OT_ACCOUNT_NOBODY || !from ||
	    slots_to_inherit(from) < (__s32)(OT_HEIR_PAGES >> period_shift))
		return;
	heir = account_of_task(child, mm);
	to = bpf_map_lookup_elem(&accounts, &heir);
	if (heir <= OT_ACCOUNT_NOBODY || !to || heir == author)
		return;
	to->author_life = from->life;
	to->author = author;
	to->inherited = slots_to_inherit(from);
}

SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx->args[0];
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	__u32 parent_tgid = BPF_CORE_READ(parent, tgid);
	__u32 child_tgid = BPF_CORE_READ(child, tgid);

	if (unwind_rows && child_tgid != parent_tgid)
		code_inherit(child_tgid, parent_tgid);
	if (mm_life_is_address()) {
		__u64 life = (__u64)BPF_CORE_READ(child, mm);

		if (life != (__u64)BPF_CORE_READ(parent, mm))
			bpf_map_delete_elem(&account_index, &life);
	}
	if (child_tgid == parent_tgid || !BPF_CORE_READ(child, mm))
		return 0;
	process_forked(child, parent_tgid);
	if (watch_kills && BPF_CORE_READ(parent, mm) != BPF_CORE_READ(child, mm))
		process_inherit(parent, child);
	return 0;
}

/* CMD has become itself: from here on it is traced, the mm it was started in is not. */
static __always_inline void process_end_pre_exec(struct task_struct *task, __u32 *flags)
{
	__u64 life = mm_life(BPF_CORE_READ(task, mm));
	__u32 *number = bpf_map_lookup_elem(&account_index, &life);
	struct ot_account *account = number ? bpf_map_lookup_elem(&accounts, number) : NULL;

	*flags &= ~OT_TARGET_PRE_EXEC;
	if (account)
		account->pre_exec = 0;
}

SEC("raw_tp/sched_process_exec")
int process_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u32 *flags = bpf_map_lookup_elem(&targets, &tgid);

	if (unwind_rows)
		bpf_map_delete_elem(&code_slices, &tgid);
	if (mm_life_is_address()) {
		__u64 life = (__u64)BPF_CORE_READ(task, mm);

		bpf_map_delete_elem(&account_index, &life);
	}
	if (!flags)
		return 0;
	if (*flags & OT_TARGET_PRE_EXEC)
		process_end_pre_exec(task, flags);
	/* The new address space begins with nothing. */
	*flags &= ~OT_TARGET_JOINED;
	process_announce(OT_RECORD_EXEC, task, BPF_CORE_READ(task, real_parent, tgid));
	if (*flags & OT_TARGET_LEFT)
		bpf_map_delete_elem(&targets, &tgid);
	return 0;
}

/* Fires for each thread; the process is gone with the last. */
SEC("raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);
	bool target = bpf_map_lookup_elem(&targets, &tgid);

	if (!target && !unwind_rows)
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	if (unwind_rows)
		bpf_map_delete_elem(&code_slices, &tgid);
	if (!target)
		return 0;
	bpf_map_delete_elem(&targets, &tgid);
	process_announce(OT_RECORD_EXIT, task, BPF_CORE_READ(task, real_parent, tgid));
	return 0;
}

/* --- rules: what they are about has changed ------------------------------------------------- */

static __always_inline void process_decide(struct task_struct *leader, bool chosen)
{
	struct mm_struct *mm = BPF_CORE_READ(leader, mm);

	/* In execve it has nothing yet, and sched_process_exec tells. */
	if (mm && target_decide(leader, chosen) && !mm_is_loading(mm))
		process_announce(OT_RECORD_JOIN, leader, BPF_CORE_READ(leader, real_parent, tgid));
}

/* Told before the new name is set, also by execve. A process has the name of its first thread. */
SEC("raw_tp/task_rename")
int process_rename(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	char name[OT_COMM_LEN] = {};

	if (choose_by != OT_CHOOSE_NAME || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), (void *)ctx->args[1]);
	process_decide(task, name_is_chosen(name));
	return 0;
}

/*
 * A thread or all threads of a process were moved, in any hierarchy. The memory controller goes by
 * the first thread, and so does the rule.
 */
SEC("raw_tp/cgroup_attach_task")
int process_move(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[2];
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	if (choose_by == OT_CHOOSE_CGROUP)
		process_decide(leader, rule_chooses(leader));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
