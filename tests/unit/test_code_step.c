// SPDX-License-Identifier: GPL-2.0-or-later
/* One instruction after the other, and what is known of the frame behind them. */
#include "test.h"

#include "symbols/code_begin.h"

#define ADDRESS 0x401000

/* A function's beginning. */
#define PUSH_RBP "\x55"
#define PUSH_RBX "\x53"
#define PUSH_R12 "\x41\x54"
#define PUSH_1 "\x6a\x01"
#define PUSHW_1 "\x66\x6a\x01"
#define POP_RBP "\x5d"
#define POP_RBX "\x5b"
#define MOV_RSP_RBP "\x48\x89\xe5"
#define MOV_RBP_RSP "\x48\x89\xec"
#define MOV_RSP_RAX "\x48\x89\xe0"
#define MOV_RAX_RSP "\x48\x89\xc4"
#define SUB_18_RSP "\x48\x83\xec\x18"
#define SUB_118_RSP "\x48\x81\xec\x18\x01\x00\x00"
#define ADD_18_RSP "\x48\x83\xc4\x18"
#define SUB_128_RSP "\x48\x83\xc4\x80" /* add $-128 */
#define SUB_RAX_RSP "\x48\x29\xc4"
#define ALIGN_RSP "\x48\x83\xe4\xf0"
#define LEA_18_BELOW_RBP_RSP "\x48\x8d\x65\xe8"
#define LEA_RSP_8_R10 "\x4c\x8d\x54\x24\x08"
#define LEA_RSP_16_RBP "\x48\x8d\x6c\x24\x10"
#define LEA_R10_8_RSP "\x49\x8d\x62\xf8"
#define STORE_RBP_8 "\x48\x89\x6c\x24\x08"
#define LOAD_RBP_8 "\x48\x8b\x6c\x24\x08"
#define STORE_RBX_8 "\x48\x89\x5c\x24\x08"
#define LEA_FAR_R11 "\x4c\x8d\x9c\x24\x00\x80\xfe\xff"
#define SUB_1000_RSP "\x48\x81\xec\x00\x10\x00\x00"
#define CMP_R11_RSP "\x4c\x39\xdc"
#define CMP_RAX_RSP "\x48\x39\xc4"
#define JNE_BACK "\x75\xef"
#define JE_BACK "\x74\xef"
#define JNE_ON "\x75\x02"
#define MOV_EDI_EBP "\x89\xfd"
#define CLEAR_EBP "\x31\xed"
#define CLEAR_RBP "\x48\x31\xed"
#define LEAVE "\xc9"
#define ENTER "\xc8\x10\x00\x00"
#define SWAP_RAX_RSP "\x48\x94"
#define SYSCALL "\x0f\x05"
#define MOV_5_R10 "\x41\xba\x05\x00\x00\x00"
#define LOAD_TLS_RBP "\x64\x48\x8b\x6d\x08"
#define CALL_RAX "\xff\xd0"
#define ENDBR64 "\xf3\x0f\x1e\xfa"
#define RET "\xc3"

static struct code_decoder decoder;

/* The frame behind all the instructions. */
static struct code_frame frame_behind_bytes(const char *code, size_t length)
{
	struct bytes bytes = bytes_of(code, length);
	struct code_frame frame = code_frame_entry;

	while (bytes_left(&bytes) > 0) {
		struct code_step step;

		assert_true(code_step(&decoder, bytes, ADDRESS, &frame, &step));
		bytes_take(&bytes, step.length);
	}
	return frame;
}

#define FRAME_BEHIND(code) frame_behind_bytes(code, sizeof(code) - 1)

static struct code_step step_of_bytes(const char *code, size_t length)
{
	struct code_frame frame = code_frame_entry;
	struct code_step step;

	assert_true(code_step(&decoder, bytes_of(code, length), ADDRESS, &frame, &step));
	assert_int_equal(step.length, length);
	return step;
}

#define STEP_OF(code) step_of_bytes(code, sizeof(code) - 1)

/* RSP is known, and that far below the CFA. */
static void assert_rsp(struct code_frame frame, int32_t bytes)
{
	assert_true(frame.flags & CODE_RSP);
	assert_int_equal(frame.rsp, bytes);
}

static void assert_rsp_unknown(struct code_frame frame)
{
	assert_false(frame.flags & CODE_RSP);
	assert_int_equal(frame.rsp, 0);
}

