// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/hooks.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/sysroot.h"
#include "capture/testing.h"

const struct hook hooks[] = {
	{.need = "pages allocated",
	 .program = "page_alloc",
	 .tracepoint = "kmem/mm_page_alloc",
	 .by_perf = true,
	 .required = true},
	{.need = "pages freed",
	 .program = "page_free",
	 .tracepoint = "kmem/mm_page_free",
	 .by_perf = true,
	 .required = true},
	{.need = "compaction begins",
	 .program = "compaction_begin",
	 .tracepoint = "compaction/mm_compaction_begin",
	 .without = "pages moved by compaction lose their stack"},
	{.need = "compaction ends",
	 .program = "compaction_end",
	 .tracepoint = "compaction/mm_compaction_end",
	 .without = "pages moved by compaction lose their stack"},
	{.need = "pages put in a new place",
	 .program = "lru_insertion",
	 .tracepoint = "pagemap/mm_lru_insertion",
	 .use = HOOK_ON_DEMAND,
	 .without = "pages moved by compaction lose their stack"},
	{.need = "migration begins",
	 .program = "migrate_begin",
	 .tracepoint = "migrate/mm_migrate_pages_start",
	 .without = "pages moved between NUMA nodes are counted for who moved them"},
	{.need = "migration ends",
	 .program = "migrate_end",
	 .tracepoint = "migrate/mm_migrate_pages",
	 .without = "pages moved between NUMA nodes are counted for who moved them"},
	{.need = "huge page collapsed",
	 .program = "collapse_huge_page",
	 .tracepoint = "huge_memory/mm_collapse_huge_page",
	 .without = "pages collapsed by khugepaged lose their stack"},
	{.need = "huge file page collapsed",
	 .program = "collapse_file",
	 .tracepoint = "huge_memory/mm_khugepaged_collapse_file",
	 .without = "file pages collapsed by khugepaged lose their stack"},
	{.need = "process forked",
	 .program = "process_fork",
	 .tracepoint = "sched/sched_process_fork",
	 .required = true},
	{.need = "program executed",
	 .program = "process_exec",
	 .tracepoint = "sched/sched_process_exec",
	 .required = true},
	{.need = "process exited",
	 .program = "process_exit",
	 .tracepoint = "sched/sched_process_exit",
	 .required = true},
	{.need = "process renamed",
	 .program = "process_rename",
	 .tracepoint = "task/task_rename",
	 .use = HOOK_FOR_NAMES,
	 .without = "processes that take the name later are found at the next snapshot"},
	{.need = "process moved to a cgroup",
	 .program = "process_move",
	 .tracepoint = "cgroup/cgroup_attach_task",
	 .use = HOOK_FOR_CGROUPS,
	 .without = "processes that move in are found at the next snapshot"},
	{.need = "SIGKILL sent",
	 .program = "kill_signal",
	 .tracepoint = "signal/signal_generate",
	 .without = "what a killed process held is that of its teardown, not of its kill"},
	{.need = "OOM victim chosen",
	 .program = "kill_mark",
	 .tracepoint = "oom/mark_victim",
	 .use = HOOK_FOR_KILLS,
	 .without = "OOM kills are not seen"},
	{.need = "OOM victim chosen: why",
	 .program = "kill_choice",
	 .tracepoint = "kprobe/oom_kill_process",
	 .use = HOOK_FOR_KILLS,
	 .kind = HOOK_FUNCTION,
	 .without = "why the kernel kills is known where its log tells, which it does ten times in "
		    "five seconds"},
	{.need = "SIGKILL sent by others",
	 .program = "sigkill_signal",
	 .tracepoint = "signal/signal_generate",
	 .use = HOOK_FOR_SIGKILLS,
	 .without = "only the kernel's own SIGKILLs are seen"},
	{.need = "command lines",
	 .program = "sigkill_exec",
	 .tracepoint = "sched/sched_process_exec",
	 .use = HOOK_FOR_SIGKILLS,
	 .without = "who is killed a moment after it began may have no command line"},
	{.need = "addresses mapped",
	 .program = "mapping_stored",
	 .tracepoint = "maple_tree/ma_write",
	 .use = HOOK_FOR_MAPPINGS,
	 .without = "mappings have no stack"},
	/* Up to 6.13 it came with the path of the cgroup, which cost far more than the event. */
	{.need = "mappings changed",
	 .program = "mapping_done",
	 .tracepoint = "mmap_lock/mmap_lock_released",
	 .use = HOOK_FOR_MAPPINGS,
	 .without = "what is unmapped between two mappings is seen at the end",
	 .argument_count = 2},
};
const size_t hook_count = sizeof(hooks) / sizeof(hooks[0]);
_Static_assert(sizeof(hooks) / sizeof(hooks[0]) <= HOOKS_MAX, "whoever keeps one of each has room");

const char *hook_event(const struct hook *hook)
{
	return strchr(hook->tracepoint, '/') + 1;
}

/* The kernel keeps a tracepoint's arguments as those of a function, behind one of its own. */
static uint32_t argument_count(const struct btf *btf, uint32_t typedef_id)
{
	const struct btf_type *pointer =
		btf__type_by_id(btf, btf__type_by_id(btf, typedef_id)->type);
	const struct btf_type *function = btf__type_by_id(btf, pointer->type);

	return btf_vlen(function) - 1;
}

/* The kernel offers them to perf, through which libbpf attaches. */
static bool has_kprobes(const struct sysroot *root)
{
	return faccessat(root->sys_fd, "bus/event_source/devices/kprobe", F_OK, 0) == 0;
}

bool hook_exists(const struct hook *hook, const struct sysroot *root, const struct btf *btf)
{
	char name[96];
	int id;

	if (!btf)
		return false;
	if (hook->kind == HOOK_FUNCTION)
		return !testing_tracepoints_only() && has_kprobes(root) &&
		       btf__find_by_name_kind(btf, hook_event(hook), BTF_KIND_FUNC) > 0;
	snprintf(name, sizeof(name), "btf_trace_%s", hook_event(hook));
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id <= 0)
		return false;
	return !hook->argument_count || argument_count(btf, id) == hook->argument_count;
}
