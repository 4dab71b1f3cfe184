// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page ledger's two hooks: kmem:mm_page_alloc opens entries, kmem:mm_page_free closes them,
 * whoever frees and however. For a page that is no slot each is a multiply, a shift and a compare.
 */
#include "bpf/curve.bpf.h"
#include "bpf/movers.bpf.h"
#include "bpf/page_event.bpf.h"

static __always_inline __u32 class_of_gfp(__u32 gfp)
{
	if (gfp & gfp_movable)
		return OT_CLASS_MOVABLE;
	return gfp & gfp_account ? OT_CLASS_ACCOUNT : OT_CLASS_OTHER;
}

/* The slot gets the entry in scratch->opening, which may be empty. */
__noinline __weak int ledger_open_slot(__u64 block, __u32 unused, __u32 unused_too)
{
	struct scratch *scratch = scratch_get();

	return scratch ? entry_replace(block, scratch->opening) : 0;
}
DEFINE_SLOT_LOOP(ledger_open_slots, ledger_open_slot)

static __always_inline void page_open(void *ctx, struct scratch *scratch,
				      const struct page_event *event)
{
	__u64 frame = event->frame;
	__u32 order = event->order;
	__u32 class = class_of_gfp(event->gfp);
	struct ot_entry *opening = &scratch->opening;
	bool moving = class == OT_CLASS_MOVABLE && mover_is_current();
	__u32 opened;

	kind_settle(scratch);
	opening->cell = moving ? cell_fixed(OT_ACCOUNT_NOBODY, OT_FIXED_MOVED)
			       : cell_of_allocation(ctx, scratch, class, event->gfp);
	opening->kind = class == OT_CLASS_ACCOUNT ? OT_KIND_KERNEL : OT_KIND_PENDING;
	opening->class = class;
	opening->order = order;
	opening->generation = 0;
	if (!opening->cell)
		*(__u64 *)opening = 0;
	opened = ledger_open_slots(frame >> period_shift, slot_count(frame, order), 0, 0);
	if (!opening->cell)
		return;
	seen_count(OT_SEEN_SLOT, slot_count(frame, order));
	if (!opened)
		return;
	cell_open_slots(opening->cell, opening->kind, opened, !moving);
	if (watch_kills && !moving)
		curve_look(scratch, opening->cell, opened);
	if (moving) {
		seen_count(OT_DONE_FILLED, opened);
		mover_add_vacancy(frame, order, OT_KIND_PENDING);
	} else if (opening->kind == OT_KIND_PENDING) {
		scratch->pending.page = (__u64)page_of_frame(frame);
		scratch->pending.frame = frame;
		scratch->pending.order = order;
		scratch->pending.cell = opening->cell;
	}
}

SEC("raw_tp/mm_page_alloc")
int page_alloc(void *ctx)
{
	struct page_event event = page_allocated(ctx);
	struct scratch *scratch;

	if (!event.has_page) {
		seen_count(OT_SEEN_ALLOCATION, 1);
		loss_count(OT_LOSS_NULL_PAGE, 1);
		return 0;
	}
	if (!slot_count(event.frame, event.order))
		return 0;
	seen_count(OT_SEEN_ALLOCATION, 1);
	scratch = scratch_get();
	if (!scratch)
		return 0;
	/* Kernels before 5.15 do not keep a program from interrupting itself. */
	if (scratch->busy || no_room(OT_LOSS_NESTED)) {
		loss_count(OT_LOSS_NESTED, 1);
		return 0;
	}
	scratch->busy = 1;
	page_open(ctx, scratch, &event);
	scratch->busy = 0;
	seen_count(OT_DONE_ALLOCATION, 1);
	return 0;
}

__noinline __weak int ledger_close_slot(__u64 block, __u32 unused, __u32 unused_too)
{
	__u64 *place = ledger_entry(block);
	struct ot_entry entry, empty = {};

	if (!place)
		return 0;
	entry = entry_load(place);
	if (!entry.cell)
		return 0;
	entry_store(place, empty);
	cell_close_slot(entry, true);
	return 1;
}
DEFINE_SLOT_LOOP(ledger_close_slots, ledger_close_slot)

SEC("raw_tp/mm_page_free")
int page_free(void *ctx)
{
	struct page_event event = page_freed(ctx);
	__u32 slots = slot_count(event.frame, event.order);

	if (!slots)
		return 0;
	if (mover_is_current() &&
	    mover_close_page(page_of_frame(event.frame), event.frame, event.order))
		return 0;
	ledger_close_slots(event.frame >> period_shift, slots, 0, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
