// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read off instructions is what compilers say in call frame information, or it is not said.
 */
#include "symbols_fixture.h"

#include <errno.h>
#include <glob.h>

#include "rows_fixture.h"
#include "symbols/image_code.h"
#include "symbols/image_unwind.h"

/* --- programs that have both ------------------------------------------------------------------ */

/* How the frames of a file's instructions compare with its call frame information. */
struct judgement {
	size_t same, unknown, different;
	uint64_t code_bytes, walked_bytes;
};

/* Both may be right about RBP: what is saved may also still be in the register. */
static bool rbp_is_same(const struct code_frame *frame, uint32_t rule)
{
	switch (OT_RULE_RBP(rule)) {
	case OT_RBP_SAME:
		return frame->flags & CODE_CALLERS;
	case OT_RBP_AT_CFA:
		return (frame->flags & CODE_SAVED) && frame->saved == -8 * OT_RULE_RBP_WORDS(rule);
	default:
		return true;
	}
}

/* Of what they say by one register only the other one may be known. */
static bool is_known(const struct code_place *place, uint32_t rule)
{
	return place->understood &&
	       (place->frame.flags & (OT_RULE_CFA(rule) == OT_CFA_RBP ? CODE_RBP : CODE_RSP));
}

static bool is_same(const struct code_frame *frame, uint32_t rule)
{
	int32_t bytes = OT_RULE_CFA(rule) == OT_CFA_RBP ? frame->rbp : frame->rsp;

	return bytes == 8 * (int32_t)OT_RULE_CFA_WORDS(rule) && rbp_is_same(frame, rule);
}

static void place_judge(const struct code_place *place, uint32_t rule, struct judgement *judgement)
{
	judgement->walked_bytes += place->length;
	if (OT_RULE_CFA(rule) != OT_CFA_RSP && OT_RULE_CFA(rule) != OT_CFA_RBP)
		return;
	if (!is_known(place, rule))
		judgement->unknown++;
	else if (is_same(&place->frame, rule))
		judgement->same++;
	else
		judgement->different++;
}

static void range_judge(const struct code_walk *walk, const struct code_range *range,
			const struct unwind_rows *rows, uint64_t base, struct judgement *judgement)
{
	struct code_place place = {.address = range->start};

	judgement->code_bytes += range->end - range->start;
	while (code_walk_next(walk, place.address, range->end, &place)) {
		place_judge(&place, rows_rule_at(rows, place.address - base), judgement);
		place.address += place.length;
	}
}

/* Walks all of a program's code, as if nothing were known of it but symbols and what it is itself.
 */
static void file_judge(const char *path, struct judgement *judgement)
{
	_cleanup_(code_walk_freep) struct code_walk *walk = NULL;
	_cleanup_(code_image_release) struct code_image code = {};
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(image_closep) struct image *image = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct code_source source;
	struct unwind_text text;

	if (fd < 0) {
		print_message("skipped: there is no %s here\n", path);
		skip();
	}
	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_text(image, &text), 0);
	assert_int_equal(image_unwind_rows(image, &rows), 0);
	image_code_source(image, &source);
	assert_int_equal(image_code_load(image, &code), 0);
	assert_int_equal(code_rows_walk(&code, source.executable, source.count, &walk), 0);
	for (size_t i = 0; i < source.count; i++)
		range_judge(walk, &source.executable[i], &rows, text.base, judgement);
}

/* All in a thousand: what may be wrong, what may be unknown, and how much must be walked to. */
static void compare(const char *pattern, size_t most_different, size_t most_unknown,
		    size_t least_walked)
{
	struct judgement judgement = {};
	size_t total;
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0) {
		print_message("skipped: there is no %s here\n", pattern);
		skip();
	}
	file_judge(found.gl_pathv[0], &judgement);
	total = judgement.same + judgement.unknown + judgement.different;
	print_message("%s: %zu instructions, %.3f %% same, %.3f %% unknown, %zu different,"
		      " %.1f %% of the code\n",
		      found.gl_pathv[0], total, 100.0 * (double)judgement.same / (double)total,
		      100.0 * (double)judgement.unknown / (double)total, judgement.different,
		      100.0 * (double)judgement.walked_bytes / (double)judgement.code_bytes);
	globfree(&found);
	assert_true(total > 10000);
	assert_in_range(judgement.different * 1000, 0, total * most_different);
	assert_in_range(judgement.unknown * 1000, 0, total * most_unknown);
	assert_in_range(judgement.walked_bytes * 1000, judgement.code_bytes * least_walked,
			UINT64_MAX);
}

