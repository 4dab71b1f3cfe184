/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executable mappings of each process where the kernel's walk finds them: slices of one array,
 * and an index by thread group. Processes that were forked share their parent's slice (the kernel
 * copies the index entry) and processes that have ended lose theirs, so which slices are in use is
 * only asked when there is no room left.
 */
#ifndef CAPTURE_CODE_SLICES_H
#define CAPTURE_CODE_SLICES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "bpf/oomtrace.h"

struct code_slices;

/* `index_fd`: thread group -> struct ot_code_slice; `mappings` is the array. Both are borrowed. */
int code_slices_new(int index_fd, struct ot_code_mapping *mappings, uint32_t mapping_count,
		    struct code_slices **ret_slices);
void code_slices_free(struct code_slices *slices);
DEFINE_CLEANUP(struct code_slices *, code_slices_free)

/*
 * From now on these are the mappings of `tgid`, sorted by address. 0, -ENOSPC when there is no
 * room, or -errno.
 */
int code_slices_publish(struct code_slices *slices, uint32_t tgid,
			const struct ot_code_mapping *mappings, uint32_t count);

/* Calls back for each mapping that the kernel may find. 0 or -errno. */
typedef void (*code_slices_fn)(const struct ot_code_mapping *mapping, void *context);
int code_slices_each(struct code_slices *slices, code_slices_fn callback, void *context);

#endif
