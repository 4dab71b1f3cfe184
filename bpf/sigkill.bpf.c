// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SIGKILLs of whoever is not the OOM killer (--sigkills): `kill -9`, a runtime, cgroup.kill, an OOM
 * daemon, the end of a pid namespace. What the kernel sends by itself otherwise is in the ring of
 * kills already, and the recorder knows which of those nobody has marked.
 *
 * The sender may be gone before anybody reads its record, so all that says who it is is taken here.
 */
#include "bpf/exec_argv.bpf.h"

/* include/trace/events/signal.h: anything else killed nobody, or nobody anew. */
#define TRACE_SIGNAL_DELIVERED 0

static __always_inline void sender_fill_levels(struct ot_kill_sender *sender,
					       struct task_struct *task)
{
	struct cgroup_subsys_state *css = task_css(task, false);

	sender->level_count = 0;
	for (int i = 0; i < OT_KILL_LEVELS; i++) {
		if (!css)
			return;
		bpf_probe_read_kernel_str(sender->levels[i], OT_KILL_NAME,
					  BPF_CORE_READ(css, cgroup, kn, name));
		sender->level_count = i + 1;
		css = BPF_CORE_READ(css, parent);
	}
}

static __always_inline void sender_fill_signal(struct ot_kill_sender *sender, __u64 info)
{
	sender->code = 0;
	sender->source = OT_SIGNAL_BY_PROCESS;
	if (info == SEND_SIG_NOINFO)
		sender->source = OT_SIGNAL_NO_INFO;
	else if (info == SEND_SIG_PRIV)
		sender->source = OT_SIGNAL_BY_KERNEL;
	else
		sender->code = BPF_CORE_READ((struct kernel_siginfo *)info, si_code);
}

static __always_inline void sender_fill(struct ot_kill_sender *sender, __u64 info)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	sender_fill_signal(sender, info);
	sender->uid = BPF_CORE_READ(task, real_cred, uid.val);
	sender->exiting = current_is_exiting();
	sender->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_INTO(&sender->comm, task, group_leader, comm);
	kill_fill_parents(sender->parents, &sender->parent_count, task);
	sender_fill_levels(sender, task);
	program_fill(&sender->program, mm ? BPF_CORE_READ(mm, exe_file) : NULL);
}

SEC("raw_tp/signal_generate")
int sigkill_signal(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[2];
	struct ot_sigkill_record *record;

	if ((__u32)ctx->args[0] != SIGKILL || (__u32)ctx->args[4] != TRACE_SIGNAL_DELIVERED)
		return 0;
	/* one that may be the OOM killer's is in the other ring */
	if (ctx->args[1] == SEND_SIG_PRIV && !current_is_exiting())
		return 0;
	seen_count(OT_SEEN_SIGKILL, 1);
	record = no_room(OT_LOSS_SIGKILL) ? NULL
					  : bpf_ringbuf_reserve(&sigkills, sizeof(*record), 0);
	if (!record) {
		loss_count(OT_LOSS_SIGKILL, 1);
		return 0;
	}
	record->kill.type = OT_RECORD_SIGKILL;
	kill_fill(ctx, &record->kill, task, BPF_CORE_READ(task, mm));
	exec_argv_give(&record->kill);
	sender_fill(&record->sender, ctx->args[1]);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int sigkill_exec(struct bpf_raw_tracepoint_args *ctx)
{
	exec_argv_keep((struct task_struct *)ctx->args[0]);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
