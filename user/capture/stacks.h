/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack behind each cell: kept, as frames, from the moment its record arrives until the cell
 * is retired. Cells that hold nothing at the end of a session never become events.
 */
#ifndef CAPTURE_STACKS_H
#define CAPTURE_STACKS_H

#include <stdint.h>

#include "bpf/oomtrace.h"
#include "capture/kernel_symbols.h"
#include "capture/lives.h"

/* Stacks kept as bytes at one time, and all their bytes. */
#define STACKS_LATE_MAX 8192
#define STACKS_LATE_BYTES (64u << 20)

struct stack {
	uint32_t id; /* of this session; 0: the cell has none */
	enum stack_end end;
	uint32_t account;
	struct ot_stack_bytes_record *bytes; /* to be walked later; NULL: it was walked */
	bool announced;                      /* its event was queued */
	uint64_t incident; /* and that of the incident with this number; 0: none */
	char comm[EVENT_COMM_LEN];
	uint32_t frame_count;
	uint32_t kernel_frame_count; /* of them */
	struct event_frame *frames;  /* leaf first; the kernel's wait here for the program's */
};

struct stacks {
	struct store *store; /* of frames and bytes; NULL: malloc()'s */
	struct stack *items; /* by cell - first_cell */
	uint32_t first_cell;
	uint32_t count;
	uint32_t used;
	uint32_t last_id;
	uint32_t late[STACKS_LATE_MAX]; /* cells whose stacks are to be walked later */
	uint32_t late_count;
	size_t late_bytes; /* of them, as of the last walk, and of those that came since */
	uint64_t late_ends[STACK_END_COUNT]; /* how those that were walked ended */
	struct event_queue *queue;           /* to say which ones are forgotten */
};

/* `stacks` keeps the queue and the store, which may be NULL. 0 or -ENOMEM. */
int stacks_init(struct stacks *stacks, struct store *store, const struct ledger *ledger,
		struct event_queue *queue);
void stacks_release(struct stacks *stacks);

/* Keeps what a record says. `bytes` is the record's length. 0, -EBADMSG or -ENOMEM. */
int stacks_add(struct stacks *stacks, struct lives *lives, const struct ot_stack_record *record,
	       size_t bytes);
/* The same of the kernel's part, which comes first. */
int stacks_add_kernel(struct stacks *stacks, struct kernel_symbols *symbols,
		      const struct ot_kernel_stack_record *record, size_t bytes);
/* The same of the bytes that it is to be walked by, which come before it as well. */
int stacks_add_bytes(struct stacks *stacks, const struct ot_stack_bytes_record *record,
		     size_t bytes);

/*
 * Walks the stacks that were kept as bytes, where all rows have come, or all of them `now`. Frames
 * change, which nobody may have been told of yet. 0 or -ENOMEM.
 */
int stacks_walk_late(struct stacks *stacks, struct lives *lives, bool now);

/*
 * Those of one account, all of them now, with the rows that are there. Without memory they stay as
 * they are.
 */
void stacks_walk_late_of(struct stacks *stacks, struct lives *lives, uint32_t account);

/* What the kernel says of it; a number that is none of ours says nothing. */
enum stack_end stack_end_of(const struct ot_stack_record *record);

/* NULL for a cell without a stack. */
struct stack *stacks_get(const struct stacks *stacks, uint32_t cell);
void stacks_forget(struct stacks *stacks, uint32_t cell);

#endif