/* The two functions of it that differ change RBP in assembly that does not say so. */
static void libc_has_the_frames_that_it_says(void **state)
{
	(void)state;
	compare("/lib/*-linux-gnu/libc.so.6", 1, 50, 850);
}

static void libstdcxx_has_the_frames_that_it_says(void **state)
{
	(void)state;
	compare("/usr/lib/*-linux-gnu/libstdc++.so.6", 1, 10, 850);
}

static void python_has_the_frames_that_it_says(void **state)
{
	(void)state;
	compare("/usr/bin/python3", 1, 30, 900);
}

static void redis_has_the_frames_that_it_says(void **state)
{
	(void)state;
	compare("/usr/bin/redis-server", 1, 10, 850);
}

static void perl_has_the_frames_that_it_says(void **state)
{
	(void)state;
	compare("/usr/bin/perl", 1, 10, 850);
}

static void the_shell_has_the_frames_that_it_says(void **state)
{
	(void)state;
	compare("/bin/bash", 1, 10, 850);
}

/* --- code made by hand ------------------------------------------------------------------------ */

#define TEXT 0x401000
#define DATA 0x500000
#define TEXT_BYTES 4096
#define DATA_BYTES 256

/* A program of one section of code, which traps wherever nothing was put, and one of data. */
struct program {
	uint8_t text[TEXT_BYTES];
	uint64_t data[DATA_BYTES / sizeof(uint64_t)];
	struct code_image image;
	struct code_walk *walk;
	struct code_source source;
};

static void program_begin(struct program *program)
{
	*program = (struct program){};
	memset(program->text, 0xcc, sizeof(program->text));
}

static void put(struct program *program, uint64_t address, const char *code, size_t length)
{
	memcpy(program->text + (address - TEXT), code, length);
}

#define PUT(program, address, code) put(program, address, code, sizeof(code) - 1)

static void image_fill(struct code_image *image, struct program *program)
{
	image->sections[0] =
		(struct code_section){TEXT, bytes_of(program->text, sizeof(program->text)), true};
	image->sections[1] =
		(struct code_section){DATA, bytes_of(program->data, sizeof(program->data)), false};
	image->count = 2;
	image->entry = program->image.entry;
}

static void program_walk(struct program *program)
{
	static const struct code_range all = {TEXT, TEXT + TEXT_BYTES};

	image_fill(&program->image, program);
	assert_int_equal(code_rows_walk(&program->image, &all, 1, &program->walk), 0);
}

static void program_end(struct program *program)
{
	if (program->walk)
		code_walk_free(program->walk);
	code_image_release(&program->image);
}

static struct code_place place_at(const struct program *program, uint64_t address)
{
	struct code_place place;

	assert_true(code_walk_next(program->walk, address, address + 1, &place));
	return place;
}

static void assert_not_walked(const struct program *program, uint64_t address)
{
	struct code_place place;

	assert_false(code_walk_next(program->walk, address, address + 1, &place));
}

static void assert_rsp(const struct program *program, uint64_t address, int32_t bytes)
{
	struct code_place place = place_at(program, address);

	assert_true(place.understood);
	assert_true(place.frame.flags & CODE_RSP);
	assert_int_equal(place.frame.rsp, bytes);
}

#define CALL_FROM(from, to)                                                                     \
	((const uint8_t[]){0xe8, (uint8_t)((to) - (from)-5), (uint8_t)(((to) - (from)-5) >> 8), \
			   (uint8_t)(((to) - (from)-5) >> 16),                                  \
			   (uint8_t)(((to) - (from)-5) >> 24)})

static void put_call(struct program *program, uint64_t from, uint64_t to)
{
	put(program, from, (const char *)CALL_FROM(from, to), 5);
}

static void epilogues_in_the_middle_are_followed(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	put_call(&program, TEXT + 0x100, TEXT);
	/* push %rbx; test %edi,%edi; je 1f; pop %rbx; ret; 1: sub $16,%rsp; add $16,%rsp; pop; ret
	 */
	PUT(&program, TEXT, "\x53\x85\xff\x74\x02\x5b\xc3\x48\x83\xec\x10\x48\x83\xc4\x10\x5b\xc3");
	program_walk(&program);
	assert_rsp(&program, TEXT, 8);
	assert_rsp(&program, TEXT + 5, 16);
	assert_rsp(&program, TEXT + 6, 8);
	assert_rsp(&program, TEXT + 7, 16);
	assert_rsp(&program, TEXT + 11, 32);
	assert_rsp(&program, TEXT + 16, 8);
	assert_not_walked(&program, TEXT + 17);
	assert_true(place_at(&program, TEXT + 0x100).frame.flags & CODE_OUTERMOST);
	program_end(&program);
}

