// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_host.h"

#include "model/balance.h"

#define BIT(figure) (1U << (figure))

/*
 * Which of the kernel's figures make up a kind. Slab is nearly all that is accounted by object,
 * page tables are pages; kernel stacks and percpu memory come by vmalloc, whose pages have no
 * event.
 */
static const struct {
	uint32_t added, subtracted; /* bits of enum host_figure */
	uint32_t optional;          /* not on all kernels */
} parts[KIND_COUNT] = {
	[KIND_ANON] = {.added = BIT(HOST_ANON)},
	[KIND_SHMEM] = {.added = BIT(HOST_SHMEM)},
	[KIND_FILE] = {.added = BIT(HOST_CACHED) | BIT(HOST_BUFFERS),
		       .subtracted = BIT(HOST_SHMEM)},
	[KIND_KERNEL] = {.added = BIT(HOST_SLAB) | BIT(HOST_PAGE_TABLES) | BIT(HOST_KERNEL_STACKS) |
				  BIT(HOST_PERCPU) | BIT(HOST_OTHER_TABLES),
			 .optional = BIT(HOST_OTHER_TABLES) | BIT(HOST_PERCPU)},
};

static bool kernel_bytes(const struct host_event *host, enum memory_kind kind, uint64_t *ret_bytes)
{
	uint32_t needed = (parts[kind].added | parts[kind].subtracted) & ~parts[kind].optional;
	uint64_t added = 0, subtracted = 0;

	if (!needed || (host->known & needed) != needed)
		return false;
	for (int figure = 0; figure < HOST_FIGURE_COUNT; figure++) {
		if (host->known & parts[kind].added & BIT(figure))
			added = estimate_add(added, host->bytes[figure]);
		if (host->known & parts[kind].subtracted & BIT(figure))
			subtracted = estimate_add(subtracted, host->bytes[figure]);
	}
	*ret_bytes = added > subtracted ? added - subtracted : 0;
	return true;
}

static void count_slots(const struct known_snapshot *snapshot, uint64_t ret_slots[KIND_COUNT])
{
	for (const struct known_cell *cell = snapshot->first_cell; cell; cell = cell->next)
		for (int kind = 0; kind < KIND_COUNT; kind++)
			ret_slots[kind] = estimate_add(ret_slots[kind], cell->live_slots[kind]);
}

void growth_host_make(struct growth_draft *draft)
{
	const struct host_event *before = draft->from ? &draft->from->host : &draft->builder->host;
	const struct host_event *now = &draft->to->host;
	uint64_t from_slots[KIND_COUNT] = {0}, to_slots[KIND_COUNT] = {0};
	struct growth_host *host = &draft->owned->growth.host;
	uint64_t before_bytes, now_bytes;

	if (!now->known)
		return;
	host->known = true;
	host->total_bytes = estimate_add(now->bytes[HOST_TOTAL], 0);
	host->free_bytes = estimate_add(now->bytes[HOST_FREE], 0);
	count_slots(draft->to, to_slots);
	if (draft->from)
		count_slots(draft->from, from_slots);
	for (int i = 0; i < KIND_COUNT; i++) {
		struct growth_balance *kind = &host->kinds[i];

		balance_count(kind, &draft->estimate, from_slots[i], to_slots[i]);
		if (kernel_bytes(before, i, &before_bytes) && kernel_bytes(now, i, &now_bytes))
			balance_close(kind, before_bytes, now_bytes);
	}
}
