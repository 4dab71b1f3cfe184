/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of each byte of code that is walked, by its address: spots have numbers, which go
 * through all ranges of code without a gap. Called by code_walk.c and code_functions.c.
 */
#ifndef SYMBOLS_CODE_SPOTS_H
#define SYMBOLS_CODE_SPOTS_H

#include "symbols/code_image.h"

/* No spot. */
#define CODE_SPOT_NONE UINT32_MAX

/* All 0: no instruction is known to begin there. */
struct code_spot {
	uint32_t length : 4;    /* of the instruction; 0: not walked to */
	uint32_t is_start : 1;  /* of a function: ways to it are calls */
	uint32_t looked_at : 1; /* whether a function may begin there */
	uint32_t frame : 26;
	uint32_t function;
};

struct code_spot_range {
	uint64_t start, end;
	const uint8_t *bytes;
	uint32_t first; /* its first spot */
};

/* Starts as {}. */
struct code_spots {
	struct code_spot *items;
	struct code_spot_range *ranges;
	size_t range_count;
};

/*
 * Makes room for what lies in `ranges`, each in one section of the image, whose bytes are borrowed.
 * -E2BIG for more than `max_bytes`, -ENOMEM.
 */
int code_spots_init(struct code_spots *spots, const struct code_image *image,
		    const struct code_range *ranges, size_t count, uint64_t max_bytes);
void code_spots_release(struct code_spots *spots);

/* The range an address is in, or NULL. */
const struct code_spot_range *code_spots_range(const struct code_spots *spots, uint64_t address);

/* The number of an address, or CODE_SPOT_NONE. */
uint32_t code_spots_find(const struct code_spots *spots, uint64_t address);

/* The range that a spot is in. */
const struct code_spot_range *code_spots_range_of(const struct code_spots *spots, uint32_t spot);

#endif
