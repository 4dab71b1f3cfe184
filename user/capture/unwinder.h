/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks a stack by unwind rows in user space: the same rows, in the same tables, by the same rules
 * as bpf/unwind.bpf.h, on bytes that the kernel kept of a stack whose code was not loaded in time.
 */
#ifndef CAPTURE_UNWINDER_H
#define CAPTURE_UNWINDER_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/oomtrace.h"
#include "capture/unwind_tables.h"

/* Registers of a thread, and a piece of its stack. */
struct unwinder_input {
	uint64_t ip, sp, bp;
	const __u64 *words;
	uint64_t words_at; /* their address */
	size_t word_count;
	const struct ot_code_mapping *code; /* of the process, by address */
	size_t code_count;
};

struct unwinder_stack {
	__u64 frames[OT_MAX_FRAMES]; /* leaf first */
	uint32_t frame_count;
	enum ot_stack_end end;
};

void unwinder_walk(const struct unwind_tables *tables, const struct unwinder_input *input,
		   struct unwinder_stack *ret_stack);

#endif
