// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks walked by unwind rows: our own, and made-up ones whose every word is known. */
#include "test.h"

#include <execinfo.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>

#include "base/sysroot.h"
#include "capture/procfs.h"
#include "capture/unwinder.h"
#include "symbols/image_unwind.h"

#define TABLES 64

struct fixture {
	struct ot_unwind_table table_map[TABLES];
	struct unwind_tables *tables;
};

static int open_tables(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct unwind_store store = {
		.segments_fd = -1,
		.tables = fixture->table_map,
		.table_count = TABLES,
		.segment_limit = 4,
	};

	assert_int_equal(unwind_tables_new(&store, &fixture->tables), 0);
	*state = fixture;
	return 0;
}

static int close_tables(void **state)
{
	struct fixture *fixture = *state;

	unwind_tables_free(fixture->tables);
	free(fixture);
	return 0;
}

/* --- a stack whose every word is known ---------------------------------------------------- */

#define TEXT 0x400000
#define STACK 0x7f0000000000
#define WORDS 8192

/* Each word of the stack is its own number, as an address that no module has. */
#define WORD(n) (0x1000 + (n))

static void words_make(__u64 *words)
{
	for (int i = 0; i < WORDS; i++)
		words[i] = WORD(i);
}

static struct unwinder_input input_at(uint64_t ip, const __u64 *words,
				      const struct ot_code_mapping *code, size_t count)
{
	return (struct unwinder_input){
		.ip = ip,
		.sp = STACK,
		.words = words,
		.words_at = STACK,
		.word_count = WORDS,
		.code = code,
		.code_count = count,
	};
}

/* A module of one page for each rule, in the order given. */
static size_t add_module(struct fixture *fixture, const uint32_t *rules, size_t count,
			 const struct ot_dictionary_entry *dictionary, size_t dictionary_count,
			 uint32_t flags, struct ot_code_mapping *ret_code)
{
	uint64_t rows[16];
	struct ot_unwind_page pages[16];
	const struct module_rows module = {
		.rows = rows,
		.row_count = count,
		.pages = pages,
		.page_count = count,
		.dictionary = dictionary,
		.dictionary_count = dictionary_count,
		.flags = flags,
	};
	struct unwind_parts parts;

	for (size_t i = 0; i < count; i++) {
		rows[i] = OT_ROW(i << OT_UNWIND_PAGE_SHIFT, rules[i]);
		pages[i] = (struct ot_unwind_page){i, i};
	}
	assert_int_equal(unwind_tables_add(fixture->tables, &module, &parts), 0);
	assert_int_equal(parts.count, 1);
	*ret_code = (struct ot_code_mapping){
		.start = TEXT,
		.end = TEXT + (count << OT_UNWIND_PAGE_SHIFT),
		.base = TEXT,
		.table = parts.items[0].table,
		.code = OT_CODE_ROWS,
	};
	free(parts.items);
	return 1;
}

#define PAGE(n) (TEXT + ((n) << OT_UNWIND_PAGE_SHIFT) + 8)

static void each_rule_finds_its_caller(void **state)
{
	const uint32_t rules[] = {
		OT_RULE(OT_CFA_RSP, 3, OT_RBP_SAME, 0),    /* 0: its caller is word 2 */
		OT_RULE(OT_CFA_RSP, 5, OT_RBP_AT_CFA, -2), /* 1: word 7, RBP is word 6 */
		OT_RULE(OT_CFA_RBP, 2, OT_RBP_AT_CFA, -2), /* 2: by RBP, which is word 11 */
		OT_RULE(OT_CFA_END, 0, OT_RBP_SAME, 0),    /* 3: the entry */
	};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 4, NULL, 0, 0, &code);
	words_make(words);
	words[2] = PAGE(1);
	words[6] = STACK + 11 * 8;
	words[7] = PAGE(2);
	words[12] = PAGE(3);
	input = input_at(PAGE(0), words, &code, 1);
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_COMPLETE);
	assert_int_equal(stack.frame_count, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(stack.frames[i], PAGE(i));
}

