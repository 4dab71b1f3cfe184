/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a function's frame at one place of its code, and how registers that are set,
 * loaded and stored change that. Knows operands of instructions as Zydis has them, and no
 * instruction. Called by code_step.c and code_begin.c.
 */
#ifndef SYMBOLS_CODE_FRAME_H
#define SYMBOLS_CODE_FRAME_H

#include <Zydis/Zydis.h>

#include "symbols/bytes.h"

/* What is known of a frame; without a flag nothing is. */
enum code_frame_flag {
	CODE_RSP = 1,          /* where RSP is */
	CODE_RBP = 2,          /* where RBP is, which was made of RSP */
	CODE_CALLERS = 4,      /* RBP is what the caller had in it */
	CODE_SAVED = 8,        /* where the caller's RBP is stored */
	CODE_COPY = 16,        /* what another register is that was made of RSP */
	CODE_OUTERMOST = 32,   /* nobody called this: a process or thread begins here */
	CODE_SYSTEM_CALL = 64, /* of a function without a frame: it may return in a new thread */
	CODE_COMPARED = 128    /* RSP, with the copy, by the instruction before this one */
};

/*
 * A frame before an instruction. Places are bytes below the CFA, which is what RSP was before the
 * call. A member whose flag is not set is 0, so that equal frames have equal bytes.
 */
struct code_frame {
	int32_t rsp;
	int32_t rbp;
	int32_t saved;
	int32_t copy;
	uint16_t copy_register; /* ZydisRegister */
	uint16_t flags;         /* enum code_frame_flag */
};

/* The return address has been pushed, RBP is the caller's. */
extern const struct code_frame code_frame_entry;

bool code_frame_equals(const struct code_frame *a, const struct code_frame *b);

/* What both know: how it is where two ways meet. */
struct code_frame code_frame_meet(const struct code_frame *a, const struct code_frame *b);

/* The return address is on top, RBP is as it was and was not saved. */
bool code_frame_is_bare(const struct code_frame *frame);

/* The 64 bits that a register is a part of. */
ZydisRegister code_register_whole(ZydisRegister reg);

bool code_operand_is(const ZydisDecodedOperand *operand, ZydisRegister reg);

/* Where a register points to; false: not into the frame. */
bool code_register_place(const struct code_frame *frame, ZydisRegister reg, int64_t *ret_place);

/* Where a memory operand lies; false: not in the frame, as far as is known. */
bool code_memory_place(const struct code_frame *frame, const ZydisDecodedOperand *operand,
		       int64_t *ret_place);

/* A register, or a part of it, is overwritten. */
void code_register_lose(struct code_frame *frame, ZydisRegister reg);

/* A register is set to a place in the frame, or, if that is not known, overwritten. */
void code_register_set(struct code_frame *frame, ZydisRegister reg, bool known, int64_t place);

/* RBP is loaded from a place in the frame: it may be the caller's again. */
void code_rbp_load(struct code_frame *frame, bool known, int64_t place);

/* RBP is stored to a place in the frame, which is how the caller's is saved. */
void code_rbp_store(struct code_frame *frame, bool known, int64_t place);

/* RSP was compared with a register: with what it is to become, a loop that moves it goes on. */
void code_rsp_compare(struct code_frame *frame, ZydisRegister reg);

/* A branch back if what was compared was not equal: where it is not taken RSP is the copy. */
void code_rsp_reach(struct code_frame *frame);

/* What calls leave behind. */
void code_frame_call(struct code_frame *frame);

/* And system calls. */
void code_frame_system_call(struct code_frame *frame);

#endif
