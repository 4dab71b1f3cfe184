// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_begin.h"

/* RBX, RBP, R12 to R15, as bits by their numbers. */
#define CALLERS_REGISTERS 0xf028u

static unsigned int register_bit(ZydisRegister reg)
{
	reg = code_register_whole(reg);
	return reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15
		       ? 1u << (reg - ZYDIS_REGISTER_RAX)
		       : 0;
}

static unsigned int bits_read(const ZydisDecodedOperand *operand)
{
	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return register_bit(operand->mem.base) | register_bit(operand->mem.index);
	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ))
		return register_bit(operand->reg.value);
	return 0;
}

/* To push a register, to store it, to have a zero in it: none of that depends on what it holds. */
static bool is_indifferent(const ZydisDecodedInstruction *instruction,
			   const ZydisDecodedOperand *operands)
{
	return instruction->mnemonic == ZYDIS_MNEMONIC_PUSH ||
	       (instruction->mnemonic == ZYDIS_MNEMONIC_MOV &&
		operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		operands[0].mem.base == ZYDIS_REGISTER_RSP) ||
	       (instruction->mnemonic == ZYDIS_MNEMONIC_XOR &&
		operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		code_operand_is(&operands[1], operands[0].reg.value));
}

/* Takes what is written off `*callers`; false when one of those that are left is used. */
static bool keeps_callers(const ZydisDecodedInstruction *instruction,
			  const ZydisDecodedOperand *operands, unsigned int *callers)
{
	unsigned int read = 0, written = 0;

	for (int i = 0; i < instruction->operand_count; i++) {
		read |= bits_read(&operands[i]);
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			written |= register_bit(operands[i].reg.value);
	}
	if (!is_indifferent(instruction, operands) && (read & *callers))
		return false;
	*callers &= ~written;
	return true;
}

/* A function does not touch the return address, and pushes something before it reads arguments. */
static bool is_above_frame(const struct code_frame *frame, const ZydisDecodedOperand *operand)
{
	int64_t place;

	return operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
	       operand->mem.type == ZYDIS_MEMOP_TYPE_MEM && (frame->flags & CODE_RSP) &&
	       frame->rsp == code_frame_entry.rsp && code_memory_place(frame, operand, &place) &&
	       place <= code_frame_entry.rsp;
}

static bool stays_in_frame(const struct code_frame *frame,
			   const ZydisDecodedInstruction *instruction,
			   const ZydisDecodedOperand *operands)
{
	for (int i = 0; i < instruction->operand_count_visible; i++)
		if (is_above_frame(frame, &operands[i]))
			return false;
	return true;
}

/* A return, a jump, a trap: what comes next belongs to something else. */
static bool ends(enum code_flow flow)
{
	return flow != CODE_ON && flow != CODE_BRANCH && flow != CODE_CALL &&
	       flow != CODE_CALL_UNKNOWN;
}

bool code_begins_function(const struct code_decoder *decoder, struct bytes code)
{
	unsigned int callers = CALLERS_REGISTERS;
	struct code_frame frame = code_frame_entry;

	for (int i = 0; i < CODE_LOOKED_AT && bytes_left(&code) > 0; i++) {
		ZydisDecodedInstruction instruction;
		ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
		struct code_step step;

		if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
			    &decoder->zydis, code.at, bytes_left(&code), &instruction, operands)) ||
		    !stays_in_frame(&frame, &instruction, operands) ||
		    !keeps_callers(&instruction, operands, &callers) ||
		    !code_step(decoder, code, 0, &frame, &step))
			return false;
		if (ends(step.flow))
			return true;
		bytes_take(&code, step.length);
	}
	return true;
}