static void nothing_is_said_where_ways_do_not_agree(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	put_call(&program, TEXT + 0x100, TEXT);
	/* je 1f; push %rbx; 1: nop; hlt */
	PUT(&program, TEXT, "\x74\x01\x53\x90\xf4");
	program_walk(&program);
	assert_rsp(&program, TEXT + 2, 8);
	assert_false(place_at(&program, TEXT + 3).frame.flags & CODE_RSP);
	program_end(&program);
}

static void a_function_that_returns_with_another_frame_is_not_understood(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	put_call(&program, TEXT + 0x100, TEXT);
	PUT(&program, TEXT, "\x53\x90\xc3"); /* push %rbx; nop; ret */
	program_walk(&program);
	assert_false(place_at(&program, TEXT + 1).understood);
	program_end(&program);
}

/* Two functions, of which the second one is behind a call in the first one that does not return. */
static void what_follows_a_call_that_does_not_return_is_other_code(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	put_call(&program, TEXT + 0x100, TEXT);
	PUT(&program, TEXT, "\x53"); /* push %rbx; call 0x40; and then nothing of it */
	put_call(&program, TEXT + 1, TEXT + 0x40);
	PUT(&program, TEXT + 6, "\x90\xc3");
	/* 0x40: call 0x80; 0x80: 1: syscall; jmp 1b */
	put_call(&program, TEXT + 0x40, TEXT + 0x80);
	PUT(&program, TEXT + 0x80, "\x0f\x05\xeb\xfc");
	program_walk(&program);
	assert_rsp(&program, TEXT + 1, 16);
	assert_rsp(&program, TEXT + 0x80, 8);
	assert_not_walked(&program, TEXT + 6);
	program_end(&program);
}

static void recursion_returns_if_it_can(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	put_call(&program, TEXT + 0x100, TEXT);
	/* test %edi,%edi; je 1f; push %rbx; call 0; pop %rbx; 1: ret */
	PUT(&program, TEXT, "\x85\xff\x74\x07\x53");
	put_call(&program, TEXT + 5, TEXT);
	PUT(&program, TEXT + 10, "\x5b\xc3");
	program_walk(&program);
	assert_rsp(&program, TEXT + 10, 16);
	assert_rsp(&program, TEXT + 11, 8);
	program_end(&program);
}

static void a_switch_leads_to_all_its_cases(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	put_call(&program, TEXT + 0x100, TEXT);
	/* push %rbx; cmp $1,%edi; ja 1f; jmp *0x500000(,%rdi,8); 1: pop %rbx; ret */
	PUT(&program, TEXT, "\x53\x83\xff\x01\x77\x07\xff\x24\xfd\x00\x00\x50\x00\x5b\xc3");
	PUT(&program, TEXT + 0x20, "\x50\x58\x5b\xc3"); /* push %rax; pop %rax; pop %rbx; ret */
	PUT(&program, TEXT + 0x30, "\x5b\xc3");
	program.data[0] = TEXT + 0x20;
	program.data[1] = TEXT + 0x30;
	program.data[2] = TEXT + 0x31;
	program_walk(&program);
	assert_rsp(&program, TEXT + 0x21, 24);
	assert_rsp(&program, TEXT + 0x30, 16);
	program_end(&program);
}

static void functions_that_something_points_to_are_found(void **state)
{
	struct program program;

	(void)state;
	program_begin(&program);
	program.image.entry = TEXT + 0x100;
	/* lea 0x401080(%rip),%rdi; call *%rax */
	PUT(&program, TEXT + 0x100, "\x48\x8d\x3d\x79\xff\xff\xff\xff\xd0");
	PUT(&program, TEXT + 0x80, "\x53\x5b\xc3");
	PUT(&program, TEXT + 0xc0, "\x55\x5d\xc3");
	program.data[3] = TEXT + 0xc0;
	/* in the middle of something: it uses what is its caller's */
	PUT(&program, TEXT + 0x200, "\x48\x89\xd8\xc3");
	program.data[4] = TEXT + 0x200;
	program_walk(&program);
	assert_rsp(&program, TEXT + 0x81, 16);
	assert_rsp(&program, TEXT + 0xc1, 16);
	assert_not_walked(&program, TEXT + 0x200);
	program_end(&program);
}

/* --- what is told ----------------------------------------------------------------------------- */

#define TOLD_MAX 64

struct told {
	size_t function_count, rule_count;
	struct {
		uint64_t address;
		struct cfi_rule rule;
	} rules[TOLD_MAX];
};

static int on_function(void *context, uint64_t start, uint64_t end)
{
	struct told *told = context;

	assert_true(start < end);
	told->function_count++;
	return 0;
}