static void a_plt_stub_has_pushed_one_word_or_none(void **state)
{
	const struct ot_dictionary_entry plt = {.kind = OT_DICTIONARY_PLT, .n = 11};
	const uint32_t rules[] = {OT_RULE(OT_CFA_DICTIONARY, 0, OT_RBP_SAME, 0)};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 1, &plt, 1, 0, &code);
	words_make(words);
	input = input_at(TEXT + 0x10, words, &code, 1);
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.frames[1], WORD(0));
	input.ip = TEXT + 0x1b;
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.frames[1], WORD(1));
}

static void a_realigned_stack_keeps_its_cfa_in_memory(void **state)
{
	const struct ot_dictionary_entry entry = {
		.kind = OT_DICTIONARY_DEREF_RBP, .offset = -8, .offset2 = 16};
	const uint32_t rules[] = {OT_RULE(OT_CFA_DICTIONARY, 0, OT_RBP_SAME, 0)};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 1, &entry, 1, 0, &code);
	words_make(words);
	words[9] = STACK + 20 * 8;
	input = input_at(TEXT, words, &code, 1);
	input.bp = STACK + 10 * 8;
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.frames[1], WORD(21));
}

static void a_signal_frame_leads_to_what_it_interrupted(void **state)
{
	const uint32_t rules[] = {
		OT_RULE(OT_CFA_SIGNAL, 0, OT_RBP_SAME, 0),
		/* 1: only the row that begins at the very address is right */
		OT_RULE(OT_CFA_END, 0, OT_RBP_SAME, 0),
	};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 2, NULL, 0, 0, &code);
	words_make(words);
	words[160 / 8] = STACK + 8 * 100;
	words[168 / 8] = TEXT + (1 << OT_UNWIND_PAGE_SHIFT);
	input = input_at(PAGE(0), words, &code, 1);
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_COMPLETE);
	assert_int_equal(stack.frame_count, 2);
}

static void code_without_rows_is_crossed_by_frame_pointer(void **state)
{
	const struct ot_code_mapping jit = {
		.start = TEXT, .end = TEXT + 0x1000, .code = OT_CODE_NO_ROWS};
	struct fixture *fixture = *state;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	words_make(words);
	words[4] = 0;
	words[5] = TEXT + 0x20;
	input = input_at(TEXT + 0x10, words, &jit, 1);
	input.bp = STACK + 4 * 8;
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_COMPLETE);
	assert_int_equal(stack.frame_count, 2);
	input.bp = 12345;
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_NO_DATA);
}

static void go_may_change_stacks_under_its_frame_pointers(void **state)
{
	const uint32_t rules[] = {OT_RULE(OT_CFA_NONE, 0, OT_RBP_SAME, 0)};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 1, NULL, 0, OT_UNWIND_GO, &code);
	words_make(words);
	words[0] = 0;
	words[1] = TEXT + 0x30;
	input = input_at(TEXT, words, &code, 1);
	input.sp = STACK + 8 * 500;
	input.bp = STACK;
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_COMPLETE);
	assert_int_equal(stack.frame_count, 2);
}

static void what_is_missing_is_said(void **state)
{
	const uint32_t rules[] = {
		OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_SAME, 0),
		OT_RULE(OT_CFA_RSP, 0, OT_RBP_SAME, 0),
		OT_RULE(OT_CFA_RSP, 60000, OT_RBP_SAME, 0),
		OT_RULE(OT_CFA_DICTIONARY, 7, OT_RBP_SAME, 0),
	};
	const enum ot_stack_end ends[] = {
		OT_STACK_END_UNSUPPORTED,
		OT_STACK_END_BROKEN,
		OT_STACK_END_UNREADABLE,
		OT_STACK_END_UNSUPPORTED,
	};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 4, NULL, 0, 0, &code);
	words_make(words);
	for (int i = 0; i < 4; i++) {
		input = input_at(PAGE(i), words, &code, 1);
		unwinder_walk(fixture->tables, &input, &stack);
		assert_int_equal(stack.end, ends[i]);
	}
	input = input_at(PAGE(0), words, NULL, 0);
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_NOT_LOADED);
}

