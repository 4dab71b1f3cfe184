// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that work for the recorder rather than for an event: calibration and filling of queues
 * at the start, and settling of kinds before the ledger is read. The latter two are never attached
 * but run by BPF_PROG_TEST_RUN, on the CPU asked for. The scan is an iterator over all tasks.
 */
#include "bpf/kind.bpf.h"
#include "bpf/vma.bpf.h"

/* struct page * of the last order-0 page the recorder's thread allocated. */
__u64 calibration_page __weak = 0;

SEC("raw_tp/mm_page_alloc")
int calibrate(struct bpf_raw_tracepoint_args *ctx)
{
	if ((__u32)bpf_get_current_pid_tgid() == own_tid && ctx->args[1] == 0 &&
	    (ctx->args[2] & gfp_movable))
		calibration_page = ctx->args[0];
	return 0;
}

/*
 * The next number of a queue of what is free, and the end of all numbers. Filling the queues from
 * here takes a system call for each batch, and not one for each number: of cells there are tens of
 * thousands.
 */
__u32 fill_next __weak = 0;
__u32 fill_end __weak = 0;
__u32 fill_refused __weak = 0;
bool filling_accounts __weak = false;

__noinline __weak int fill_number(__u32 number)
{
	long error;

	if (number >= fill_end)
		return 0;
	if (filling_accounts)
		error = bpf_map_push_elem(&free_accounts, &number, 0);
	else
		error = bpf_map_push_elem(&free_cells, &number, 0);
	if (error)
		fill_refused++;
	return 0;
}

SEC("raw_tp")
int fill_batch(void *ctx)
{
	for (__u32 i = 0; i < OT_FILL_BATCH; i++)
		fill_number(fill_next + i);
	fill_next += OT_FILL_BATCH;
	return 0;
}

/* Settles the allocation this CPU has pending. */
SEC("raw_tp")
int settle_cpu(void *ctx)
{
	struct scratch *scratch = scratch_get();

	if (scratch && !scratch->busy)
		kind_settle(scratch);
	return 0;
}

__noinline __weak int settle_frame(__u32 index)
{
	__u64 *frame = bpf_map_lookup_elem(&settle_frames, &index);
	struct ot_entry entry;
	__u64 *place;
	__u32 kind;

	if (!frame || !*frame)
		return 0;
	place = ledger_entry(*frame >> period_shift);
	if (!place)
		return 0;
	entry = entry_load(place);
	if (!entry.cell || entry.kind != OT_KIND_PENDING)
		return 0;
	kind = kind_of_page(page_of_frame(*frame), entry.class);
	/* What is not movable and has no mapping even now is the kernel's own. */
	if (kind == OT_KIND_PENDING && entry.class == OT_CLASS_OTHER)
		kind = OT_KIND_KERNEL;
	if (kind != OT_KIND_PENDING)
		kind_resolve_slot(*frame >> period_shift, kind, entry.cell);
	return 0;
}

SEC("raw_tp")
int settle_batch(void *ctx)
{
	for (__u32 i = 0; i < OT_SETTLE_BATCH; i++)
		settle_frame(i);
	return 0;
}

/*
 * The first scan finds who is to be traced; later ones whoever no event has told of. Those are
 * adopted as soon as the recorder has read its accounts.
 */
static __always_inline void scan_decide(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	target_decide(leader, rule_chooses(leader));
}

/* Pages of anon that are worth an account: less than what sampling may be off by. */
#define ADOPT_PAGES 512

/* Host-wide, an account is opened when it is first used, or for what was there before. */
static __always_inline __u32 account_of_scanned(struct task_struct *task, struct mm_struct *mm)
{
	__u64 life = mm_life(mm);
	__u32 *known = bpf_map_lookup_elem(&account_index, &life);
	bool summed = false;

	if (known)
		return *known;
	if (!trace_all)
		return account_of_task(task, mm);
	if (!READ_ONCE(adopting) || mm_rss(mm, OT_RSS_ANON, &summed) < ADOPT_PAGES)
		return ACCOUNT_UNTRACED;
	return account_of_task(task, mm);
}

/*
 * Who uses which mm: an account whose mm no task uses any more has ended, whatever became of the
 * process that opened it. Targets get their account here if they have none yet: one that has not
 * allocated a slot may hold pages from before tracing, or inherited ones.
 */
SEC("iter/task")
int scan_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct ot_account *account;
	struct mm_struct *mm;
	__u32 number;

	if (!task)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	if (!mm || (BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return 0;
	if (choose_by != OT_CHOOSE_NOBODY)
		scan_decide(task);
	if (READ_ONCE(adopting) && !mm_life_is_address() && mm_life(mm) > adopting_last_life)
		adopting_last_life = mm_life(mm);
	number = account_of_scanned(task, mm);
	account = bpf_map_lookup_elem(&accounts, &number);
	if (!account || number <= OT_ACCOUNT_NOBODY)
		return 0;
	account->user_tid = BPF_CORE_READ(task, pid);
	account->cgroup = task_memory_cgroup(task);
	WRITE_ONCE(account->scan, READ_ONCE(scan_number));
	if (READ_ONCE(adopting) && account->joined == OT_JOINED_NOTHING)
		account->joined = OT_JOINED_WAITS;
	return 0;
}

/* An address of the recorder's own, and what is mapped there. */
__u64 code_asked __weak = 0;
struct ot_code_area code_answer __weak = {};

/* How the kernel tells a file apart: the recorder has it mapped, and runs this itself. */
SEC("raw_tp")
int code_key(void *ctx)
{
	struct vma_space *space = vma_space_get(VMA_RECORDER);

	code_answer = (struct ot_code_area){};
	if (space && !vma_find(VMA_RECORDER, code_asked))
		code_answer = space->area;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
