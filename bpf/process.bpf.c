// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lives of traced processes: fork, exec and exit, for targets and the children that are
 * followed. A look-up each where nobody is a target, as when the whole host is traced.
 */
#include "bpf/account.bpf.h"

static __always_inline void process_announce(__u32 type, struct task_struct *task, __u32 parent)
{
	struct ot_process_record *record;

	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
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
 * A child becomes a target when its parent's children are followed. A child that shares the mm is
 * traced in any case, by the mm's account.
 */
SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx->args[0];
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	__u32 parent_tgid = BPF_CORE_READ(parent, tgid);
	__u32 child_tgid = BPF_CORE_READ(child, tgid);
	__u32 *flags = bpf_map_lookup_elem(&targets, &parent_tgid);

	if (mm_life_is_address()) {
		__u64 life = (__u64)BPF_CORE_READ(child, mm);

		if (life != (__u64)BPF_CORE_READ(parent, mm))
			bpf_map_delete_elem(&account_index, &life);
	}
	if (!flags || !(*flags & OT_TARGET_FOLLOW) || child_tgid == parent_tgid)
		return 0;
	if (bpf_map_update_elem(&targets, &child_tgid, flags, BPF_ANY)) {
		loss_count(OT_LOSS_PROCESS_EVENT, 1);
		return 0;
	}
	target_mark(child_tgid);
	process_announce(OT_RECORD_FORK, child, parent_tgid);
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

	if (mm_life_is_address()) {
		__u64 life = (__u64)BPF_CORE_READ(task, mm);

		bpf_map_delete_elem(&account_index, &life);
	}
	if (!flags)
		return 0;
	if (*flags & OT_TARGET_PRE_EXEC)
		process_end_pre_exec(task, flags);
	process_announce(OT_RECORD_EXEC, task, BPF_CORE_READ(task, real_parent, tgid));
	return 0;
}

/* Fires for each thread; the process is gone with the last. */
SEC("raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[0];
	__u32 tgid = BPF_CORE_READ(task, tgid);

	if (!bpf_map_lookup_elem(&targets, &tgid))
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) > 0)
		return 0;
	bpf_map_delete_elem(&targets, &tgid);
	process_announce(OT_RECORD_EXIT, task, BPF_CORE_READ(task, real_parent, tgid));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
