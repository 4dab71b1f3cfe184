// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_step.h"

#define WORD 8
/* The frame of a function that has just been called: the return address. */
#define ENTRY_BYTES WORD
/* No frame is larger; sums of what is smaller do not overflow. */
#define PLACE_MAX (1 << 29)
/* Numbers of RSP and RBP where an instruction encodes a register; prefixes extend them. */
#define RBX_NUMBER 3
#define RSP_NUMBER 4
#define RBP_NUMBER 5
/* A memory operand without a base register, and one that needs a SIB byte. */
#define NO_BASE 5
#define HAS_SIB 4
#define SCALE_8 3
#define SCALE_4 2

const struct code_frame code_frame_entry = {
	.rsp = ENTRY_BYTES,
	.flags = CODE_RSP | CODE_CALLERS,
};

/* One instruction, and the frame it is applied to. */
struct applying {
	const ZydisDecodedInstruction *instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct code_frame *frame;
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
static void rbp_load(struct code_frame *frame, bool known, int64_t place)
{
	bool is_callers = known && (frame->flags & CODE_SAVED) && frame->saved == place;

	rbp_set(frame, false, 0);
	if (is_callers)
		frame->flags |= CODE_CALLERS;
}

/* RBP is stored to a place in the frame, which is how the caller's is saved. */
static void rbp_store(struct code_frame *frame, bool known, int64_t place)
{
	if (!known || !is_place(place) || !(frame->flags & CODE_CALLERS))
		return;
	frame->saved = (int32_t)place;
	frame->flags |= CODE_SAVED;
}

/* The 64 bits that a register is a part of. */
static ZydisRegister whole(ZydisRegister reg)
{
	ZydisRegister result = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	return result == ZYDIS_REGISTER_NONE ? reg : result;
}

static bool is_register(const ZydisDecodedOperand *operand, ZydisRegister reg)
{
	return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == reg;
}

/* Where a register points to; false: not into the frame. */
static bool register_place(const struct code_frame *frame, ZydisRegister reg, int64_t *ret_place)
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
static bool memory_place(const struct code_frame *frame, const ZydisDecodedOperand *operand,
			 int64_t *ret_place)
{
	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    operand->mem.index != ZYDIS_REGISTER_NONE ||
	    (operand->mem.segment == ZYDIS_REGISTER_FS ||
	     operand->mem.segment == ZYDIS_REGISTER_GS) ||
	    !register_place(frame, operand->mem.base, ret_place))
		return false;
	*ret_place -= operand->mem.disp.has_displacement ? operand->mem.disp.value : 0;
	return true;
}

/* Writing to a register, the bits of which nothing is known of. */
static void register_lose(struct code_frame *frame, ZydisRegister reg)
{
	reg = whole(reg);
	if (reg == ZYDIS_REGISTER_RSP)
		rsp_set(frame, false, 0);
	if (reg == ZYDIS_REGISTER_RBP)
		rbp_set(frame, false, 0);
	if ((frame->flags & CODE_COPY) && reg == frame->copy_register)
		lose(frame, CODE_COPY);
}

static void register_set(struct code_frame *frame, ZydisRegister reg, bool known, int64_t place)
{
	register_lose(frame, reg);
	if (reg == ZYDIS_REGISTER_RSP)
		rsp_set(frame, known, place);
	else if (reg == ZYDIS_REGISTER_RBP)
		rbp_set(frame, known, place);
	else
		copy_set(frame, (uint16_t)reg, known, place);
}

static void apply_push(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	bool known = frame->flags & CODE_RSP;

	rsp_set(frame, known, frame->rsp + applying->instruction->operand_width / 8);
	if (is_register(&applying->operands[0], ZYDIS_REGISTER_RBP))
		rbp_store(frame, known, frame->rsp);
}

static void apply_pop(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	const ZydisDecodedOperand *target = &applying->operands[0];
	bool known = frame->flags & CODE_RSP;
	int32_t place = frame->rsp;

	rsp_set(frame, known, place - applying->instruction->operand_width / 8);
	if (is_register(target, ZYDIS_REGISTER_RBP))
		rbp_load(frame, known, place);
	else if (target->type == ZYDIS_OPERAND_TYPE_REGISTER)
		register_lose(frame, target->reg.value);
}

