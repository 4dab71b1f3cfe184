/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of jumps, which a switch becomes: found by the instructions that lead to the jump, as
 * compilers write them. Called by code_walk.c.
 */
#ifndef SYMBOLS_CODE_TABLE_H
#define SYMBOLS_CODE_TABLE_H

#include "symbols/code_image.h"
#include "symbols/code_step.h"

/* A larger switch is not followed. */
#define CODE_TABLE_ENTRIES_MAX 4096

/* What was seen on the way to a jump. Starts as {}. */
struct code_table {
	uint64_t compared; /* one more than what a register was compared with; 0: with nothing */
	uint64_t entries;  /* what the index is below; 0: nobody asked */
	uint64_t base;
	bool is_relative; /* entries are 4 bytes, relative to the base, or addresses of 8 bytes */
};

/* Takes note of one instruction; what a branch tells about its target comes from the next one. */
void code_table_note(struct code_table *table, const struct code_step *step);

/* What holds at the target of a branch that was just noted, where `before` did before it. */
struct code_table code_table_at_target(const struct code_table *before,
				       const struct code_step *step);

/* How many targets the jump has, by what was noted; 0: not known. */
uint64_t code_table_entries(const struct code_table *table, const struct code_step *jump);

/* One of them; false: the table is none. */
bool code_table_target(const struct code_table *table, const struct code_image *image,
		       const struct code_step *jump, uint64_t index, uint64_t *ret_target);

#endif
