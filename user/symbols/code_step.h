/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one instruction of x86-64 does to a function's frame, and where it leads: the facts that
 * call frame information would state, read off the code that has none. Knows nothing of functions
 * or files; the bytes are hostile. Zydis decodes. Called by code_walk.c, in the names child.
 */
#ifndef SYMBOLS_CODE_STEP_H
#define SYMBOLS_CODE_STEP_H

#include "symbols/code_frame.h"

enum code_flow {
	CODE_ON,           /* to the next instruction */
	CODE_BRANCH,       /* there, or to the target */
	CODE_JUMP,         /* to the target */
	CODE_JUMP_UNKNOWN, /* somewhere */
	CODE_CALL,         /* to the target, and to the next instruction if that returns */
	CODE_CALL_UNKNOWN,
	CODE_RETURN,
	CODE_STOP, /* nowhere: a trap */
};

/* What a table of jumps is recognized by. */
enum code_table_part {
	CODE_NO_PART,
	CODE_COMPARISON, /* of a register with `number` */
	CODE_ABOVE,      /* a branch to the target if it was above: bounds the next instruction */
	CODE_NOT_ABOVE,  /* a branch if it was not: bounds the target */
	CODE_OFFSET,     /* a load of 4 bytes, by index, that extends the sign */
	CODE_INDEXED,    /* a jump by index into the table of addresses at `number` */
};

struct code_step {
	enum code_flow flow;
	uint8_t length;
	enum code_table_part part;
	uint64_t number;
	uint64_t target;
	bool fills_up;     /* does nothing: what stands between functions, and before loops */
	bool is_prologue;  /* saves a register of the caller's, as functions begin */
	uint64_t mentions; /* an address that is computed, or a number that may be one; 0: none */
};

struct code_decoder {
	ZydisDecoder zydis;
};

void code_decoder_init(struct code_decoder *decoder);

/*
 * Reads the first instruction of `code`, which lies at `address`, and brings `frame` up to date.
 * False when there is none.
 */
bool code_step(const struct code_decoder *decoder, struct bytes code, uint64_t address,
	       struct code_frame *frame, struct code_step *ret_step);

/* The same without a frame. */
bool code_step_read(const struct code_decoder *decoder, struct bytes code, uint64_t address,
		    struct code_step *ret_step);

#endif
