/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Movers: compaction, migration and khugepaged free a page here and use another one there, and
 * neither gfp flags nor the freeing task tell. Within a mover's bracket the ledger therefore does
 * not forget the owner of a slot that closes: it is handed on to a slot the same kind of mover
 * fills. Where no such slot is known yet the owner waits in a queue (and is counted under its
 * account's [moved by the kernel]); where a slot is filled and no owner waits, the vacancy waits
 * (counted under nobody's [moved by the kernel]).
 *
 * With a period above 1 the page closed and the page filled are seldom both slots. But as many
 * slots are filled as are closed, on average, so owners and vacancies of one kind are handed out
 * first come, first served, across brackets. Pages nobody traced owns take part: otherwise their
 * new places would be given to somebody.
 */
#ifndef BPF_MOVERS_H
#define BPF_MOVERS_H

#include "bpf/kind.bpf.h"

#define MOVER_QUEUE_LEN 4096

/*
 * Tasks inside a bracket: tid -> how deep, a count for each kind of bracket. Compaction migrates,
 * and before 5.16 or so the kernel tells of a migration's end alone: that is not the end of the
 * compaction.
 */
#define BRACKET_COMPACTION 1U
#define BRACKET_MIGRATION (1U << 16)
#define BRACKET_DEPTH(unit) ((unit)*0xffffU)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} movers __weak SEC(".maps");

/* Of slots that closed: struct ot_entry; cell 0 is an owner nobody traces. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, MOVER_QUEUE_LEN);
	__type(value, __u64);
} owners_anon __weak SEC(".maps"), owners_shmem __weak SEC(".maps"),
	owners_file __weak SEC(".maps");

/* Blocks whose slot a mover filled. `any`: by an allocation, whose kind shows only later. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, MOVER_QUEUE_LEN);
	__type(value, __u64);
} vacancies_any __weak SEC(".maps"), vacancies_anon __weak SEC(".maps"),
	vacancies_shmem __weak SEC(".maps"), vacancies_file __weak SEC(".maps");

/* khugepaged is always a mover. Its pid: found by the recorder, or at its first collapse; or 0. */
__u32 khugepaged_tid __weak = 0;

static __always_inline bool mover_is_current(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	/* The idle task, in whose name interrupts free pages, has tid 0. */
	if (!tid)
		return false;
	if (tid == READ_ONCE(khugepaged_tid))
		return true;
	return READ_ONCE(movers_active) && bpf_map_lookup_elem(&movers, &tid);
}

/* A queue is chosen by code, not by pointer: the verifier wants to know each map. */
#define QUEUE_BY_KIND(operation, prefix, kind, value)                  \
	((kind) == OT_KIND_ANON    ? operation(&prefix##_anon, value)  \
	 : (kind) == OT_KIND_SHMEM ? operation(&prefix##_shmem, value) \
				   : operation(&prefix##_file, value))
#define QUEUE_PUSH(queue, value) \
	(no_room(OT_LOSS_MOVER_FULL) ? -1 : bpf_map_push_elem(queue, value, 0))

/* What a page that a mover frees was. OT_KIND_PENDING: nothing that movers move. */
static __always_inline __u32 mover_kind(struct page *page)
{
	unsigned long mapping = (unsigned long)BPF_CORE_READ(page, mapping);

	if (mapping & MAPPING_ANON)
		return OT_KIND_ANON;
	if (page_flag(page, PG_swapbacked))
		return OT_KIND_SHMEM;
	return page_flag(page, PG_uptodate) ? OT_KIND_FILE : OT_KIND_PENDING;
}

static __always_inline __u32 moved_cell(__u32 account)
{
	return cell_fixed(account, OT_FIXED_MOVED);
}

static __always_inline void owner_wait(struct ot_entry owner, __u32 kind)
{
	struct ot_cell *cell = cell_get(owner.cell);
	union entry_word value = {.entry = owner};

	if (cell)
		value.entry.generation = cell->generation;
	seen_count(OT_SEEN_MOVED, 1);
	if (QUEUE_BY_KIND(QUEUE_PUSH, owners, kind, &value.word)) {
		loss_count(OT_LOSS_MOVER_FULL, 1);
		return;
	}
	if (cell && owner.cell)
		cell_open_slots(moved_cell(cell->account), kind, 1, false);
}

/* Next waiting owner of this kind. False: none. An owner whose account has ended is nobody. */
static __always_inline bool owner_take(__u32 kind, struct ot_entry *ret_owner)
{
	struct ot_entry waiting = {.kind = kind}, nobody = {};
	union entry_word value = {};
	struct ot_account *account;
	struct ot_cell *cell;

	if (QUEUE_BY_KIND(bpf_map_pop_elem, owners, kind, &value.word))
		return false;
	seen_count(OT_DONE_MOVED, 1);
	*ret_owner = nobody;
	cell = cell_get(value.entry.cell);
	if (!cell || !value.entry.cell || (__u8)cell->generation != value.entry.generation)
		return true;
	waiting.cell = moved_cell(cell->account);
	cell_close_slot(waiting, false);
	account = bpf_map_lookup_elem(&accounts, &cell->account);
	if (!account || account->frozen_ns)
		return true;
	*ret_owner = value.entry;
	ret_owner->generation = 0;
	return true;
}

/* Makes `owner` the owner of the page in `place`. */
static __always_inline void hand_on(__u64 *place, struct ot_entry owner, __u32 kind)
{
	owner.kind = kind;
	if (!owner.cell) {
		*place = 0;
		return;
	}
	entry_store(place, owner);
	cell_open_slots(owner.cell, kind, 1, false);
}

/* Is the slot still as vacancy_fill() left it? Otherwise its page was freed meanwhile. */
static __always_inline bool vacancy_clear(__u64 *place)
{
	struct ot_entry entry = entry_load(place);

	if (entry.cell != moved_cell(OT_ACCOUNT_NOBODY))
		return false;
	cell_close_slot(entry, false);
	return true;
}

/* The next vacancy this kind of owner can take, as a ledger place; NULL: none. */
static __always_inline __u64 *vacancy_take(__u32 kind)
{
	__u64 block, *place;

	for (int tries = 0; tries < 4; tries++) {
		if (bpf_map_pop_elem(&vacancies_any, &block) &&
		    QUEUE_BY_KIND(bpf_map_pop_elem, vacancies, kind, &block))
			return NULL;
		seen_count(OT_DONE_MOVED, 1);
		place = ledger_entry(block);
		if (place && vacancy_clear(place))
			return place;
	}
	return NULL;
}

__noinline __weak int mover_push_vacancy(__u64 block, __u32 kind, __u32 unused)
{
	long error = kind == OT_KIND_PENDING ? QUEUE_PUSH(&vacancies_any, &block)
					     : QUEUE_BY_KIND(QUEUE_PUSH, vacancies, kind, &block);

	seen_count(OT_SEEN_MOVED, 1);
	if (error)
		loss_count(OT_LOSS_MOVER_FULL, 1);
	return 0;
}
DEFINE_SLOT_LOOP(mover_push_vacancies, mover_push_vacancy)

/* The slots of a block that a mover allocated, already opened under nobody's name. */
static __always_inline void mover_add_vacancy(__u64 frame, __u32 order, __u32 kind)
{
	mover_push_vacancies(frame >> period_shift, slot_count(frame, order), kind, 0);
}

/* Closes one slot under a mover: its owner takes a vacancy, or waits for one. */
__noinline __weak int mover_close_slot(__u64 block, __u32 kind, __u32 unused)
{
	__u64 *place = ledger_entry(block), *vacancy;
	struct ot_entry owner;

	if (!place)
		return 0;
	owner = entry_load(place);
	*place = 0;
	if (owner.cell == moved_cell(OT_ACCOUNT_NOBODY)) {
		cell_close_slot(owner, false);
		return 0;
	}
	if (owner.cell)
		cell_close_slot(owner, false);
	vacancy = vacancy_take(kind);
	if (vacancy)
		hand_on(vacancy, owner, kind);
	else
		owner_wait(owner, kind);
	return 0;
}
DEFINE_SLOT_LOOP(mover_close_slots, mover_close_slot)

/* A page freed within a bracket. False: not one that was moved, close it as usual. */
static __always_inline bool mover_close_page(struct page *page, __u64 frame, __u32 order)
{
	__u32 kind = mover_kind(page);

	if (kind == OT_KIND_PENDING)
		return false;
	mover_close_slots(frame >> period_shift, slot_count(frame, order), kind, 0);
	return true;
}

#endif