static void pushes_and_pops_move_the_stack_pointer(void **state)
{
	(void)state;
	assert_rsp(FRAME_BEHIND(""), 8);
	assert_rsp(FRAME_BEHIND(PUSH_RBX PUSH_R12), 24);
	assert_rsp(FRAME_BEHIND(PUSH_1 PUSH_1 POP_RBX), 16);
	assert_rsp(FRAME_BEHIND(PUSHW_1), 10);
	assert_rsp(FRAME_BEHIND(SUB_18_RSP), 0x20);
	assert_rsp(FRAME_BEHIND(SUB_118_RSP ADD_18_RSP), 0x108);
	assert_rsp(FRAME_BEHIND(SUB_128_RSP), 0x88);
	assert_rsp(FRAME_BEHIND(PUSH_RBX CALL_RAX SYSCALL), 16);
}

static void what_cannot_be_computed_is_not_known(void **state)
{
	(void)state;
	assert_rsp_unknown(FRAME_BEHIND(SUB_RAX_RSP));
	assert_rsp_unknown(FRAME_BEHIND(ALIGN_RSP));
	assert_rsp_unknown(FRAME_BEHIND(MOV_RAX_RSP));
	assert_rsp_unknown(FRAME_BEHIND(SWAP_RAX_RSP));
	assert_rsp_unknown(FRAME_BEHIND(ENTER));
	assert_false(FRAME_BEHIND(ENTER).flags & (CODE_RBP | CODE_CALLERS));
	assert_rsp_unknown(FRAME_BEHIND(SUB_RAX_RSP PUSH_RBX SUB_18_RSP));
}

static void a_frame_pointer_finds_the_stack_pointer_again(void **state)
{
	struct code_frame frame = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP SUB_RAX_RSP);

	(void)state;
	assert_int_equal(frame.flags, CODE_RBP | CODE_SAVED);
	assert_int_equal(frame.rbp, 16);
	assert_int_equal(frame.saved, 16);
	frame = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP SUB_RAX_RSP LEA_18_BELOW_RBP_RSP);
	assert_rsp(frame, 16 + 0x18);
	frame = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP ALIGN_RSP MOV_RBP_RSP);
	assert_rsp(frame, 16);
	frame = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP ALIGN_RSP LEAVE);
	assert_rsp(frame, 8);
	assert_true(frame.flags & CODE_CALLERS);
	frame = FRAME_BEHIND(PUSH_RBX SUB_18_RSP LEA_RSP_16_RBP);
	assert_int_equal(frame.rbp, 16 + 0x18 - 16);
}

static void the_callers_frame_pointer_is_followed_to_where_it_is_saved(void **state)
{
	struct code_frame frame;

	(void)state;
	assert_true(FRAME_BEHIND(PUSH_RBX).flags & CODE_CALLERS);
	frame = FRAME_BEHIND(PUSH_RBX PUSH_RBP MOV_EDI_EBP);
	assert_int_equal(frame.flags, CODE_RSP | CODE_SAVED);
	assert_int_equal(frame.saved, 24);
	frame = FRAME_BEHIND(PUSH_RBX PUSH_RBP MOV_EDI_EBP POP_RBP);
	assert_true(frame.flags & CODE_CALLERS);
	frame = FRAME_BEHIND(SUB_18_RSP STORE_RBP_8 CLEAR_EBP);
	assert_int_equal(frame.saved, 0x18);
	assert_false(frame.flags & CODE_CALLERS);
	frame = FRAME_BEHIND(SUB_18_RSP STORE_RBP_8 CLEAR_EBP LOAD_RBP_8);
	assert_true(frame.flags & CODE_CALLERS);
	/* of something else, or into something else */
	frame = FRAME_BEHIND(SUB_18_RSP STORE_RBX_8);
	assert_false(frame.flags & CODE_SAVED);
	frame = FRAME_BEHIND(PUSH_RBP MOV_EDI_EBP POP_RBX);
	assert_false(frame.flags & CODE_CALLERS);
	frame = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP LOAD_TLS_RBP);
	assert_false(frame.flags & (CODE_CALLERS | CODE_RBP));
}

static void a_copy_of_the_stack_pointer_lasts_until_it_is_overwritten(void **state)
{
	(void)state;
	assert_rsp(FRAME_BEHIND(LEA_RSP_8_R10 ALIGN_RSP LEA_R10_8_RSP), 8);
	assert_rsp(FRAME_BEHIND(PUSH_RBX MOV_RSP_RAX ALIGN_RSP MOV_RAX_RSP), 16);
	assert_rsp_unknown(FRAME_BEHIND(LEA_RSP_8_R10 ALIGN_RSP MOV_5_R10 LEA_R10_8_RSP));
	assert_rsp_unknown(FRAME_BEHIND(MOV_RSP_RAX ALIGN_RSP CALL_RAX MOV_RAX_RSP));
}

