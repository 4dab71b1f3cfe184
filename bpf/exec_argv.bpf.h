/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines of the programs that were executed last (--sigkills). Whoever is killed a moment
 * after it began is gone before the recorder has looked at it, and nobody else's memory can be read
 * when a signal is sent: so each process leaves its own as it executes. For sigkill.bpf.c.
 */
#ifndef BPF_EXEC_ARGV_H
#define BPF_EXEC_ARGV_H

#include "bpf/kill.bpf.h"

/* Whose it is comes first: that is written first, too, when a place is given to another. */
struct exec_argv {
	__u64 start_time_ns; /* of the process */
	__u32 bytes;
	__u32 reserved;
	char words[OT_KILL_ARGV];
};

/* tgid -> its command line; whose is oldest is forgotten. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct exec_argv);
} exec_argvs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_argv);
} exec_argv_space SEC(".maps");

/* Of who is running. */
static __always_inline void exec_argv_keep(struct task_struct *task)
{
	__u32 zero = 0, tgid = BPF_CORE_READ(task, tgid);
	struct exec_argv *argv = bpf_map_lookup_elem(&exec_argv_space, &zero);

	if (!argv)
		return;
	argv->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	argv->bytes = argv_read(argv->words, BPF_CORE_READ(task, mm));
	if (argv->bytes)
		bpf_map_update_elem(&exec_argvs, &tgid, argv, BPF_ANY);
}

/* The place may be given to another while it is read: then it is another's afterwards. */
static __always_inline void exec_argv_give(struct ot_kill_record *record)
{
	__u32 tgid = record->tgid, bytes;
	struct exec_argv *argv = bpf_map_lookup_elem(&exec_argvs, &tgid);

	if (!argv || record->argv_bytes)
		return;
	bytes = argv->bytes;
	bpf_probe_read_kernel(record->argv, sizeof(record->argv), argv->words);
	if (READ_ONCE(argv->start_time_ns) != record->start_time_ns || bytes > sizeof(record->argv))
		return;
	record->argv_bytes = bytes;
	record->flags |= OT_KILL_ARGV_BEFORE;
}

#endif
