/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel says about itself: sizes and values the BPF programs are configured with, found
 * in its BTF, its tracepoint formats and /proc, never in a table of versions.
 */
#ifndef CAPTURE_KERNEL_H
#define CAPTURE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sysroot.h"

struct btf;

/* Values of gfp bits (include/linux/gfp_types.h). */
struct kernel_gfp {
	uint32_t movable;
	uint32_t account;
	uint32_t direct_reclaim;
	uint32_t kswapd_reclaim;
};

/*
 * From enumerators ___GFP_*_BIT in BTF (6.10 and later), else from the flag names in the format of
 * kmem:mm_page_alloc (before, they were macros). -ENOENT when neither tells.
 */
int kernel_gfp(const struct sysroot *root, const struct btf *btf, struct kernel_gfp *ret_gfp);

/* sizeof(struct page), or -ENOENT. */
int kernel_page_struct_bytes(const struct btf *btf);

/*
 * May whoever runs a program of a raw tracepoint be preempted within it? So since 7.0
 * (bpf/page_event.bpf.h); true as well where only the lock that came with it is known.
 */
bool kernel_preempts_tracepoints(const struct btf *btf);

/* Can perf be told of an event, by its number in tracefs? */
bool kernel_has_event(const struct sysroot *root, const char *category_and_name);

/* Does oom:mark_victim tell of a task, and not of its id? False where there is no such event. */
bool kernel_mark_has_task(const struct btf *btf);

/* Pid of khugepaged, 0 when it does not run. */
uint32_t kernel_khugepaged(const struct sysroot *root);

/* Is it locked down so that no program may read its memory? */
bool kernel_hides_memory(const struct sysroot *root);

#endif
