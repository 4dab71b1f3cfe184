// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/cfi_program.h"

#include <dwarf.h>

typedef void (*instruction_fn)(struct cfi_program *program);

static void rule_tell(struct cfi_program *program)
{
	const struct cfi_listener *listener = program->listener;

	if (listener && !program->error)
		program->error =
			listener->rule(listener->context, program->address, &program->rule);
}

/* Ends the program: from here on nothing is known of this function. */
static void rule_break(struct cfi_program *program)
{
	program->rule.broken = true;
	program->code.at = program->code.end;
}

static void advance_by(struct cfi_program *program, uint64_t steps)
{
	uint64_t distance;

	if (program->code.bad || __builtin_mul_overflow(steps, program->code_factor, &distance) ||
	    distance > program->end - program->address) {
		rule_break(program);
		return;
	}
	if (distance == 0)
		return;
	rule_tell(program);
	program->address += distance;
}

/* The registers a rule keeps; others have none, and nobody asks. */
static struct cfi_register *register_of(struct cfi_rule *rule, uint64_t number)
{
	if (number == CFI_RBP)
		return &rule->rbp;
	return number == CFI_RETURN_ADDRESS ? &rule->return_address : NULL;
}

static void register_set(struct cfi_program *program, uint64_t number, struct cfi_register value)
{
	struct cfi_register *place = register_of(&program->rule, number);

	if (place)
		*place = value;
}

static void register_restore(struct cfi_program *program, uint64_t number)
{
	struct cfi_rule initial = *program->initial;
	struct cfi_register *place = register_of(&initial, number);

	if (place)
		register_set(program, number, *place);
}

static void register_save_at(struct cfi_program *program, uint64_t number, int64_t factored)
{
	int64_t offset;

	if (__builtin_mul_overflow(factored, program->data_factor, &offset))
		rule_break(program);
	else
		register_set(program, number,
			     (struct cfi_register){.how = CFI_AT_CFA, .offset = offset});
}

/* An offset beyond what a signed number holds is no stack frame's. */
static int64_t unsigned_offset(struct cfi_program *program)
{
	return (int64_t)bytes_uleb128(&program->code);
}

static int64_t factored_offset(struct cfi_program *program)
{
	int64_t offset;

	if (__builtin_mul_overflow(bytes_sleb128(&program->code), program->data_factor, &offset))
		program->code.bad = true;
	return offset;
}

static struct bytes block(struct cfi_program *program)
{
	return bytes_take(&program->code, bytes_uleb128(&program->code));
}

static void cfa_set(struct cfi_program *program, uint64_t base, int64_t offset)
{
	program->rule.by_expression = false;
	program->rule.base = base;
	program->rule.offset = offset;
}

static void do_nop(struct cfi_program *program)
{
	(void)program;
}

static void do_advance1(struct cfi_program *program)
{
	advance_by(program, bytes_u8(&program->code));
}

static void do_advance2(struct cfi_program *program)
{
	advance_by(program, bytes_number(&program->code, 2));
}

static void do_advance4(struct cfi_program *program)
{
	advance_by(program, bytes_number(&program->code, 4));
}

static void do_offset_extended(struct cfi_program *program)
{
	uint64_t number = bytes_uleb128(&program->code);

	register_save_at(program, number, unsigned_offset(program));
}

static void do_offset_extended_sf(struct cfi_program *program)
{
	uint64_t number = bytes_uleb128(&program->code);

	register_save_at(program, number, bytes_sleb128(&program->code));
}

static void do_negative_offset(struct cfi_program *program)
{
	uint64_t number = bytes_uleb128(&program->code);

	register_save_at(program, number, -(int64_t)(bytes_uleb128(&program->code) >> 1 << 1));
}

static void do_restore_extended(struct cfi_program *program)
{
	register_restore(program, bytes_uleb128(&program->code));
}

static void do_undefined(struct cfi_program *program)
{
	register_set(program, bytes_uleb128(&program->code),
		     (struct cfi_register){.how = CFI_UNDEFINED});
}

static void do_same_value(struct cfi_program *program)
{
	register_set(program, bytes_uleb128(&program->code),
		     (struct cfi_register){.how = CFI_SAME});
}

/* Another register, or a value instead of a place: nothing that a row could say. */
static void do_other_number(struct cfi_program *program)
{
	uint64_t number = bytes_uleb128(&program->code);

	bytes_uleb128(&program->code);
	register_set(program, number, (struct cfi_register){.how = CFI_OTHERWISE});
}

