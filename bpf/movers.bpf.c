// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The movers' brackets, and the pages they put in new places. movers.bpf.h has the idea.
 */
#include "bpf/movers.bpf.h"

/* Asks the recorder to attach lru_insertion: a tax on every page fault, too dear to be there
 * always. */
static __always_inline void lru_request(void)
{
	struct ot_mover_record record = {.type = OT_RECORD_MOVER};

	movers_last_ns = bpf_ktime_get_ns();
	if (READ_ONCE(lru_attached))
		return;
	seen_count(OT_SEEN_PROCESS, 1);
	if (bpf_ringbuf_output(&records, &record, sizeof(record), 0))
		loss_count(OT_LOSS_PROCESS_EVENT, 1);
}

static __always_inline int bracket_begin(__u32 unit)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u32 *depth = bpf_map_lookup_elem(&movers, &tid);

	lru_request();
	if (depth) {
		*depth += unit;
		return 0;
	}
	if (bpf_map_update_elem(&movers, &tid, &unit, BPF_NOEXIST) == 0) {
		__sync_fetch_and_add(&movers_active, 1);
		return 0;
	}
	seen_count(OT_SEEN_MOVED, 1);
	loss_count(OT_LOSS_MOVER_FULL, 1);
	return 0;
}

/* An end without a begin of its kind belongs to a bracket that was open when we attached, or is
 * told alone. */
static __always_inline int bracket_end(__u32 unit)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u32 *depth = bpf_map_lookup_elem(&movers, &tid);

	if (!depth || !(*depth & BRACKET_DEPTH(unit)))
		return 0;
	if (*depth != unit) {
		*depth -= unit;
		return 0;
	}
	if (bpf_map_delete_elem(&movers, &tid) == 0)
		__sync_fetch_and_add(&movers_active, -1);
	return 0;
}

SEC("raw_tp/mm_compaction_begin")
int compaction_begin(void *ctx)
{
	return bracket_begin(BRACKET_COMPACTION);
}

SEC("raw_tp/mm_compaction_end")
int compaction_end(void *ctx)
{
	return bracket_end(BRACKET_COMPACTION);
}

SEC("raw_tp/mm_migrate_pages_start")
int migrate_begin(void *ctx)
{
	return bracket_begin(BRACKET_MIGRATION);
}

SEC("raw_tp/mm_migrate_pages")
int migrate_end(void *ctx)
{
	return bracket_end(BRACKET_MIGRATION);
}

/*
 * One slot of a page that a mover put on the LRU. A slot that has an entry was there before: LRU
 * insertions come in batches, and a batch may hold pages from before the bracket.
 */
__noinline __weak int mover_fill_slot(__u64 block, __u32 kind, __u32 order)
{
	struct ot_entry owner, vacancy = {.kind = kind, .class = OT_CLASS_MOVABLE, .order = order};
	__u64 *place = ledger_entry(block);

	if (!place || entry_load(place).cell)
		return 0;
	if (owner_take(kind, &owner)) {
		hand_on(place, owner, kind);
		return 0;
	}
	vacancy.cell = moved_cell(OT_ACCOUNT_NOBODY);
	entry_store(place, vacancy);
	cell_open_slots(vacancy.cell, kind, 1, false);
	return mover_push_vacancy(block, kind, 0);
}
DEFINE_SLOT_LOOP(mover_fill_slots, mover_fill_slot)

SEC("raw_tp/mm_lru_insertion")
int lru_insertion(struct bpf_raw_tracepoint_args *ctx)
{
	struct page *page = (struct page *)ctx->args[0];
	__u32 kind, order, slots;
	__u64 frame;

	if (!READ_ONCE(movers_active) || !mover_is_current())
		return 0;
	frame = frame_of_page((__u64)page);
	order = page_order(page);
	slots = slot_count(frame, order);
	if (!slots)
		return 0;
	kind = kind_of_page(page, OT_CLASS_MOVABLE);
	if (kind == OT_KIND_PENDING || kind == OT_KIND_KERNEL)
		return 0;
	mover_fill_slots(frame >> period_shift, slots, kind, order);
	return 0;
}

/*
 * The end of one collapse. What is vacant in the huge page beyond the small pages it replaced was
 * zero-filled for this mm: its account owns it, by no author.
 */
__noinline __weak int collapse_drain_one(__u32 account)
{
	struct ot_entry owner = {.class = OT_CLASS_MOVABLE, .order = OT_HUGE_ORDER};
	__u64 block, *place;

	if (bpf_map_pop_elem(&vacancies_any, &block))
		return 0;
	seen_count(OT_DONE_MOVED, 1);
	place = ledger_entry(block);
	if (place && vacancy_clear(place)) {
		owner.cell = account ? moved_cell(account) : 0;
		hand_on(place, owner, OT_KIND_ANON);
	}
	return 1;
}

/* Two loops, as in DEFINE_SLOT_LOOP. 0: nothing is left. */
__noinline __weak int collapse_drain_some(__u32 account)
{
	for (__u32 i = 0; i < SLOTS_AT_ONCE; i++)
		if (!collapse_drain_one(account))
			return 0;
	return 1;
}

static __always_inline int collapse_end(__u32 account)
{
	for (__u32 i = 0; i < MAX_SLOTS / SLOTS_AT_ONCE; i++)
		if (!collapse_drain_some(account))
			break;
	return 0;
}

SEC("raw_tp/mm_collapse_huge_page")
int collapse_huge_page(struct bpf_raw_tracepoint_args *ctx)
{
	struct mm_struct *mm = (struct mm_struct *)ctx->args[0];
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 life = mm_life(mm);
	__u32 *account = bpf_map_lookup_elem(&account_index, &life);

	if (BPF_CORE_READ(task, mm))
		return 0; /* MADV_COLLAPSE: allocated, and owned, by the caller */
	if (!khugepaged_tid)
		khugepaged_tid = bpf_get_current_pid_tgid();
	return collapse_end(account ? *account : 0);
}

SEC("raw_tp/mm_khugepaged_collapse_file")
int collapse_file(void *ctx)
{
	return collapse_end(0);
}

char LICENSE[] SEC("license") = "GPL";
