// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_step.h"

#define WORD 8
/* Numbers of registers where an instruction encodes a register; prefixes extend them. */
#define RBX_NUMBER 3
#define RSP_NUMBER 4
#define RBP_NUMBER 5
/* A memory operand without a base register, and one that needs a SIB byte. */
#define NO_BASE 5
#define HAS_SIB 4
#define SCALE_8 3
#define SCALE_4 2

/* One instruction, and the frame it is applied to. */
struct applying {
	const ZydisDecodedInstruction *instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct code_frame *frame;
};

static void apply_push(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	bool known = frame->flags & CODE_RSP;

	code_register_set(frame, ZYDIS_REGISTER_RSP, known,
			  frame->rsp + applying->instruction->operand_width / 8);
	if (code_operand_is(&applying->operands[0], ZYDIS_REGISTER_RBP))
		code_rbp_store(frame, known, frame->rsp);
}

static void apply_pop(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	const ZydisDecodedOperand *target = &applying->operands[0];
	bool known = frame->flags & CODE_RSP;
	int32_t place = frame->rsp;

	code_register_set(frame, ZYDIS_REGISTER_RSP, known,
			  place - applying->instruction->operand_width / 8);
	if (code_operand_is(target, ZYDIS_REGISTER_RBP))
		code_rbp_load(frame, known, place);
	else if (target->type == ZYDIS_OPERAND_TYPE_REGISTER)
		code_register_lose(frame, target->reg.value);
}

static void apply_mov(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	const ZydisDecodedOperand *target = &applying->operands[0];
	const ZydisDecodedOperand *source = &applying->operands[1];
	int64_t place = 0;
	bool known;

	if (target->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		known = code_memory_place(frame, target, &place);
		if (code_operand_is(source, ZYDIS_REGISTER_RBP))
			code_rbp_store(frame, known, place);
	} else if (code_operand_is(target, ZYDIS_REGISTER_RBP) &&
		   source->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		known = code_memory_place(frame, source, &place);
		code_rbp_load(frame, known, place);
	} else {
		known = source->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			code_register_place(frame, source->reg.value, &place);
		code_register_set(frame, target->reg.value, known, place);
	}
}

/*
 * Addresses of variables are computed all the time. Of what is the CFA itself, to find it again; of
 * what lies below all of the frame, in R11, to have RSP reach it page by page.
 */
static bool is_kept(const struct code_frame *frame, ZydisRegister target, int64_t place)
{
	return target == ZYDIS_REGISTER_RSP || target == ZYDIS_REGISTER_RBP || place == 0 ||
	       (target == ZYDIS_REGISTER_R11 && place > frame->rsp);
}

static void apply_lea(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	ZydisRegister target = applying->operands[0].reg.value;
	int64_t place = 0;
	bool known = code_memory_place(frame, &applying->operands[1], &place);

	code_register_set(frame, target, known && is_kept(frame, target, place), place);
}

static void add(struct applying *applying, int64_t sign)
{
	const ZydisDecodedOperand *target = &applying->operands[0];
	const ZydisDecodedOperand *source = &applying->operands[1];
	int64_t place = 0;
	bool known;

	if (target->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return;
	known = source->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		code_register_place(applying->frame, target->reg.value, &place);
	code_register_set(applying->frame, target->reg.value, known,
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

	code_register_set(frame, ZYDIS_REGISTER_RSP, known, place - WORD);
	code_rbp_load(frame, known, place);
}

static void apply_cmp(struct applying *applying)
{
	if (code_operand_is(&applying->operands[0], ZYDIS_REGISTER_RSP) &&
	    applying->operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
		code_rsp_compare(applying->frame, applying->operands[1].reg.value);
}

/* Whatever else: what it writes to is not known any more. */
static void apply_other(struct applying *applying)
{
	for (int i = 0; i < applying->instruction->operand_count; i++) {
		const ZydisDecodedOperand *operand = &applying->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			code_register_lose(applying->frame, operand->reg.value);
	}
}

/* Also the half that clears the other one. */
static bool is_rbp(const ZydisDecodedOperand *operand)
{
	return code_operand_is(operand, ZYDIS_REGISTER_RBP) ||
	       code_operand_is(operand, ZYDIS_REGISTER_EBP);
}

/*
 * The x86-64 ABI has the outermost frame marked by a frame pointer of 0. That is what a thread does
 * that begins where the system call for it returns; else RBP would be the caller's.
 */
static void apply_xor(struct applying *applying)
{
	struct code_frame *frame = applying->frame;
	bool outermost = is_rbp(&applying->operands[0]) && is_rbp(&applying->operands[1]) &&
			 code_frame_is_bare(frame) && (frame->flags & CODE_SYSTEM_CALL);

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
	case ZYDIS_MNEMONIC_CMP:
		return apply_cmp;
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
	bool was_compared;

	if (!decode(decoder, code, address, &context, &instruction, ret_step))
		return false;
	was_compared = frame->flags & CODE_COMPARED;
	frame->flags &= (uint16_t)~CODE_COMPARED;
	if (instruction.mnemonic == ZYDIS_MNEMONIC_SYSCALL)
		code_frame_system_call(frame);
	else if (ret_step->flow == CODE_CALL || ret_step->flow == CODE_CALL_UNKNOWN)
		code_frame_call(frame);
	else if (was_compared && instruction.mnemonic == ZYDIS_MNEMONIC_JNZ &&
		 ret_step->target < address)
		code_rsp_reach(frame);
	else if (ret_step->flow == CODE_ON)
		return apply(decoder, &context, &instruction, frame);
	return true;
}