static void do_expression(struct cfi_program *program)
{
	uint64_t number = bytes_uleb128(&program->code);

	register_set(program, number,
		     (struct cfi_register){.how = CFI_AT_EXPRESSION, .expression = block(program)});
}

static void do_val_expression(struct cfi_program *program)
{
	uint64_t number = bytes_uleb128(&program->code);

	block(program);
	register_set(program, number, (struct cfi_register){.how = CFI_OTHERWISE});
}

static void do_remember(struct cfi_program *program)
{
	if (program->state_count == CFI_STATES_MAX)
		rule_break(program);
	else
		program->states[program->state_count++] = program->rule;
}

static void do_restore_state(struct cfi_program *program)
{
	if (program->state_count == 0)
		rule_break(program);
	else
		program->rule = program->states[--program->state_count];
}

static void do_cfa(struct cfi_program *program)
{
	uint64_t base = bytes_uleb128(&program->code);

	cfa_set(program, base, unsigned_offset(program));
}

static void do_cfa_sf(struct cfi_program *program)
{
	uint64_t base = bytes_uleb128(&program->code);

	cfa_set(program, base, factored_offset(program));
}

static void do_cfa_register(struct cfi_program *program)
{
	cfa_set(program, bytes_uleb128(&program->code), program->rule.offset);
}

static void do_cfa_offset(struct cfi_program *program)
{
	cfa_set(program, program->rule.base, unsigned_offset(program));
}

static void do_cfa_offset_sf(struct cfi_program *program)
{
	cfa_set(program, program->rule.base, factored_offset(program));
}

static void do_cfa_expression(struct cfi_program *program)
{
	program->rule.by_expression = true;
	program->rule.expression = block(program);
}

/* The size of pushed arguments: of interest to who throws exceptions. */
static void do_args_size(struct cfi_program *program)
{
	bytes_uleb128(&program->code);
}

/* What is not here breaks the rule; no compiler for this machine has ever written DW_CFA_set_loc.
 */
static const instruction_fn instructions[0x40] = {
	[DW_CFA_nop] = do_nop,
	[DW_CFA_advance_loc1] = do_advance1,
	[DW_CFA_advance_loc2] = do_advance2,
	[DW_CFA_advance_loc4] = do_advance4,
	[DW_CFA_offset_extended] = do_offset_extended,
	[DW_CFA_restore_extended] = do_restore_extended,
	[DW_CFA_undefined] = do_undefined,
	[DW_CFA_same_value] = do_same_value,
	[DW_CFA_register] = do_other_number,
	[DW_CFA_remember_state] = do_remember,
	[DW_CFA_restore_state] = do_restore_state,
	[DW_CFA_def_cfa] = do_cfa,
	[DW_CFA_def_cfa_register] = do_cfa_register,
	[DW_CFA_def_cfa_offset] = do_cfa_offset,
	[DW_CFA_def_cfa_expression] = do_cfa_expression,
	[DW_CFA_expression] = do_expression,
	[DW_CFA_offset_extended_sf] = do_offset_extended_sf,
	[DW_CFA_def_cfa_sf] = do_cfa_sf,
	[DW_CFA_def_cfa_offset_sf] = do_cfa_offset_sf,
	[DW_CFA_val_offset] = do_other_number,
	[DW_CFA_val_offset_sf] = do_other_number,
	[DW_CFA_val_expression] = do_val_expression,
	[DW_CFA_GNU_args_size] = do_args_size,
	[DW_CFA_GNU_negative_offset_extended] = do_negative_offset,
};

/* Three instructions carry their first operand in the low six bits of their own byte. */
static void instruction_run(struct cfi_program *program)
{
	uint8_t byte = bytes_u8(&program->code), low = byte & 0x3f;

	switch (byte & 0xc0) {
	case DW_CFA_advance_loc:
		advance_by(program, low);
		break;
	case DW_CFA_offset:
		register_save_at(program, low, unsigned_offset(program));
		break;
	case DW_CFA_restore:
		register_restore(program, low);
		break;
	default:
		if (instructions[low])
			instructions[low](program);
		else
			rule_break(program);
	}
}

int cfi_program_run(struct cfi_program *program)
{
	while (!program->error && bytes_left(&program->code) > 0)
		instruction_run(program);
	if (program->code.bad)
		program->rule.broken = true;
	if (program->address < program->end)
		rule_tell(program);
	return program->error;
}