/* As -fstack-clash-protection has it: lea -0x18000(%rsp),%r11; 1: sub $0x1000,%rsp; ... jne 1b */
static void the_stack_pointer_is_where_a_loop_has_moved_it(void **state)
{
	struct code_frame frame = FRAME_BEHIND(LEA_FAR_R11 SUB_1000_RSP CMP_R11_RSP JNE_BACK);

	(void)state;
	assert_rsp(frame, 8 + 0x18000);
	/* the other way round, compared with something else, and not just before */
	assert_rsp(FRAME_BEHIND(LEA_FAR_R11 SUB_1000_RSP CMP_R11_RSP JE_BACK), 8 + 0x1000);
	assert_rsp(FRAME_BEHIND(LEA_FAR_R11 SUB_1000_RSP CMP_RAX_RSP JNE_BACK), 8 + 0x1000);
	assert_rsp(FRAME_BEHIND(LEA_FAR_R11 SUB_1000_RSP CMP_R11_RSP CMP_RAX_RSP JNE_BACK),
		   8 + 0x1000);
	assert_rsp(FRAME_BEHIND(LEA_FAR_R11 SUB_1000_RSP CMP_R11_RSP JNE_ON), 8 + 0x1000);
}

static void a_thread_begins_behind_a_system_call(void **state)
{
	(void)state;
	assert_true(FRAME_BEHIND(SYSCALL CLEAR_EBP).flags & CODE_OUTERMOST);
	assert_true(FRAME_BEHIND(SYSCALL CLEAR_RBP).flags & CODE_OUTERMOST);
	/* any function may have a zero in RBP that it has saved, or pass on one */
	assert_false(FRAME_BEHIND(CLEAR_EBP).flags & CODE_OUTERMOST);
	assert_false(FRAME_BEHIND(PUSH_RBP SYSCALL CLEAR_EBP).flags & CODE_OUTERMOST);
	assert_false(FRAME_BEHIND(PUSH_RBX SYSCALL CLEAR_EBP).flags & CODE_OUTERMOST);
	assert_false(FRAME_BEHIND(SYSCALL MOV_EDI_EBP).flags & CODE_OUTERMOST);
}

static void where_ways_meet_that_is_known_which_both_know(void **state)
{
	struct code_frame a = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP SUB_18_RSP);
	struct code_frame b = FRAME_BEHIND(PUSH_RBP MOV_RSP_RBP SUB_118_RSP);
	struct code_frame met = code_frame_meet(&a, &b);

	(void)state;
	assert_int_equal(met.flags, CODE_RBP | CODE_SAVED);
	assert_int_equal(met.rsp, 0);
	assert_int_equal(met.rbp, 16);
	met = code_frame_meet(&a, &a);
	assert_true(code_frame_equals(&met, &a));
	b = code_frame_entry;
	met = code_frame_meet(&a, &b);
	assert_int_equal(met.flags, 0);
	assert_true(code_frame_equals(&met, &(struct code_frame){}));
}

static void instructions_lead_where_they_lead(void **state)
{
	static const struct {
		const char *code;
		size_t length;
		enum code_flow flow;
		uint64_t target;
	} cases[] = {
		{RET, 1, CODE_RETURN, 0},
		{"\xf3\xc3", 2, CODE_RETURN, 0}, /* rep ret */
		{"\xc2\x10\x00", 3, CODE_RETURN, 0},
		{"\xf4", 1, CODE_STOP, 0}, /* hlt */
		{"\x0f\x0b", 2, CODE_STOP, 0},
		{"\xcc", 1, CODE_STOP, 0},
		{SYSCALL, 2, CODE_ON, 0},
		{"\xe8\x5f\x00\x00\x00", 5, CODE_CALL, ADDRESS + 5 + 0x5f},
		{"\xe8\xfb\xff\xff\xff", 5, CODE_CALL, ADDRESS},
		{CALL_RAX, 2, CODE_CALL_UNKNOWN, 0},
		{"\xff\x15\x00\x01\x00\x00", 6, CODE_CALL_UNKNOWN, 0}, /* call *0x100(%rip) */
		{"\xeb\x02", 2, CODE_JUMP, ADDRESS + 4},
		{"\xe9\x00\x01\x00\x00", 5, CODE_JUMP, ADDRESS + 0x105},
		{"\xff\xe0", 2, CODE_JUMP_UNKNOWN, 0},
		{"\x3e\xff\xe0", 3, CODE_JUMP_UNKNOWN, 0}, /* notrack */
		{"\x77\x02", 2, CODE_BRANCH, ADDRESS + 4},
		{"\x0f\x84\x00\x01\x00\x00", 6, CODE_BRANCH, ADDRESS + 0x106},
		{"\xe2\xfe", 2, CODE_BRANCH, ADDRESS}, /* loop */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct code_step step = step_of_bytes(cases[i].code, cases[i].length);

		assert_int_equal(step.flow, cases[i].flow);
		assert_int_equal(step.target, cases[i].target);
	}
}

