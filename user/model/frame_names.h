/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read for the frames of a stack: function names, "module+0xoffset" or an address
 * where there is no name, a label where there are no frames. Private to model/.
 */
#ifndef MODEL_FRAME_NAMES_H
#define MODEL_FRAME_NAMES_H

#include "base/arena.h"
#include "model/growth_events.h"

struct frame_names {
	const char *const *frames; /* root first */
	const struct growth_place *places;
	uint32_t count;        /* at least 1 */
	uint32_t kernel_count; /* of them, the last: the kernel's */
};

/*
 * Who makes the names of one model, each stack's and each place's once: cells that name one stack
 * share them, or a small file could ask for any amount of memory.
 */
struct frame_namer {
	const struct growth_builder *builder; /* names lie there */
	struct arena *arena;                  /* what is made lies there */
	uint64_t arena_bytes_max;             /* no new stack beyond; 0: any number */
	struct table places;                  /* of place_names.h */
	struct table stacks;                  /* id, inherited_from_pid -> struct frame_names */
};

/* What was made stays in the arena. */
void frame_namer_release(struct frame_namer *namer);

/*
 * The names of a stack; with `inherited_from_pid` not 0 below a frame that says so. 0, -ENOMEM, or
 * -EFBIG where the arena is full.
 */
int frame_names_make(struct frame_namer *namer, const struct known_stack *stack,
		     uint32_t inherited_from_pid, struct frame_names *ret_names);

/* The same for what has no stack of its own: a label. */
int frame_names_make_label(struct arena *arena, const char *label, uint32_t inherited_from_pid,
			   struct frame_names *ret_names);

/* Gives a row its frames, and all that is said of them. */
void frame_names_of_row(const struct frame_names *names, struct growth_row *row);

/* The root of its stack is missing. */
bool frame_names_are_incomplete(const struct growth_row *row);

/* Label of an origin that has no frames. */
const char *stack_origin_label(enum stack_origin origin);

#endif
