/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that a session needs to have stacks walked by unwind rows: the maps that the walk reads,
 * mapped, with their keepers. None of it exists while the kernel's frame-pointer walk is used.
 */
#ifndef CAPTURE_UNWINDING_H
#define CAPTURE_UNWINDING_H

#include "base/cleanup.h"
#include "capture/programs.h"
#include "capture/unwind_follow.h"

struct unwinding {
	struct ot_unwind_table *table_map;
	struct ot_code_mapping *mapping_map;
	size_t table_count, mapping_count;
	struct unwind_tables *tables;
	struct code_slices *slices;
	struct unwind_follow *follow;
};

/* Of loaded programs, which must outlive it. 0 or -errno. */
int unwinding_open(const struct programs *programs, const struct rows_provider *provider,
		   struct modules *files, struct unwinding **ret_unwinding);
void unwinding_close(struct unwinding *unwinding);
DEFINE_CLEANUP(struct unwinding *, unwinding_close)

#endif
