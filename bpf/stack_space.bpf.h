/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stack is taken in: a per-CPU value for each program that takes one, for global functions
 * take no pointers on old kernels. And how words of the user's stack are read: some at once.
 */
#ifndef BPF_STACK_SPACE_H
#define BPF_STACK_SPACE_H

#include "bpf/registers.bpf.h"
#include "bpf/vma.bpf.h"

/* What one walk may read of the stack at once: a failing read is dear, many small ones as well. */
#define WINDOW_WORDS 128
/* Of a frame, by frame pointer: more is no frame. */
#define FRAME_MAX_BYTES (8 << 20)

/* Who walks: programs that may interrupt each other have a work space each. */
enum stack_user {
	STACK_OF_PAGE,
	STACK_OF_MAPPING,
	KNOWN_ROWS_USERS, /* those that walk often */
	STACK_OF_KILL = KNOWN_ROWS_USERS,
	STACK_USER_COUNT,
};

struct unwind {
	struct registers registers;
	__u64 cfa;
	__u32 rule; /* of the dictionary's entry */
	struct ot_code_slice slice;
	struct ot_code_mapping mapping; /* the one found last */
	__u32 leaf;                     /* registers.ip is where code runs, not where it returns */
	__u32 end;                      /* enum ot_stack_end */
	__u32 not_loaded;               /* a file's rows were missing on the way */
	__u32 pending;                  /* and may come */
	__u32 looked_up;                /* went through code that the recorder has not told of */
	__u32 epoch;                    /* code_epoch() */
	__u32 searched;                 /* frames whose rules were not known; if walk_twice */
	__u32 window_bytes;
	__u64 window_start;
	__u64 window[WINDOW_WORDS];
};

/* A stack being taken. */
struct stack_space {
	struct ot_stack_record record;
	struct unwind unwind;
	struct ot_stack_bytes_record bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STACK_USER_COUNT);
	__type(key, __u32);
	__type(value, struct stack_space);
} stack_spaces __weak SEC(".maps");

/* How stacks ended: enum ot_stack_end -> number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OT_STACK_END_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} stack_ends __weak SEC(".maps");

static __always_inline struct stack_space *stack_space_get(__u32 user)
{
	return bpf_map_lookup_elem(&stack_spaces, &user);
}

static __always_inline struct ot_stack_record *stack_record_get(__u32 user)
{
	struct stack_space *space = stack_space_get(user);

	return space ? &space->record : NULL;
}

static __always_inline void stack_end_count(__u32 end)
{
	__u64 *count = bpf_map_lookup_elem(&stack_ends, &end);

	if (count)
		*count += 1;
}

static __always_inline int unwind_stop(struct unwind *unwind, enum ot_stack_end end)
{
	unwind->end = unwind->not_loaded ? OT_STACK_END_NOT_LOADED : end;
	return 1;
}

/*
 * Reads a window of the stack from `address` on, to the end of the page at most: what lies beyond
 * may not be there.
 */
__noinline __weak int unwind_fill_window(__u32 user, __u64 address)
{
	struct stack_space *space = stack_space_get(user);
	__u64 bytes = 4096 - (address & 4095);

	if (!space)
		return -1;
	if (bytes > sizeof(space->unwind.window))
		bytes = sizeof(space->unwind.window);
	asm volatile("" : "+r"(bytes));
	if (bytes > sizeof(space->unwind.window))
		return -1;
	space->unwind.window_bytes = 0;
	if (bpf_probe_read_user(space->unwind.window, bytes, (void *)address))
		return -1;
	space->unwind.window_start = address;
	space->unwind.window_bytes = bytes;
	return 0;
}

/* A word of the stack. */
static __always_inline bool stack_word(struct unwind *unwind, __u32 user, __u64 address,
				       __u64 *ret_word)
{
	__u64 at = address - unwind->window_start;

	if (address & 7)
		return false;
	if (at >= unwind->window_bytes) {
		if (unwind_fill_window(user, address))
			return false;
		at = 0;
	}
	at >>= 3;
	/* clang would find the mask superfluous, and the verifier would miss it */
	asm volatile("" : "+r"(at));
	*ret_word = unwind->window[at & (WINDOW_WORDS - 1)];
	return true;
}

#endif
