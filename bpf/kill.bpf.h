/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a SIGKILL's record says: who is killed, what it holds, which cgroups it is in, and who was
 * running. Shared by the programs of oom.bpf.c and sigkill.bpf.c; each sends it into a ring of its
 * own.
 */
#ifndef BPF_KILL_H
#define BPF_KILL_H

#include "bpf/account.bpf.h"
#include "bpf/kernel_stack.bpf.h"

#define SIGKILL 9
/* include/linux/signal.h: instead of a siginfo; the second where the kernel itself sends it. */
#define SEND_SIG_NOINFO 0
#define SEND_SIG_PRIV 1

/* include/trace/events/signal.h: the first process of a pid namespace cannot be killed from inside.
 */
#define TRACE_SIGNAL_IGNORED 1

static __always_inline void kill_fill_level(struct ot_kill_level *level,
					    struct cgroup_subsys_state *css)
{
	struct mem_cgroup *memcg = (void *)css - bpf_core_field_offset(struct mem_cgroup, css);

	level->id = BPF_CORE_READ(css, cgroup, kn, id);
	level->usage = BPF_CORE_READ(memcg, memory.usage.counter);
	level->max = BPF_CORE_READ(memcg, memory.max);
	level->watermark = BPF_CORE_READ(memcg, memory.watermark);
	level->swap = BPF_CORE_READ(memcg, swap.usage.counter);
	level->oom_group = BPF_CORE_READ(memcg, oom_group);
	level->reserved = 0;
	level->name[0] = 0;
	bpf_probe_read_kernel_str(level->name, sizeof(level->name),
				  BPF_CORE_READ(css, cgroup, kn, name));
}

static __always_inline void kill_fill_levels(struct ot_kill_record *record,
					     struct task_struct *task)
{
	struct cgroup_subsys_state *css = task_css(task, false);

	record->level_count = 0;
#pragma unroll
	for (int i = 0; i < OT_KILL_LEVELS; i++) {
		if (!css)
			return;
		kill_fill_level(&record->levels[i], css);
		record->level_count = i + 1;
		css = BPF_CORE_READ(css, parent);
	}
	if (css)
		record->flags |= OT_KILL_CHAIN_CUT;
}

static __always_inline void kill_fill_parents(struct ot_kill_parent parents[OT_KILL_PARENTS],
					      __u32 *ret_count, struct task_struct *task)
{
	*ret_count = 0;
#pragma unroll
	for (int i = 0; i < OT_KILL_PARENTS; i++) {
		task = BPF_CORE_READ(task, real_parent);
		parents[i].pid = BPF_CORE_READ(task, tgid);
		if (!parents[i].pid)
			return;
		BPF_CORE_READ_INTO(&parents[i].comm, task, group_leader, comm);
		*ret_count = i + 1;
	}
}

/* Only in the context of the process itself: nobody else's memory can be read from here. */
static __always_inline __u32 argv_read(char words[OT_KILL_ARGV], struct mm_struct *mm)
{
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 bytes = BPF_CORE_READ(mm, arg_end) - start;

	if (mm != BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm))
		return 0;
	if (bytes > OT_KILL_ARGV)
		bytes = OT_KILL_ARGV;
	asm volatile("" : "+r"(bytes));
	if (bytes > OT_KILL_ARGV || bpf_probe_read_user(words, bytes, (void *)start))
		return 0;
	return bytes;
}

static __always_inline void program_fill(struct ot_program_path *program, struct file *file)
{
	struct dentry *dentry = file ? BPF_CORE_READ(file, f_path.dentry) : NULL, *parent;

	program->count = program->cut = 0;
	for (int i = 0; i < OT_PROGRAM_DEPTH; i++) {
		parent = dentry ? BPF_CORE_READ(dentry, d_parent) : NULL;
		if (!parent || parent == dentry)
			return;
		bpf_probe_read_kernel_str(program->names[i], OT_PROGRAM_NAME,
					  BPF_CORE_READ(dentry, d_name.name));
		program->count = i + 1;
		dentry = parent;
	}
	program->cut = dentry && BPF_CORE_READ(dentry, d_parent) != dentry;
}

