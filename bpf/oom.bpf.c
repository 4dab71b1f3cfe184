// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * OOM kills: signal:signal_generate is where the victim's memory is still whole, oom:mark_victim
 * tells which of these signals were the OOM killer's. Between them nothing is freed.
 *
 * Whoever shares the victim's mm gets the same signal and no mark; members of a cgroup that is
 * killed as a whole get both. What belongs together is found by the recorder: they have the trigger
 * in common, the task that asked for memory and in whose context all of this runs.
 */
#include "bpf/kill.bpf.h"
#include "bpf/oom_cause.bpf.h"

/* It is taken where stacks are, and copied as it is. */
static __always_inline void kill_fill_stack(void *ctx, struct ot_kill_record *record)
{
	struct ot_stack_record *taken = stack_record_get(STACK_OF_KILL);

	if (!taken)
		return;
	taken->flags = 0;
	stack_capture(ctx, STACK_OF_KILL, taken);
	bpf_probe_read_kernel(&record->trigger_stack, sizeof(record->trigger_stack), taken);
}

static __always_inline void kill_announce(void *ctx, struct task_struct *task, struct mm_struct *mm)
{
	struct ot_kill_record *record =
		no_room(OT_LOSS_KILL) ? NULL : bpf_ringbuf_reserve(&kills, sizeof(*record), 0);

	seen_count(OT_SEEN_KILL, 1);
	if (!record) {
		loss_count(OT_LOSS_KILL, 1);
		return;
	}
	record->type = OT_RECORD_KILL;
	kill_fill(ctx, record, task, mm);
	kill_cause_give(record);
	if (BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm))
		kill_fill_stack(ctx, record);
	bpf_ringbuf_submit(record, 0);
}

/*
 * Anybody's SIGKILL freezes, unless somebody else uses the same memory and goes on: a shell's child
 * that has not yet executed anything must not freeze the shell. The OOM killer kills all of them.
 */
static __always_inline bool kill_is_of_all_users(struct task_struct *task, struct mm_struct *mm)
{
	return BPF_CORE_READ(mm, mm_users.counter) <= BPF_CORE_READ(task, signal, nr_threads);
}

SEC("raw_tp/signal_generate")
int kill_signal(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx->args[2];
	bool by_kernel = ctx->args[1] == SEND_SIG_PRIV;
	struct mm_struct *mm;

	if ((__u32)ctx->args[0] != SIGKILL || (__u32)ctx->args[4] == TRACE_SIGNAL_IGNORED)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	if (mm && (by_kernel || kill_is_of_all_users(task, mm)))
		account_freeze(account_find(mm_life(mm)));
	if (by_kernel && watch_kills && !current_is_exiting())
		kill_announce(ctx, task, mm);
	return 0;
}

SEC("kprobe/oom_kill_process")
int kill_choice(struct pt_regs *ctx)
{
	kill_cause_take((struct oom_control *)call_argument(ctx));
	return 0;
}

SEC("raw_tp/mark_victim")
int kill_mark(struct bpf_raw_tracepoint_args *ctx)
{
	struct ot_mark_record *record =
		no_room(OT_LOSS_KILL) ? NULL : bpf_ringbuf_reserve(&kills, sizeof(*record), 0);

	seen_count(OT_SEEN_KILL, 1);
	if (!record) {
		loss_count(OT_LOSS_KILL, 1);
		return 0;
	}
	record->type = OT_RECORD_MARK;
	record->tid = marked_tid(ctx->args[0]);
	record->trigger_tid = bpf_get_current_pid_tgid();
	record->reserved = 0;
	record->time_ns = bpf_ktime_get_ns();
	bpf_ringbuf_submit(record, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
