/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of frames, each of which is kept once and has a number: code has many places and few
 * frames. Called by code_walk.c.
 */
#ifndef SYMBOLS_CODE_FRAMES_H
#define SYMBOLS_CODE_FRAMES_H

#include "symbols/code_step.h"

/* Real programs have some hundreds. */
#define CODE_FRAMES_MAX (1u << 14)
#define CODE_FRAMES_SLOTS (2 * CODE_FRAMES_MAX)

/* What is in every set: nothing is known, how functions begin, how processes do. */
enum code_frame_number {
	CODE_FRAME_UNKNOWN,
	CODE_FRAME_ENTRY,
	CODE_FRAME_OUTERMOST,
};

struct code_frames {
	struct code_frame items[CODE_FRAMES_MAX]; /* by number */
	uint32_t count;
	uint16_t slots[CODE_FRAMES_SLOTS]; /* by hash, the number and one; 0: free */
};

/* `frames` is all zeros. */
void code_frames_init(struct code_frames *frames);

/* The number of a frame, which is added unless it is there; CODE_FRAME_UNKNOWN if there is no room.
 */
uint32_t code_frames_number(struct code_frames *frames, const struct code_frame *frame);

#endif