static int on_rule(void *context, uint64_t address, const struct cfi_rule *rule)
{
	struct told *told = context;

	assert_true(told->rule_count < TOLD_MAX);
	told->rules[told->rule_count].address = address;
	told->rules[told->rule_count++].rule = *rule;
	return 0;
}

static int load(void *context, struct code_image *image)
{
	image_fill(image, context);
	return 0;
}

static struct bytes peek(void *context, const struct code_range *range)
{
	struct program *program = context;

	return bytes_of(program->text + (range->start - TEXT), range->end - range->start);
}

/* Tells what there is but for what is covered. */
static void program_tell(struct program *program, const struct code_range *covered, size_t count,
			 struct told *told)
{
	const struct cfi_listener listener = {on_function, on_rule, told};
	const struct code_source source = {
		.executable = {{TEXT, TEXT + TEXT_BYTES}},
		.count = 1,
		.peek = peek,
		.load = load,
		.context = program,
	};
	_cleanup_(code_gaps_release) struct code_gaps gaps = {.source = &source};

	*told = (struct told){};
	for (size_t i = 0; i < count; i++)
		assert_int_equal(code_gaps_cover(&gaps, covered[i].start, covered[i].end), 0);
	assert_int_equal(code_gaps_cover(&gaps, UINT64_MAX, UINT64_MAX), 0);
	assert_int_equal(code_gaps_tell(&gaps, &listener), 0);
}

/* The rule for an address. */
static struct cfi_rule rule_of(const struct told *told, uint64_t address)
{
	struct cfi_rule rule = {};

	for (size_t i = 0; i < told->rule_count && told->rules[i].address <= address; i++)
		rule = told->rules[i].rule;
	return rule;
}

/* A function that saves RBP, one that does not come back, one that returns from a signal. */
static void program_of_three(struct program *program)
{
	program_begin(program);
	program->image.entry = TEXT + 0x100;
	put_call(program, TEXT + 0x100, TEXT);
	PUT(program, TEXT, "\x55\x89\xfd\x5d\xc3"); /* push %rbp; mov %edi,%ebp; pop %rbp; ret */
	PUT(program, TEXT + 0x200, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05");
	program->data[0] = TEXT + 0x200;
	PUT(program, TEXT + 0x240, "\x53\x90\xc3");
	program->data[1] = TEXT + 0x240;
}

static void rules_say_where_the_caller_is(void **state)
{
	struct program program;
	struct cfi_rule rule;
	struct told told;

	(void)state;
	program_of_three(&program);
	program_tell(&program, NULL, 0, &told);
	rule = rule_of(&told, TEXT + 1);
	assert_false(rule.broken);
	assert_int_equal(rule.base, CFI_RSP);
	assert_int_equal(rule.offset, 16);
	assert_int_equal(rule.rbp.how, CFI_SAME);
	assert_int_equal(rule.return_address.how, CFI_AT_CFA);
	assert_int_equal(rule.return_address.offset, -8);
	rule = rule_of(&told, TEXT + 3);
	assert_int_equal(rule.rbp.how, CFI_AT_CFA);
	assert_int_equal(rule.rbp.offset, -16);
	assert_int_equal(rule_of(&told, TEXT + 0x101).return_address.how, CFI_UNDEFINED);
	/* a handler returns to its first byte, which is looked for one byte before */
	assert_true(rule_of(&told, TEXT + 0x1ff).signal_frame);
	assert_true(rule_of(&told, TEXT + 0x207).signal_frame);
	assert_true(rule_of(&told, TEXT + 0x241).broken);
}

static void what_is_covered_is_not_told_of(void **state)
{
	static const struct code_range covered[] = {{TEXT, TEXT + 0x100}};
	struct program program;
	struct told told;

	(void)state;
	program_of_three(&program);
	program_tell(&program, covered, 1, &told);
	assert_true(told.rule_count > 0);
	for (size_t i = 0; i < told.rule_count; i++)
		assert_true(told.rules[i].address >= TEXT + 0x100);
}

static void small_gaps_and_frame_pointers_are_left_alone(void **state)
{
	static const struct code_range covered[] = {{TEXT + 0x300, TEXT + TEXT_BYTES}};
	struct program program;
	struct told told;

	(void)state;
	program_of_three(&program);
	program_tell(&program, covered, 1, &told);
	assert_int_equal(told.function_count, 0);
	for (uint64_t address = TEXT + 0x800; address < TEXT + TEXT_BYTES; address += 0x100)
		PUT(&program, address, "\x55\x48\x89\xe5\x5d\xc3");
	program_tell(&program, NULL, 0, &told);
	assert_int_equal(told.function_count, 0);
}

/* --- code that nobody compiled ---------------------------------------------------------------- */

#define HOSTILE_BYTES CODE_WALK_BYTES_MAX

/* Comes to an end, whatever it is: 0, or -E2BIG. */
static void hostile_walk(const uint8_t *text, const uint64_t *data, size_t data_count)
{
	static const struct code_range all = {TEXT, TEXT + HOSTILE_BYTES};
	_cleanup_(code_walk_freep) struct code_walk *walk = NULL;
	_cleanup_(code_image_release) struct code_image image = {
		.sections = {{TEXT, bytes_of(text, HOSTILE_BYTES), true},
			     {DATA << 4, bytes_of(data, data_count * sizeof(*data)), false}},
		.count = 2,
		.entry = TEXT,
	};
	int r = code_rows_walk(&image, &all, 1, &walk);

	assert_true(r == 0 || r == -E2BIG);
}

static void text_repeat(uint8_t *text, const char *code, size_t length)
{
	for (size_t i = 0; i + length <= HOSTILE_BYTES; i += length)
		memcpy(text + i, code, length);
}

static void code_of_any_kind_comes_to_an_end(void **state)
{
	static const struct {
		const char *code;
		size_t length;
	} kinds[] = {
		{"\x90", 1},                     /* one that never ends */
		{"\x74\x01", 2},                 /* branches into the middle of each other */
		{"\x74\xfe\x53", 3},             /* loops, each with another frame */
		{"\xe8\x00\x00\x00\x00", 5},     /* each calls the next one */
		{"\xe8\xfb\xff\xff\xff\x50", 6}, /* each calls itself */
		{"\xeb\x00\x53", 3},             /* each jumps to the next one */
		{"\x83\xff\x7f\x77\x00\xff\x24\xc5\x00\x00\x00\x05", 12}, /* tables of jumps */
		{"\x55\x48\x89\xe5\xc9\xe8\x01\x00\x00\x00", 10},
	};
	_cleanup_free_ uint8_t *text = malloc(HOSTILE_BYTES);
	_cleanup_free_ uint64_t *data = malloc(HOSTILE_BYTES);
	size_t count = HOSTILE_BYTES / sizeof(*data);

	(void)state;
	assert_non_null(text);
	assert_non_null(data);
	for (size_t i = 0; i < count; i++)
		data[i] = TEXT + i * 7919 % HOSTILE_BYTES;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		text_repeat(text, kinds[i].code, kinds[i].length);
		hostile_walk(text, data, count);
	}
	srandom(1);
	for (size_t i = 0; i < HOSTILE_BYTES; i++)
		text[i] = (uint8_t)random();
	hostile_walk(text, data, count);
}