static void tables_and_addresses_are_noted(void **state)
{
	struct code_step step = STEP_OF("\xff\x24\xc5\x00\x10\x00\x00");

	(void)state;
	assert_int_equal(step.part, CODE_INDEXED);
	assert_int_equal(step.number, 0x1000);
	step = STEP_OF("\x83\xff\x09"); /* cmp $9,%edi */
	assert_int_equal(step.part, CODE_COMPARISON);
	assert_int_equal(step.number, 9);
	assert_int_equal(STEP_OF("\x77\x02").part, CODE_ABOVE);
	assert_int_equal(STEP_OF("\x76\x02").part, CODE_NOT_ABOVE);
	assert_int_equal(STEP_OF("\x48\x63\x04\x82").part, CODE_OFFSET);
	assert_int_equal(STEP_OF("\x48\x8d\x3d\x00\x01\x00\x00").mentions, ADDRESS + 7 + 0x100);
	assert_int_equal(STEP_OF("\xbf\x00\x10\x40\x00").mentions, 0x401000);
	assert_int_equal(STEP_OF(LEA_RSP_8_R10).mentions, 0);
}

static void what_is_no_instruction_is_refused(void **state)
{
	struct code_frame frame = code_frame_entry;
	struct code_step step;

	(void)state;
	assert_false(code_step(&decoder, bytes_of("", 0), ADDRESS, &frame, &step));
	assert_false(code_step(&decoder, bytes_of("\x06", 1), ADDRESS, &frame, &step));
	/* the rest of it is not there */
	assert_false(code_step(&decoder, bytes_of("\xe8\x00\x00", 3), ADDRESS, &frame, &step));
}

#define BEGINS(code) code_begins_function(&decoder, bytes_of(code, sizeof(code) - 1))

static void functions_begin_without_using_what_is_their_callers(void **state)
{
	(void)state;
	assert_true(BEGINS(PUSH_RBX "\x48\x89\xfb" RET)); /* mov %rdi,%rbx */
	assert_true(BEGINS(ENDBR64 PUSH_RBP MOV_RSP_RBP RET));
	assert_true(BEGINS("\x31\xdb\x01\xd8" RET));            /* xor %ebx,%ebx; add %ebx,%eax */
	assert_true(BEGINS("\x48\x89\xf8" RET "\x01\xd8" RET)); /* behind its end */
	assert_true(BEGINS(SUB_18_RSP "\x48\x8b\x44\x24\x20" RET)); /* an argument on the stack */
	assert_false(BEGINS("\x01\xd8" RET));                       /* add %ebx,%eax */
	assert_false(BEGINS("\x48\x8b\x43\x08" RET));               /* mov 8(%rbx),%rax */
	assert_false(BEGINS("\x48\x8b\x44\x24\x18" RET));           /* mov 0x18(%rsp),%rax */
	assert_false(BEGINS("\x06"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_and_pops_move_the_stack_pointer),
		cmocka_unit_test(what_cannot_be_computed_is_not_known),
		cmocka_unit_test(a_frame_pointer_finds_the_stack_pointer_again),
		cmocka_unit_test(the_callers_frame_pointer_is_followed_to_where_it_is_saved),
		cmocka_unit_test(a_copy_of_the_stack_pointer_lasts_until_it_is_overwritten),
		cmocka_unit_test(the_stack_pointer_is_where_a_loop_has_moved_it),
		cmocka_unit_test(a_thread_begins_behind_a_system_call),
		cmocka_unit_test(where_ways_meet_that_is_known_which_both_know),
		cmocka_unit_test(instructions_lead_where_they_lead),
		cmocka_unit_test(tables_and_addresses_are_noted),
		cmocka_unit_test(what_is_no_instruction_is_refused),
		cmocka_unit_test(functions_begin_without_using_what_is_their_callers),
	};

	code_decoder_init(&decoder);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