static void apply_mov(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	const ZydisDecodedOperand *target = &applying->operands[0];
	const ZydisDecodedOperand *source = &applying->operands[1];
	int64_t place = 0;
	bool known;

	if (target->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		known = memory_place(frame, target, &place);
		if (is_register(source, ZYDIS_REGISTER_RBP))
			rbp_store(frame, known, place);
	} else if (is_register(target, ZYDIS_REGISTER_RBP) &&
		   source->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		known = memory_place(frame, source, &place);
		rbp_load(frame, known, place);
	} else {
		known = source->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			register_place(frame, source->reg.value, &place);
		register_set(frame, target->reg.value, known, place);
	}
}

/* Addresses of variables are computed all the time; of what is the CFA itself, to find it again. */
static void apply_lea(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	ZydisRegister target = applying->operands[0].reg.value;
	int64_t place = 0;
	bool known = memory_place(frame, &applying->operands[1], &place);

	if (target != ZYDIS_REGISTER_RSP && target != ZYDIS_REGISTER_RBP && place != 0)
		known = false;
	register_set(frame, target, known, place);
}

static void add(struct applying *applying, int64_t sign)
{
	const ZydisDecodedOperand *target = &applying->operands[0];
	const ZydisDecodedOperand *source = &applying->operands[1];
	int64_t place = 0;
	bool known;

	if (target->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return;
	known = source->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && is_place(source->imm.value.s) &&
		register_place(applying->frame, target->reg.value, &place);
	register_set(applying->frame, target->reg.value, known,
		     known ? place - sign * source->imm.value.s : 0);
}

static void apply_add(struct applying *applying)
{
	add(applying, 1);
}

static void apply_sub(struct applying *applying)
{
	add(applying, -1);
}

static void apply_leave(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	bool known = frame->flags & CODE_RBP;
	int32_t place = frame->rbp;

	rsp_set(frame, known, place - WORD);
	rbp_load(frame, known, place);
}

/* Whatever else: what it writes to is not known any more. */
static void apply_other(struct applying *applying)
{
	for (int i = 0; i < applying->instruction->operand_count; i++) {
		const ZydisDecodedOperand *operand = &applying->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			register_lose(applying->frame, operand->reg.value);
	}
}

/* Also the half that clears the other one. */
static bool is_rbp(const ZydisDecodedOperand *operand)
{
	return is_register(operand, ZYDIS_REGISTER_RBP) || is_register(operand, ZYDIS_REGISTER_EBP);
}

/* The return address is on top, RBP is as it was. */
static bool is_bare(const struct code_frame *frame)
{
	return (frame->flags & (CODE_RSP | CODE_CALLERS | CODE_SAVED)) ==
		       (CODE_RSP | CODE_CALLERS) &&
	       frame->rsp == ENTRY_BYTES;
}

/*
 * The x86-64 ABI has the outermost frame marked by a frame pointer of 0. That is what a thread does
 * that begins where the system call for it returns; else RBP would be the caller's.
 */
static void apply_xor(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	bool outermost = is_rbp(&applying->operands[0]) && is_rbp(&applying->operands[1]) &&
			 is_bare(frame) && (frame->flags & CODE_SYSTEM_CALL);

	apply_other(applying);
	if (outermost)
		frame->flags |= CODE_OUTERMOST;
}

typedef void (*apply_function)(struct applying *applying);

static apply_function apply_find(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
	case ZYDIS_MNEMONIC_PUSHFQ:
		return apply_push;
	case ZYDIS_MNEMONIC_POP:
	case ZYDIS_MNEMONIC_POPFQ:
		return apply_pop;
	case ZYDIS_MNEMONIC_MOV:
		return apply_mov;
	case ZYDIS_MNEMONIC_LEA:
		return apply_lea;
	case ZYDIS_MNEMONIC_ADD:
		return apply_add;
	case ZYDIS_MNEMONIC_SUB:
		return apply_sub;
	case ZYDIS_MNEMONIC_LEAVE:
		return apply_leave;
	case ZYDIS_MNEMONIC_XOR:
		return apply_xor;
	default:
		return apply_other;
	}
}

/* Prefixes that extend the numbers of registers, of whatever encoding. */
static bool extends_reg(const ZydisDecodedInstruction *instruction)
{
	return instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && instruction->raw.rex.R;
}