static void a_stack_without_end_is_cut_at_its_root(void **state)
{
	const uint32_t rules[] = {OT_RULE(OT_CFA_RSP, 1, OT_RBP_SAME, 0)};
	struct fixture *fixture = *state;
	struct ot_code_mapping code;
	struct unwinder_stack stack;
	struct unwinder_input input;
	__u64 words[WORDS];

	add_module(fixture, rules, 1, NULL, 0, 0, &code);
	for (int i = 0; i < WORDS; i++)
		words[i] = TEXT + 8;
	input = input_at(TEXT, words, &code, 1);
	unwinder_walk(fixture->tables, &input, &stack);
	assert_int_equal(stack.end, OT_STACK_END_TRUNCATED);
	assert_int_equal(stack.frame_count, OT_MAX_FRAMES);
}

/* --- tables ------------------------------------------------------------------------------- */

/* One row for each 4 bytes, whose rule is its number modulo MANY_RULES. */
#define MANY_ROWS 600000u
#define MANY_PAGES (MANY_ROWS / 1024)
#define MANY_RULES 1000u

static struct module_rows many_rows(void)
{
	struct ot_unwind_page *pages = calloc(MANY_PAGES, sizeof(*pages));
	uint64_t *rows = calloc(MANY_ROWS, sizeof(*rows));

	for (uint32_t i = 0; i < MANY_ROWS; i++)
		rows[i] = OT_ROW(i * 4, OT_RULE(OT_CFA_RSP, i % MANY_RULES + 1, OT_RBP_SAME, 0));
	for (uint32_t i = 0; i < MANY_PAGES; i++)
		pages[i] = (struct ot_unwind_page){i * 1024, i * 1024 + 1023};
	return (struct module_rows){
		.rows = rows, .row_count = MANY_ROWS, .pages = pages, .page_count = MANY_PAGES};
}

static void many_free(struct module_rows *rows)
{
	free((void *)rows->rows);
	free((void *)rows->pages);
}

static void check_many(const struct fixture *fixture, const struct unwind_parts *parts)
{
	__u64 words[WORDS];

	words_make(words);
	for (uint32_t row = 0; row < MANY_PAGES * 1024; row += 37) {
		struct ot_code_mapping code[8];
		struct unwinder_stack stack;
		struct unwinder_input input;

		for (size_t i = 0; i < parts->count; i++)
			code[i] = (struct ot_code_mapping){
				.start = TEXT + parts->items[i].start,
				.end = TEXT + parts->items[i].end,
				.base = TEXT,
				.table = parts->items[i].table,
				.code = OT_CODE_ROWS,
			};
		input = input_at(TEXT + row * 4 + 3, words, code, parts->count);
		unwinder_walk(fixture->tables, &input, &stack);
		assert_int_equal(stack.frames[1], WORD(row % MANY_RULES));
	}
}

static void a_module_larger_than_a_segment_is_cut_and_still_found(void **state)
{
	struct fixture *fixture = *state;
	struct module_rows rows = many_rows();
	struct unwind_parts parts;

	assert_int_equal(unwind_tables_add(fixture->tables, &rows, &parts), 0);
	assert_int_equal(parts.count, 3);
	check_many(fixture, &parts);
	free(parts.items);
	many_free(&rows);
}

static void room_that_was_given_back_is_used_again(void **state)
{
	struct fixture *fixture = *state;
	struct module_rows rows = many_rows();
	struct unwind_parts parts, refused;

	for (int turn = 0; turn < 50; turn++) {
		assert_int_equal(unwind_tables_add(fixture->tables, &rows, &parts), 0);
		/* there is room for four segments, and two of these take more */
		assert_int_equal(unwind_tables_add(fixture->tables, &rows, &refused), -ENOSPC);
		unwind_tables_drop(fixture->tables, &parts);
	}
	assert_int_equal(unwind_tables_add(fixture->tables, &rows, &parts), 0);
	check_many(fixture, &parts);
	free(parts.items);
	many_free(&rows);
}

/* --- our own stack ------------------------------------------------------------------------ */

struct own_code {
	struct fixture *fixture;
	struct ot_code_mapping code[64];
	size_t count;
	uint64_t stack_end;
};

