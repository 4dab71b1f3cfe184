/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two hooks of the ledger are told of a page: by a raw tracepoint, or by its event of
 * perf.
 *
 * While a program runs the kernel skips it for everybody else on that CPU. Up to 6.19 a tracepoint
 * kept the CPU while its programs ran. From 7.0 on (commit a46023d5616e) whoever is preempted
 * within a raw one costs all others on that CPU their pages until it runs again; keeping the CPU by
 * bpf_preempt_disable() does not help, for bpf_preempt_enable() is where one is preempted then,
 * still within the program. Events of perf keep the CPU there, too (commit 16718274ee75).
 */
#ifndef BPF_PAGE_EVENT_H
#define BPF_PAGE_EVENT_H

#include "bpf/slot.bpf.h"

struct page_event {
	__u64 frame;
	__u32 order;
	__u32 gfp;
	bool has_page; /* an allocation may fail */
};

/* Each loaded by itself: the verifier takes no pointer into what a program is given. */
#define ARGUMENT(ctx, number) READ_ONCE(((const __u64 *)(ctx))[number])

static __always_inline struct page_event page_allocated(void *ctx)
{
	const volatile struct trace_event_raw_mm_page_alloc *event = ctx;
	__u64 page;

	if (pages_by_perf)
		return (struct page_event){.frame = event->pfn,
					   .order = event->order,
					   .gfp = event->gfp_flags,
					   .has_page = event->pfn != -1UL};
	page = ARGUMENT(ctx, 0);
	return (struct page_event){.frame = frame_of_page(page),
				   .order = ARGUMENT(ctx, 1),
				   .gfp = ARGUMENT(ctx, 2),
				   .has_page = page != 0};
}

static __always_inline struct page_event page_freed(void *ctx)
{
	const volatile struct trace_event_raw_mm_page_free *event = ctx;

	if (pages_by_perf)
		return (struct page_event){.frame = event->pfn, .order = event->order};
	return (struct page_event){.frame = frame_of_page(ARGUMENT(ctx, 0)),
				   .order = ARGUMENT(ctx, 1)};
}

#endif
