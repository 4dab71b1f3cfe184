/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/kpageflags and kpagecount (Documentation/admin-guide/mm/pagemap.rst): what the kernel knows
 * about a page frame. Both need CAP_SYS_ADMIN, as frame numbers do.
 */
#ifndef CAPTURE_PAGEFLAGS_H
#define CAPTURE_PAGEFLAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sysroot.h"
#include "bpf/oomtrace.h"

/* Descriptors for the calls below, or -errno, with which these find nothing. */
int pageflags_open(const struct sysroot *root);
int pagecount_open(const struct sysroot *root);

/*
 * OT_KIND_ANON or OT_KIND_SHMEM; OT_KIND_FILE for page cache; OT_KIND_PENDING for what is charged
 * to nobody: the zero page, the hugetlb pool, and frames that cannot be read.
 */
enum ot_kind pageflags_kind(int pageflags_fd, uint64_t frame);

/* Part of a huge page or large folio? */
bool pageflags_is_compound(int pageflags_fd, uint64_t frame);

/* In a page table of anybody's? Of a huge page the kernel may know an average alone. */
bool pagecount_is_mapped(int pagecount_fd, uint64_t frame);

#endif
