/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How big every map is, by mode. Everything is preallocated: these numbers are what a recorder
 * costs, and what it can hold before something is lost, which is then counted.
 */
#ifndef CAPTURE_SIZES_H
#define CAPTURE_SIZES_H

#include <stdint.h>

enum capture_mode {
	CAPTURE_ONE,    /* one process, by pid */
	CAPTURE_FOLLOW, /* a process and its children */
	CAPTURE_HOST,   /* every process */
	CAPTURE_MODE_COUNT,
};

struct sizes {
	uint32_t accounts;
	uint32_t cells;             /* with stacks; the fixed cells of the accounts come on top */
	uint32_t cells_per_account; /* so that one process cannot take all of them */
	uint32_t targets;
	uint32_t ring_bytes;
	uint32_t mapping_ring_bytes;
	uint64_t period_pages;
	/* for walking stacks by unwind rows */
	uint32_t unwind_segments; /* of 2 MiB each, at most; made when they are needed */
	uint32_t unwind_tables;
	uint32_t code_mappings; /* of all processes */
	uint32_t code_slices;   /* processes */
	uint32_t code_files;    /* at most; made when they are needed */
};

/*
 * `period_pages` 0 chooses one: 16 for a target, for the host one that keeps the ledger within
 * SIZES_HOST_LEDGER_BYTES, but at least 64.
 */
struct sizes sizes_for(enum capture_mode mode, uint64_t period_pages, uint64_t frame_count);

#define SIZES_HOST_LEDGER_BYTES (12u << 20)

#endif