static bool extends_rm(const ZydisDecodedInstruction *instruction)
{
	return instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && instruction->raw.rex.B;
}

static bool is_number(unsigned int number)
{
	return number == RSP_NUMBER || number == RBP_NUMBER;
}

/*
 * Nearly all instructions have no RSP or RBP in a place where they could write or save it, which
 * is seen without looking at their operands.
 */
static bool may_matter(const ZydisDecodedInstruction *instruction)
{
	if (instruction->meta.category == ZYDIS_CATEGORY_PUSH ||
	    instruction->meta.category == ZYDIS_CATEGORY_POP ||
	    instruction->mnemonic == ZYDIS_MNEMONIC_LEAVE ||
	    instruction->mnemonic == ZYDIS_MNEMONIC_ENTER ||
	    instruction->mnemonic == ZYDIS_MNEMONIC_LEA)
		return true;
	if (!(instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM))
		return instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
		       is_number(instruction->opcode & 7) && !extends_rm(instruction);
	return (is_number(instruction->raw.modrm.reg) && !extends_reg(instruction)) ||
	       (instruction->raw.modrm.mod == 3 && is_number(instruction->raw.modrm.rm) &&
		!extends_rm(instruction)) ||
	       instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
}

static bool is_kept_by_calls(uint16_t reg)
{
	return reg == ZYDIS_REGISTER_RBX ||
	       (reg >= ZYDIS_REGISTER_R12 && reg <= ZYDIS_REGISTER_R15);
}

static bool apply(const struct code_decoder *decoder, const ZydisDecoderContext *context,
		  const ZydisDecodedInstruction *instruction, struct code_frame *frame)
{
	struct applying applying;

	if (!may_matter(instruction) && !(frame->flags & CODE_COPY))
		return true;
	applying.instruction = instruction;
	applying.frame = frame;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder->zydis, context, instruction,
						     applying.operands,
						     instruction->operand_count)))
		return false;
	apply_find(instruction->mnemonic)(&applying);
	return true;
}

/* What calls leave behind. */
static void apply_call(struct code_frame *frame)
{
	if ((frame->flags & CODE_COPY) && !is_kept_by_calls(frame->copy_register))
		lose(frame, CODE_COPY);
}

static void apply_system_call(struct code_frame *frame)
{
	apply_call(frame);
	if (is_bare(frame))
		frame->flags |= CODE_SYSTEM_CALL;
}

static uint64_t relative_target(const ZydisDecodedInstruction *instruction, uint64_t address)
{
	return address + instruction->length + (uint64_t)instruction->raw.imm[0].value.s;
}

static enum code_flow flow_to(const ZydisDecodedInstruction *instruction, uint64_t address,
			      enum code_flow relative, enum code_flow unknown, uint64_t *ret_target)
{
	if (!instruction->raw.imm[0].is_relative)
		return unknown;
	*ret_target = relative_target(instruction, address);
	return relative;
}

static enum code_flow flow_of(const ZydisDecodedInstruction *instruction, uint64_t address,
			      uint64_t *ret_target)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_COND_BR:
		return flow_to(instruction, address, CODE_BRANCH, CODE_STOP, ret_target);
	case ZYDIS_CATEGORY_UNCOND_BR:
		return flow_to(instruction, address, CODE_JUMP, CODE_JUMP_UNKNOWN, ret_target);
	case ZYDIS_CATEGORY_CALL:
		return flow_to(instruction, address, CODE_CALL, CODE_CALL_UNKNOWN, ret_target);
	case ZYDIS_CATEGORY_RET:
		return CODE_RETURN;
	default:
		break;
	}
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_INT3:
		return CODE_STOP;
	default:
		return CODE_ON;
	}
}

