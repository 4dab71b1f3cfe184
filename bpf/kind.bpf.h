/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kinds: what an allocated page became. Nobody knows at the allocation; page->mapping does a moment
 * later. So each CPU keeps its last sampled allocation in mind and looks again at the next one, and
 * the recorder has what is left looked at before it reads the ledger.
 */
#ifndef BPF_KIND_H
#define BPF_KIND_H

#include "bpf/ledger.bpf.h"

/*
 * A mapping whose inode agrees that it is its mapping. Only asked of pages that are not movable:
 * slab keeps other things in the same word.
 */
static __always_inline bool mapping_is_sane(unsigned long mapping)
{
	struct address_space *space = (void *)mapping;
	struct inode *host = BPF_CORE_READ(space, host);

	return host && (unsigned long)BPF_CORE_READ(host, i_mapping) == mapping;
}

/* What `page` is now; OT_KIND_PENDING while it is nothing yet. */
static __always_inline __u32 kind_of_page(struct page *page, __u32 class)
{
	unsigned long mapping;

	page = page_head(page);
	mapping = (unsigned long)BPF_CORE_READ(page, mapping);
	if (!mapping)
		return OT_KIND_PENDING;
	if (class == OT_CLASS_OTHER && !mapping_is_sane(mapping))
		return OT_KIND_KERNEL;
	if (mapping & MAPPING_ANON)
		return OT_KIND_ANON;
	if (mapping & MAPPING_OTHER)
		return OT_KIND_KERNEL;
	return page_flag(page, PG_swapbacked) ? OT_KIND_SHMEM : OT_KIND_FILE;
}

/*
 * Gives the slot of `block` its kind if it is still pending. The byte store may race with a free:
 * then the empty entry has a kind, which means nothing, and one count sits under the wrong kind.
 */
__noinline __weak int kind_resolve_slot(__u64 block, __u32 kind, __u32 cell)
{
	__u64 *place = ledger_entry(block);
	struct ot_cell *counters = cell_get(cell);
	struct ot_account *account;
	struct ot_entry entry;

	if (!place || !counters)
		return 0;
	entry = entry_load(place);
	if (entry.cell != cell || entry.kind != OT_KIND_PENDING)
		return 0;
	account = bpf_map_lookup_elem(&accounts, &counters->account);
	WRITE_ONCE(((struct ot_entry *)place)->kind, kind);
	live_add(counters, account, OT_KIND_PENDING, -1);
	live_add(counters, account, kind, 1);
	return 1;
}
DEFINE_SLOT_LOOP(kind_resolve_slots, kind_resolve_slot)

static __always_inline void kind_resolve(const struct pending *pending, __u32 kind)
{
	kind_resolve_slots(pending->frame >> period_shift,
			   slot_count(pending->frame, pending->order), kind, pending->cell);
}

/* Settles this CPU's last sampled allocation, if it has become something. */
static __always_inline void kind_settle(struct scratch *scratch)
{
	struct pending *pending = &scratch->pending;
	struct ot_entry entry;
	__u64 *place;
	__u32 kind;

	if (!pending->cell)
		return;
	place = ledger_entry(pending->frame >> period_shift);
	if (place) {
		entry = entry_load(place);
		kind = kind_of_page((struct page *)pending->page, entry.class);
		if (kind != OT_KIND_PENDING)
			kind_resolve(pending, kind);
	}
	pending->cell = 0;
}

#endif
