/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks machine code from where functions begin, along every way it can take, and knows the frame
 * at each instruction that it came to. Where ways meet that do not agree, it knows what both do.
 *
 * - A call is gone past once its target was seen to return, so that what follows a call of abort()
 *   is not taken for what comes after it.
 * - A function that returns with another frame than it began with was not understood: nothing that
 *   belongs to it is said.
 *
 * Bounded in time and memory: the code is hostile. Called by code_rows.c, in the names child.
 */
#ifndef SYMBOLS_CODE_WALK_H
#define SYMBOLS_CODE_WALK_H

#include "base/cleanup.h"
#include "symbols/code_image.h"
#include "symbols/code_step.h"

/* musl has 0.6 MiB, busybox as well. */
#define CODE_WALK_BYTES_MAX (4u << 20)
/* Instructions looked at, which most are once: a fifth of a microsecond each. */
#define CODE_WALK_STEPS_MAX (2u << 20)
/* Pointers into code that are looked at; musl has some hundreds. */
#define CODE_WALK_MENTIONS_MAX (1u << 20)

struct code_walk;

/*
 * Prepares to walk what lies in `ranges`, each in one section, ascending and apart; both arguments
 * are borrowed. -E2BIG for more than CODE_WALK_BYTES_MAX of it, -ENOMEM.
 */
int code_walk_new(const struct code_image *image, const struct code_range *ranges, size_t count,
		  struct code_walk **ret_walk);
void code_walk_free(struct code_walk *walk);
DEFINE_CLEANUP(struct code_walk *, code_walk_free)

/* A function certainly begins there. Nothing is done with an address outside of the ranges. */
int code_walk_add_function(struct code_walk *walk, uint64_t address);

/* A process begins there: nobody called. */
int code_walk_add_entry(struct code_walk *walk, uint64_t address);

/* Calls of what is there do not return, wherever it is. */
int code_walk_add_dead_end(struct code_walk *walk, uint64_t address);

/* One may begin there, for something points to it. */
int code_walk_add_mention(struct code_walk *walk, uint64_t address);

/*
 * Walks from all that was added, and what is found meanwhile. After an error (-E2BIG for more than
 * CODE_WALK_STEPS_MAX, -ENOMEM) what is known is not to be used.
 */
int code_walk_run(struct code_walk *walk);

/* An instruction that was walked to. */
struct code_place {
	uint64_t address;
	uint8_t length;
	bool understood;         /* otherwise nothing is known of its frame */
	struct code_frame frame; /* before it */
};

/* The first place from `start` on and before `end`, which are of one range; false: there is none.
 */
bool code_walk_next(const struct code_walk *walk, uint64_t start, uint64_t end,
		    struct code_place *ret_place);

#endif