/* Relative to the next instruction. */
static bool is_rip_relative(const ZydisDecodedInstruction *instruction)
{
	return (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
	       instruction->raw.modrm.mod == 0 && instruction->raw.modrm.rm == NO_BASE;
}

static uint64_t mention_of(const ZydisDecodedInstruction *instruction, uint64_t address)
{
	if (instruction->mnemonic == ZYDIS_MNEMONIC_LEA && is_rip_relative(instruction))
		return address + instruction->length + (uint64_t)instruction->raw.disp.value;
	/* or a push of one, or a store to a structure */
	if (instruction->raw.imm[0].size >= 32 && !instruction->raw.imm[0].is_relative)
		return instruction->raw.imm[0].value.u;
	return 0;
}

static bool is_indexed(const ZydisDecodedInstruction *instruction, unsigned int scale)
{
	return (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM) &&
	       instruction->raw.modrm.mod != 3 && instruction->raw.modrm.rm == HAS_SIB &&
	       instruction->raw.sib.scale == scale;
}

static void part_find(const ZydisDecodedInstruction *instruction, struct code_step *step)
{
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_CMP:
		if (instruction->raw.imm[0].size > 0) {
			step->part = CODE_COMPARISON;
			step->number = instruction->raw.imm[0].value.u;
		}
		break;
	case ZYDIS_MNEMONIC_JNBE:
		step->part = CODE_ABOVE;
		break;
	case ZYDIS_MNEMONIC_JBE:
		step->part = CODE_NOT_ABOVE;
		break;
	case ZYDIS_MNEMONIC_MOVSXD:
		if (is_indexed(instruction, SCALE_4))
			step->part = CODE_OFFSET;
		break;
	case ZYDIS_MNEMONIC_JMP:
		if (is_indexed(instruction, SCALE_8) && instruction->raw.modrm.mod == 0 &&
		    instruction->raw.sib.base == NO_BASE) {
			step->part = CODE_INDEXED;
			step->number = (uint64_t)instruction->raw.disp.value;
		}
		break;
	default:
		break;
	}
}

/* Numbers of RBX, RBP and, with a prefix, R12 to R15. */
static bool is_prologue(const ZydisDecodedInstruction *instruction)
{
	unsigned int number = instruction->opcode & 7;

	if (instruction->mnemonic == ZYDIS_MNEMONIC_ENDBR64)
		return true;
	if (instruction->mnemonic != ZYDIS_MNEMONIC_PUSH ||
	    (instruction->attributes & ZYDIS_ATTRIB_HAS_MODRM) || instruction->raw.imm[0].size)
		return false;
	return extends_rm(instruction) ? number >= 4 : number == RBX_NUMBER || number == RBP_NUMBER;
}

void code_decoder_init(struct code_decoder *decoder)
{
	ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

static bool decode(const struct code_decoder *decoder, struct bytes code, uint64_t address,
		   ZydisDecoderContext *context, ZydisDecodedInstruction *instruction,
		   struct code_step *ret_step)
{
	struct code_step step = {};

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder->zydis, context, code.at,
							bytes_left(&code), instruction)))
		return false;
	step.length = instruction->length;
	step.flow = flow_of(instruction, address, &step.target);
	step.mentions = mention_of(instruction, address);
	part_find(instruction, &step);
	step.fills_up = instruction->meta.category == ZYDIS_CATEGORY_NOP ||
			instruction->meta.category == ZYDIS_CATEGORY_WIDENOP;
	step.is_prologue = is_prologue(instruction);
	*ret_step = step;
	return true;
}

bool code_step_read(const struct code_decoder *decoder, struct bytes code, uint64_t address,
		    struct code_step *ret_step)
{
	ZydisDecodedInstruction instruction;
	ZydisDecoderContext context;

	return decode(decoder, code, address, &context, &instruction, ret_step);
}

bool code_step(const struct code_decoder *decoder, struct bytes code, uint64_t address,
	       struct code_frame *frame, struct code_step *ret_step)
{
	ZydisDecodedInstruction instruction;
	ZydisDecoderContext context;

	if (!decode(decoder, code, address, &context, &instruction, ret_step))
		return false;
	if (instruction.mnemonic == ZYDIS_MNEMONIC_SYSCALL)
		apply_system_call(frame);
	else if (ret_step->flow == CODE_CALL || ret_step->flow == CODE_CALL_UNKNOWN)
		apply_call(frame);
	else if (ret_step->flow == CODE_ON)
		return apply(decoder, &context, &instruction, frame);
	return true;
}

/* --- where functions begin -------------------------------------------------------------------- */

/* RBX, RBP, R12 to R15, as bits by their numbers. */
#define CALLERS_REGISTERS 0xf028u

static unsigned int register_bit(ZydisRegister reg)
{
	reg = whole(reg);
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
		is_register(&operands[1], operands[0].reg.value));
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
	       frame->rsp == ENTRY_BYTES && memory_place(frame, operand, &place) &&
	       place <= ENTRY_BYTES;
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