static void more_code_than_can_be_walked_is_refused(void **state)
{
	static const struct code_range all = {TEXT, TEXT + HOSTILE_BYTES + 1};
	_cleanup_free_ uint8_t *text = calloc(1, HOSTILE_BYTES + 1);
	struct code_image image = {
		.sections = {{TEXT, bytes_of(text, HOSTILE_BYTES + 1), true}},
		.count = 1,
	};
	struct code_walk *walk = NULL;

	(void)state;
	assert_non_null(text);
	assert_int_equal(code_rows_walk(&image, &all, 1, &walk), -E2BIG);
	assert_null(walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_has_the_frames_that_it_says),
		cmocka_unit_test(libstdcxx_has_the_frames_that_it_says),
		cmocka_unit_test(python_has_the_frames_that_it_says),
		cmocka_unit_test(redis_has_the_frames_that_it_says),
		cmocka_unit_test(perl_has_the_frames_that_it_says),
		cmocka_unit_test(the_shell_has_the_frames_that_it_says),
		cmocka_unit_test(epilogues_in_the_middle_are_followed),
		cmocka_unit_test(nothing_is_said_where_ways_do_not_agree),
		cmocka_unit_test(a_function_that_returns_with_another_frame_is_not_understood),
		cmocka_unit_test(what_follows_a_call_that_does_not_return_is_other_code),
		cmocka_unit_test(recursion_returns_if_it_can),
		cmocka_unit_test(a_switch_leads_to_all_its_cases),
		cmocka_unit_test(functions_that_something_points_to_are_found),
		cmocka_unit_test(rules_say_where_the_caller_is),
		cmocka_unit_test(what_is_covered_is_not_told_of),
		cmocka_unit_test(small_gaps_and_frame_pointers_are_left_alone),
		cmocka_unit_test(code_of_any_kind_comes_to_an_end),
		cmocka_unit_test(more_code_than_can_be_walked_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