static __always_inline void kill_fill_memory(struct ot_kill_record *record, struct mm_struct *mm)
{
	bool summed = false;

	record->life = mm_life(mm);
	record->account = account_find(record->life);
	record->mm_users = BPF_CORE_READ(mm, mm_users.counter);
	record->page_table_bytes = BPF_CORE_READ(mm, pgtables_bytes.counter);
	record->peak_pages = BPF_CORE_READ(mm, hiwater_rss);
	record->rss_pages[OT_RSS_FILE] = mm_rss(mm, OT_RSS_FILE, &summed);
	record->rss_pages[OT_RSS_ANON] = mm_rss(mm, OT_RSS_ANON, &summed);
	record->rss_pages[OT_RSS_SWAP] = mm_rss(mm, OT_RSS_SWAP, &summed);
	record->rss_pages[OT_RSS_SHMEM] = mm_rss(mm, OT_RSS_SHMEM, &summed);
	if (summed)
		record->flags |= OT_KILL_RSS_SUMMED;
	record->mapped_pages[OT_MAPPED_ALL] = BPF_CORE_READ(mm, total_vm);
	record->mapped_pages[OT_MAPPED_DATA] = BPF_CORE_READ(mm, data_vm);
	record->mapped_pages[OT_MAPPED_STACK] = BPF_CORE_READ(mm, stack_vm);
	record->mapped_pages[OT_MAPPED_EXEC] = BPF_CORE_READ(mm, exec_vm);
	program_fill(&record->program, BPF_CORE_READ(mm, exe_file));
}

static __always_inline void kill_fill_process(struct ot_kill_record *record,
					      struct task_struct *task)
{
	record->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record->tgid = BPF_CORE_READ(task, tgid);
	record->tid = BPF_CORE_READ(task, pid);
	record->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	record->uid = BPF_CORE_READ(task, real_cred, uid.val);
	record->threads = BPF_CORE_READ(task, signal, nr_threads);
	record->oom_score_adj = BPF_CORE_READ(task, signal, oom_score_adj);
	BPF_CORE_READ_INTO(&record->comm, task, group_leader, comm);
}

static __always_inline void kill_fill_trigger(void *ctx, struct ot_kill_record *record)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct cgroup_subsys_state *css = task_css(task, false);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	record->trigger_tgid = bpf_get_current_pid_tgid() >> 32;
	record->trigger_tid = bpf_get_current_pid_tgid();
	record->trigger_cgroup = BPF_CORE_READ(css, cgroup, kn, id);
	record->trigger_account = mm ? account_find(mm_life(mm)) : 0;
	bpf_get_current_comm(record->trigger_comm, sizeof(record->trigger_comm));
	record->trigger_stack.frame_count = record->trigger_stack.flags = 0;
	kernel_stack_capture(ctx, &record->trigger_kernel_stack);
}

/* Everything but the stack of whoever was running. */
static __always_inline void kill_fill(void *ctx, struct ot_kill_record *record,
				      struct task_struct *task, struct mm_struct *mm)
{
	record->flags = 0;
	record->time_ns = bpf_ktime_get_ns();
	record->life = record->account = 0;
	record->argv_bytes = 0;
	record->program.count = 0;
	kill_fill_process(record, task);
	if (mm) {
		kill_fill_memory(record, mm);
		record->argv_bytes = argv_read(record->argv, mm);
	}
	kill_fill_levels(record, task);
	kill_fill_parents(record->parents, &record->parent_count, task);
	kill_fill_trigger(ctx, record);
}

/*
 * Who ends sends the kernel's own signals, too: the first process of a pid namespace kills the
 * others. The OOM killer lets whoever ends go on, and kills nobody for it (mm/oom_kill.c,
 * out_of_memory(), and mm/memcontrol.c, mem_cgroup_out_of_memory()).
 */
static __always_inline bool current_is_exiting(void)
{
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), flags) & PF_EXITING;
}

#endif
