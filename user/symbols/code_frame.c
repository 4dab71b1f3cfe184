// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_frame.h"

/* The frame of a function that has just been called: the return address. */
#define ENTRY_BYTES 8
/* No frame is larger; sums of what is smaller do not overflow. */
#define PLACE_MAX (1 << 29)

const struct code_frame code_frame_entry = {
	.rsp = ENTRY_BYTES,
	.flags = CODE_RSP | CODE_CALLERS,
};

bool code_frame_equals(const struct code_frame *a, const struct code_frame *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void lose(struct code_frame *frame, enum code_frame_flag flag)
{
	frame->flags &= (uint16_t)~flag;
	frame->rsp = frame->flags & CODE_RSP ? frame->rsp : 0;
	frame->rbp = frame->flags & CODE_RBP ? frame->rbp : 0;
	frame->saved = frame->flags & CODE_SAVED ? frame->saved : 0;
	frame->copy = frame->flags & CODE_COPY ? frame->copy : 0;
	frame->copy_register = frame->flags & CODE_COPY ? frame->copy_register : 0;
}

struct code_frame code_frame_meet(const struct code_frame *a, const struct code_frame *b)
{
	struct code_frame met = *a;

	met.flags &= b->flags;
	if (a->rsp != b->rsp)
		lose(&met, CODE_RSP);
	if (a->rbp != b->rbp)
		lose(&met, CODE_RBP);
	if (a->saved != b->saved)
		lose(&met, CODE_SAVED);
	if (a->copy != b->copy || a->copy_register != b->copy_register)
		lose(&met, CODE_COPY);
	lose(&met, 0);
	return met;
}

static bool is_place(int64_t bytes)
{
	return bytes > -PLACE_MAX && bytes < PLACE_MAX;
}

static void rsp_set(struct code_frame *frame, bool known, int64_t bytes)
{
	lose(frame, CODE_RSP);
	if (!known || !is_place(bytes))
		return;
	frame->rsp = (int32_t)bytes;
	frame->flags |= CODE_RSP;
}

/* RBP is made of RSP, or of nobody knows what: it is not the caller's any more. */
static void rbp_set(struct code_frame *frame, bool known, int64_t bytes)
{
	lose(frame, CODE_RBP);
	lose(frame, CODE_CALLERS);
	if (!known || !is_place(bytes))
		return;
	frame->rbp = (int32_t)bytes;
	frame->flags |= CODE_RBP;
}

static void copy_set(struct code_frame *frame, uint16_t reg, bool known, int64_t bytes)
{
	if (!known || !is_place(bytes) || (frame->flags & CODE_COPY))
		return;
	frame->copy_register = reg;
	frame->copy = (int32_t)bytes;
	frame->flags |= CODE_COPY;
}

/* RBP is loaded from a place in the frame. */
void code_rbp_load(struct code_frame *frame, bool known, int64_t place)
{
	bool is_callers = known && (frame->flags & CODE_SAVED) && frame->saved == place;

	rbp_set(frame, false, 0);
	if (is_callers)
		frame->flags |= CODE_CALLERS;
}

/* RBP is stored to a place in the frame, which is how the caller's is saved. */
void code_rbp_store(struct code_frame *frame, bool known, int64_t place)
{
	if (!known || !is_place(place) || !(frame->flags & CODE_CALLERS))
		return;
	frame->saved = (int32_t)place;
	frame->flags |= CODE_SAVED;
}

/* The 64 bits that a register is a part of. */
ZydisRegister code_register_whole(ZydisRegister reg)
{
	ZydisRegister result = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	return result == ZYDIS_REGISTER_NONE ? reg : result;
}

bool code_operand_is(const ZydisDecodedOperand *operand, ZydisRegister reg)
{
	return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == reg;
}

/* Where a register points to; false: not into the frame. */
bool code_register_place(const struct code_frame *frame, ZydisRegister reg, int64_t *ret_place)
{
	if (reg == ZYDIS_REGISTER_RSP && (frame->flags & CODE_RSP))
		*ret_place = frame->rsp;
	else if (reg == ZYDIS_REGISTER_RBP && (frame->flags & CODE_RBP))
		*ret_place = frame->rbp;
	else if ((frame->flags & CODE_COPY) && reg == frame->copy_register)
		*ret_place = frame->copy;
	else
		return false;
	return true;
}

/* Where a memory operand lies. */
bool code_memory_place(const struct code_frame *frame, const ZydisDecodedOperand *operand,
		       int64_t *ret_place)
{
	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    operand->mem.index != ZYDIS_REGISTER_NONE ||
	    (operand->mem.segment == ZYDIS_REGISTER_FS ||
	     operand->mem.segment == ZYDIS_REGISTER_GS) ||
	    !code_register_place(frame, operand->mem.base, ret_place))
		return false;
	*ret_place -= operand->mem.disp.has_displacement ? operand->mem.disp.value : 0;
	return true;
}

/* Writing to a register, the bits of which nothing is known of. */
void code_register_lose(struct code_frame *frame, ZydisRegister reg)
{
	reg = code_register_whole(reg);
	if (reg == ZYDIS_REGISTER_RSP)
		rsp_set(frame, false, 0);
	if (reg == ZYDIS_REGISTER_RBP)
		rbp_set(frame, false, 0);
	if ((frame->flags & CODE_COPY) && reg == frame->copy_register)
		lose(frame, CODE_COPY);
}

void code_register_set(struct code_frame *frame, ZydisRegister reg, bool known, int64_t place)
{
	code_register_lose(frame, reg);
	if (reg == ZYDIS_REGISTER_RSP)
		rsp_set(frame, known, place);
	else if (reg == ZYDIS_REGISTER_RBP)
		rbp_set(frame, known, place);
	else
		copy_set(frame, (uint16_t)reg, known, place);
}

/* The return address is on top, RBP is as it was. */
bool code_frame_is_bare(const struct code_frame *frame)
{
	return (frame->flags & (CODE_RSP | CODE_CALLERS | CODE_SAVED)) ==
		       (CODE_RSP | CODE_CALLERS) &&
	       frame->rsp == ENTRY_BYTES;
}

void code_rsp_compare(struct code_frame *frame, ZydisRegister reg)
{
	if ((frame->flags & CODE_COPY) && reg == frame->copy_register)
		frame->flags |= CODE_COMPARED;
}

void code_rsp_reach(struct code_frame *frame)
{
	rsp_set(frame, true, frame->copy);
}

static bool is_kept_by_calls(uint16_t reg)
{
	return reg == ZYDIS_REGISTER_RBX ||
	       (reg >= ZYDIS_REGISTER_R12 && reg <= ZYDIS_REGISTER_R15);
}

/* What calls leave behind. */
void code_frame_call(struct code_frame *frame)
{
	if ((frame->flags & CODE_COPY) && !is_kept_by_calls(frame->copy_register))
		lose(frame, CODE_COPY);
}

void code_frame_system_call(struct code_frame *frame)
{
	code_frame_call(frame);
	if (code_frame_is_bare(frame))
		frame->flags |= CODE_SYSTEM_CALL;
}
