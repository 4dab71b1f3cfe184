// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which stack reserved which addresses. Two hooks, both silent in any system call that leaves the
 * mappings alone: maple_tree:ma_write tells of each range stored in the tree of mappings, whatever
 * the system call, and mmap_lock:mmap_lock_released that a change is complete. docs/performance.md
 * has what else there was, and what it cost. Attached for --virtual only, never for a whole host.
 *
 * Only the current task's own address space is looked at: exec, fork and exit build up and tear
 * down others, which are read from /proc when they are somebody's.
 */
#include "bpf/cell.bpf.h"

/* In a ring of its own: a program that maps and unmaps without end must not cost a stack. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the recorder */
} mapping_records SEC(".maps");

/* What was last told of an account's address space. */
struct told {
	__u64 total_pages;
	__u64 unfinished; /* a change was told, its completion was not */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set by the recorder */
	__type(key, __u32);
	__type(value, struct told);
} mappings_told SEC(".maps");

/* Numbers of the system calls that may unmap without a record of the range. */
const volatile __u64 call_munmap = 0, call_mremap = 0;
/* Wake the recorder when this much waits; until then its own clock does. */
const volatile __u64 mapping_wake_bytes = 0;

static __always_inline __u32 cell_of_mapping(void *ctx, struct mm_struct *mm, __u32 account)
{
	const struct stack_parts parts = {
		.owner = STACK_OF_MAPPING,
		.user = stack_record_get(STACK_OF_MAPPING),
	};

	if (!parts.user || mm_is_loading(mm))
		return cell_fixed(account, OT_FIXED_NO_STACK);
	return cell_of_stack(ctx, &parts, account, true);
}

static __always_inline void mapping_send(struct ot_mapping_record *record)
{
	bool full = bpf_ringbuf_query(&mapping_records, BPF_RB_AVAIL_DATA) >= mapping_wake_bytes;

	seen_count(OT_SEEN_MAPPING, 1);
	record->type = OT_RECORD_MAPPING;
	if (no_room(OT_LOSS_MAPPING) ||
	    bpf_ringbuf_output(&mapping_records, record, sizeof(*record),
			       full ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		loss_count(OT_LOSS_MAPPING, 1);
}

/* The account whose address space the current task may change; ACCOUNT_UNTRACED: none. */
static __always_inline __u32 account_of_current(struct mm_struct *mm)
{
	__u32 account = account_of_task((void *)bpf_get_current_task(), mm);

	return account == OT_ACCOUNT_NOBODY ? ACCOUNT_UNTRACED : account;
}

/* The current task's address space; NULL also when it cannot be a target's. */
static __always_inline struct mm_struct *current_mm(void)
{
	if (!may_be_target(bpf_get_current_pid_tgid() >> 32))
		return NULL;
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm);
}

/* A pointer to a vm_area_struct; a tree may also hold marks, tagged in the low bits. */
static __always_inline bool is_mark(__u64 value)
{
	return value & 3;
}

SEC("raw_tp/ma_write")
int mapping_stored(struct bpf_raw_tracepoint_args *ctx)
{
	struct ma_state *state = (struct ma_state *)ctx->args[1];
	struct mm_struct *mm = current_mm();
	struct ot_mapping_record record = {};
	__u64 value = ctx->args[3];
	struct told *told;

	if (!mm || is_mark(value) || !is_write_to_mm(state, mm))
		return 0;
	record.account = account_of_current(mm);
	if (record.account == ACCOUNT_UNTRACED)
		return 0;
	record.start = BPF_CORE_READ(state, index);
	record.end = BPF_CORE_READ(state, last) + 1;
	record.change = value ? OT_MAPPING_STORED : OT_MAPPING_CLEARED;
	syscall_read(&record.call);
	if (value)
		record.cell = cell_of_mapping(ctx, mm, record.account);
	told = bpf_map_lookup_elem(&mappings_told, &record.account);
	if (told)
		told->unfinished = 1;
	mapping_send(&record);
	return 0;
}

/*
 * A call that may unmap always tells of its end: as it gives the lock back as a reader, another one
 * may have told of the new total before it.
 */
static __always_inline bool has_news(const struct told *told,
				     const struct ot_mapping_record *record)
{
	return told->unfinished || told->total_pages != record->total_pages ||
	       record->call.number == call_munmap || record->call.number == call_mremap;
}

/* Readers' releases count, too: munmap() gives the lock back as one. */
SEC("raw_tp/mmap_lock_released")
int mapping_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct mm_struct *mm = (struct mm_struct *)ctx->args[0];
	struct ot_mapping_record record = {.change = OT_MAPPING_DONE};
	struct told *told;

	/* Guards the helpers that kernels without a tree of mappings do not have, either. */
	if (!mm || mm != current_mm() || !bpf_core_field_exists(mm->mm_mt))
		return 0;
	record.account = account_of_current(mm);
	if (record.account == ACCOUNT_UNTRACED)
		return 0;
	told = bpf_map_lookup_elem(&mappings_told, &record.account);
	record.total_pages = BPF_CORE_READ(mm, total_vm);
	syscall_read(&record.call);
	if (!told || !has_news(told, &record))
		return 0;
	told->unfinished = 0;
	told->total_pages = record.total_pages;
	mapping_send(&record);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
