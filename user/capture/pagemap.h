/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst): which page frames a process maps.
 */
#ifndef CAPTURE_PAGEMAP_H
#define CAPTURE_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pagemap_entry {
	bool present;
	bool file_or_shared; /* bit 61: page cache, shmem or shared anonymous */
	uint64_t frame;      /* 0 without CAP_SYS_ADMIN */
};

/* The page at `address`. 0 or -errno. */
int pagemap_read_one(int pagemap_fd, uint64_t address, struct pagemap_entry *ret_entry);

/* Called for each present page with its address. Anything but 0 ends the walk. */
typedef int (*pagemap_fn)(uint64_t address, const struct pagemap_entry *entry, void *context);

/*
 * Walks the present pages of [start, end). Holes are skipped by PAGEMAP_SCAN where the kernel has
 * it (6.7); without it a range of more than PAGEMAP_MAX_RANGE_BYTES is refused with -E2BIG rather
 * than read for minutes. 0, -errno, or what the callback returned.
 */
int pagemap_walk(int pagemap_fd, uint64_t start, uint64_t end, pagemap_fn callback, void *context);

#define PAGEMAP_MAX_RANGE_BYTES (UINT64_C(1) << 40)

#endif
