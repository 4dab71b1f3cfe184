/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which page frames this machine has: 128 MiB sections in which RAM is present, so that a sparse
 * physical address space costs ledger only where there is memory. Read once, at the start; memory
 * plugged in later is outside and counted as lost.
 */
#ifndef CAPTURE_PHYSICAL_H
#define CAPTURE_PHYSICAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/sysroot.h"

/* 64 TiB of physical address space, the most the recorder's tables are made for. */
#define PHYSICAL_MAX_SECTIONS (1u << 19)

struct physical {
	uint32_t *places;     /* section -> 1 + its place among the present ones, or 0 */
	uint32_t *sections;   /* place -> section */
	size_t section_count; /* highest present section + 1 */
	size_t present_count;
};

#define PHYSICAL_EMPTY \
	{              \
		0      \
	}

/*
 * From "System RAM" in /proc/iomem, which tells addresses to root only; else from the zones in
 * /proc/zoneinfo, whose holes then cost ledger. 0 or -errno.
 */
int physical_read(const struct sysroot *root, struct physical *ret_physical);
void physical_release(struct physical *physical);

#endif