static int add_own(const struct proc_mapping *mapping, void *context)
{
	struct own_code *own = context;
	_cleanup_close_ int fd = mapping->executable ? open(mapping->path, O_RDONLY) : -1;
	struct image *image;
	struct segments segments;
	struct unwind_rows built = {0};
	struct unwind_text text;
	struct unwind_parts parts;
	uint64_t address;

	if (strcmp(mapping->path, "[stack]") == 0)
		own->stack_end = mapping->end;
	if (fd < 0 || image_open(fd, &image))
		return 0;
	assert_int_equal(image_text(image, &text), 0);
	assert_int_equal(image_segments(image, &segments), 0);
	assert_true(segments_address(&segments, mapping->offset, &address));
	assert_int_equal(image_unwind_rows(image, &built), 0);
	const struct module_rows rows = {
		.rows = built.rows,
		.row_count = built.row_count,
		.pages = built.pages,
		.page_count = built.page_count,
		.dictionary = built.dictionary.entries,
		.dictionary_count = built.dictionary.count,
	};
	assert_int_equal(unwind_tables_add(own->fixture->tables, &rows, &parts), 0);
	assert_int_equal(parts.count, 1);
	own->code[own->count++] = (struct ot_code_mapping){
		.start = mapping->start,
		.end = mapping->end,
		.base = mapping->start - (address - text.base),
		.table = parts.items[0].table,
		.code = OT_CODE_ROWS,
	};
	free(parts.items);
	unwind_rows_release(&built);
	image_close(image);
	return 0;
}

struct own_stack {
	struct own_code *own;
	struct unwinder_stack walked;
	void *judged[OT_MAX_FRAMES];
	int judged_count;
};

/* What glibc's own unwinder says is compared with, and the bytes are copied before they change. */
static __attribute__((noinline)) void take_own(struct own_stack *stack)
{
	static __u64 words[WORDS];
	ucontext_t here;
	struct unwinder_input input = {
		.words = words,
		.code = stack->own->code,
		.code_count = stack->own->count,
	};

	stack->judged_count = backtrace(stack->judged, OT_MAX_FRAMES);
	getcontext(&here);
	input.ip = here.uc_mcontext.gregs[REG_RIP];
	input.sp = here.uc_mcontext.gregs[REG_RSP];
	input.bp = here.uc_mcontext.gregs[REG_RBP];
	input.words_at = input.sp;
	input.word_count = (stack->own->stack_end - input.sp) / sizeof(words[0]);
	if (input.word_count > WORDS)
		input.word_count = WORDS;
	memcpy(words, (const void *)input.sp, input.word_count * sizeof(words[0]));
	unwinder_walk(stack->own->fixture->tables, &input, &stack->walked);
}

static int by_number(const void *a, const void *b)
{
	take_own(*(struct own_stack **)a);
	return a < b ? -1 : 1;
}

/* Through libc: qsort calls back. */
static void our_own_stack_is_what_glibc_says(void **state)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	struct own_code own = {.fixture = *state};
	struct own_stack stack = {.own = &own};
	struct own_stack *items[2] = {&stack, &stack};

	assert_int_equal(sysroot_open_host(&root), 0);
	assert_int_equal(procfs_each_mapping(&root, getpid(), add_own, &own), 0);
	qsort(items, 2, sizeof(items[0]), by_number);
	assert_int_equal(stack.walked.end, OT_STACK_END_COMPLETE);
	assert_int_equal(stack.walked.frame_count, stack.judged_count);
	assert_true(stack.judged_count > 6);
	/* the first is take_own() itself, at two places */
	for (int i = 1; i < stack.judged_count; i++)
		assert_ptr_equal((void *)stack.walked.frames[i], stack.judged[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_tables, close_tables)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_rule_finds_its_caller),
		TEST(a_plt_stub_has_pushed_one_word_or_none),
		TEST(a_realigned_stack_keeps_its_cfa_in_memory),
		TEST(a_signal_frame_leads_to_what_it_interrupted),
		TEST(code_without_rows_is_crossed_by_frame_pointer),
		TEST(go_may_change_stacks_under_its_frame_pointers),
		TEST(what_is_missing_is_said),
		TEST(a_stack_without_end_is_cut_at_its_root),
		TEST(a_module_larger_than_a_segment_is_cut_and_still_found),
		TEST(room_that_was_given_back_is_used_again),
		TEST(our_own_stack_is_what_glibc_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
