// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwind rows say what libdw says, for every address of the programs that ship. */
#include "symbols_fixture.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <glob.h>

#include "symbols/image_unwind.h"

/* What libdw knows of one file: of .eh_frame, and of .debug_frame. */
struct oracle {
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *eh_frame;
	Dwarf_CFI *debug_frame;
};

static void oracle_open(int fd, struct oracle *oracle)
{
	elf_version(EV_CURRENT);
	oracle->elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(oracle->elf);
	oracle->eh_frame = dwarf_getcfi_elf(oracle->elf);
	oracle->dwarf = dwarf_begin_elf(oracle->elf, DWARF_C_READ, NULL);
	oracle->debug_frame = oracle->dwarf ? dwarf_getcfi(oracle->dwarf) : NULL;
}

static void oracle_close(struct oracle *oracle)
{
	dwarf_end(oracle->dwarf);
	if (oracle->eh_frame)
		dwarf_cfi_end(oracle->eh_frame);
	elf_end(oracle->elf);
}

static Dwarf_Frame *oracle_frame(const struct oracle *oracle, uint64_t address)
{
	Dwarf_Frame *frame = NULL;

	if (oracle->eh_frame && dwarf_cfi_addrframe(oracle->eh_frame, address, &frame) == 0)
		return frame;
	if (oracle->debug_frame && dwarf_cfi_addrframe(oracle->debug_frame, address, &frame) == 0)
		return frame;
	return NULL;
}

static void open_file(const char *path, struct image **ret_image, int *ret_fd)
{
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret_fd < 0) {
		print_message("skipped: there is no %s here\n", path);
		skip();
	}
	assert_int_equal(image_open(*ret_fd, ret_image), 0);
}

/* One operation, as libdw gives a CFA or a saved register: register number and offset. */
struct place {
	bool simple;
	uint64_t base;
	int64_t offset;
};

static struct place place_of(const Dwarf_Op *operations, size_t count)
{
	struct place place = {};

	if (count == 1 && operations->atom == DW_OP_bregx)
		place = (struct place){true, operations->number, (int64_t)operations->number2};
	else if (count == 1 && operations->atom >= DW_OP_breg0 && operations->atom <= DW_OP_breg31)
		place = (struct place){true, operations->atom - DW_OP_breg0,
				       (int64_t)operations->number};
	return place;
}

/* The CFA of a row, if it is a register and an offset. */
static struct place row_cfa(uint32_t rule, const struct unwind_dictionary *dictionary)
{
	const struct ot_dictionary_entry *entry = &dictionary->entries[OT_RULE_CFA_WORDS(rule)];

	switch (OT_RULE_CFA(rule)) {
	case OT_CFA_RSP:
		return (struct place){true, CFI_RSP, 8 * (int64_t)OT_RULE_CFA_WORDS(rule)};
	case OT_CFA_RBP:
		return (struct place){true, CFI_RBP, 8 * (int64_t)OT_RULE_CFA_WORDS(rule)};
	case OT_CFA_DICTIONARY:
		assert_in_range(OT_RULE_CFA_WORDS(rule), 0, dictionary->count - 1);
		if (entry->kind == OT_DICTIONARY_LARGE || entry->kind == OT_DICTIONARY_REGISTER)
			return (struct place){true, entry->reg, entry->offset};
		return (struct place){};
	default:
		return (struct place){};
	}
}

/* Does libdw agree that the return address is undefined here? */
static bool ends_here(Dwarf_Frame *frame)
{
	Dwarf_Op memory[3], *operations;
	size_t count;

	return dwarf_frame_register(frame, CFI_RETURN_ADDRESS, memory, &operations, &count) == 0 &&
	       count == 0 && operations == memory;
}

static bool rbp_agrees(Dwarf_Frame *frame, uint32_t rule)
{
	Dwarf_Op memory[3], *operations;
	size_t count;

	assert_int_equal(dwarf_frame_register(frame, CFI_RBP, memory, &operations, &count), 0);
	switch (OT_RULE_RBP(rule)) {
	case OT_RBP_SAME:
		return count == 0 && operations == NULL;
	case OT_RBP_AT_CFA:
		if (count == 1)
			return operations->atom == DW_OP_call_frame_cfa &&
			       OT_RULE_RBP_WORDS(rule) == 0;
		return count == 2 && operations[0].atom == DW_OP_call_frame_cfa &&
		       operations[1].atom == DW_OP_plus_uconst &&
		       (int64_t)operations[1].number == 8 * OT_RULE_RBP_WORDS(rule);
	case OT_RBP_RESERVED: {
		/* libdw pushes the CFA first, as the standard has it, and nobody pops it */
		struct place place = place_of(operations + 1, count - 1);

		return operations->atom == DW_OP_call_frame_cfa && place.simple &&
		       place.base == CFI_RBP && place.offset == 8 * OT_RULE_RBP_WORDS(rule);
	}
	default:
		return count != 0 || operations == memory;
	}
}

/* `has_bare_code`: where libdw knows nothing its instructions were read (test_code_rows). */
static bool row_agrees(Dwarf_Frame *frame, uint32_t rule,
		       const struct unwind_dictionary *dictionary, bool has_bare_code)
{
	Dwarf_Op *operations;
	struct place theirs, ours = row_cfa(rule, dictionary);
	size_t count;

	if (!frame)
		return has_bare_code || OT_RULE_CFA(rule) == OT_CFA_NONE ||
		       OT_RULE_CFA(rule) == OT_CFA_END;
	if (OT_RULE_CFA(rule) == OT_CFA_END)
		return ends_here(frame);
	if (dwarf_frame_cfa(frame, &operations, &count) < 0)
		return OT_RULE_CFA(rule) == OT_CFA_UNSUPPORTED;
	theirs = place_of(operations, count);
	if (theirs.simple != ours.simple)
		return OT_RULE_CFA(rule) == OT_CFA_UNSUPPORTED;
	if (theirs.simple && (theirs.base != ours.base || theirs.offset != ours.offset))
		return false;
	return OT_RULE_CFA(rule) == OT_CFA_SIGNAL || rbp_agrees(frame, rule);
}

/* Compares at the first address of each row. Returns how many rows nothing can be said with. */
static size_t rows_compare(const char *path, const struct unwind_rows *rows, uint64_t base,
			   const struct oracle *oracle, bool has_bare_code)
{
	size_t unsupported = 0;

	for (size_t i = 0; i < rows->row_count; i++) {
		uint32_t rule = (uint32_t)rows->rows[i];
		_cleanup_free_ Dwarf_Frame *frame =
			oracle_frame(oracle, base + OT_ROW_PC(rows->rows[i]));

		unsupported += OT_RULE_CFA(rule) == OT_CFA_UNSUPPORTED;
		if (!row_agrees(frame, rule, &rows->dictionary, has_bare_code))
			fail_msg("%s: row %zu, 0x%" PRIx64 ": rule %08x", path, i,
				 base + OT_ROW_PC(rows->rows[i]), rule);
	}
	return unsupported;
}

static void assert_rows_are_searchable(const struct unwind_rows *rows)
{
	for (size_t i = 1; i < rows->row_count; i++) {
		assert_true(OT_ROW_PC(rows->rows[i - 1]) < OT_ROW_PC(rows->rows[i]));
		assert_int_not_equal((uint32_t)rows->rows[i - 1], (uint32_t)rows->rows[i]);
	}
	assert_int_equal(OT_ROW_PC(rows->rows[0]), 0);
	for (size_t i = 0; i < rows->page_count; i++) {
		uint64_t start = i << OT_UNWIND_PAGE_SHIFT;
		const struct ot_unwind_page *page = &rows->pages[i];

		assert_true(page->first <= page->last && page->last < rows->row_count);
		assert_true(OT_ROW_PC(rows->rows[page->first]) <= start);
		assert_true(page->last + 1 == rows->row_count ||
			    OT_ROW_PC(rows->rows[page->last + 1]) >=
				    start + (1 << OT_UNWIND_PAGE_SHIFT));
	}
}

/* `most_unsupported` is what a thousand rows may hold of rules that no row can say. */
static void compare_file(const char *path, size_t least_rows, size_t most_unsupported,
			 bool has_bare_code)
{
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(image_closep) struct image *image = NULL;
	struct unwind_text text;
	struct oracle oracle = {};
	_cleanup_close_ int fd = -1;
	size_t unsupported;

	open_file(path, &image, &fd);
	assert_int_equal(image_text(image, &text), 0);
	assert_int_equal(image_unwind_rows(image, &rows), 0);
	assert_in_range(rows.row_count, least_rows, UNWIND_ROWS_MAX);
	assert_rows_are_searchable(&rows);
	oracle_open(fd, &oracle);
	unsupported = rows_compare(path, &rows, text.base, &oracle, has_bare_code);
	oracle_close(&oracle);
	print_message("%s: %zu rows, %zu unsupported, %u in the dictionary\n", path, rows.row_count,
		      unsupported, rows.dictionary.count);
	assert_in_range(unsupported, 0, rows.row_count * most_unsupported / 1000);
}

static void compare_first(const char *pattern, size_t least_rows, size_t most_unsupported,
			  bool has_bare_code)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0) {
		print_message("skipped: there is no %s here\n", pattern);
		skip();
	}
	compare_file(found.gl_pathv[0], least_rows, most_unsupported, has_bare_code);
	globfree(&found);
}

static void libc_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/lib/*-linux-gnu/libc.so.6", 10000, 1, false);
}

static void libstdcxx_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/usr/lib/*-linux-gnu/libstdc++.so.6", 10000, 0, false);
}

static void the_dynamic_linker_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/lib64/ld-linux-x86-64.so.2", 1000, 1, false);
}

static void python_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/usr/bin/python3*", 10000, 0, false);
}

static void perl_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/usr/bin/perl", 10000, 0, false);
}

static void redis_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/usr/bin/redis-server", 10000, 0, false);
}

static void node_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/usr/bin/node", 100000, 1, false);
}

static void libcrypto_has_the_rows_that_libdw_has(void **state)
{
	(void)state;
	compare_first("/usr/lib/*-linux-gnu/libcrypto.so.3", 10000, 1, true);
}

static void go_has_the_rows_of_its_debug_frame(void **state)
{
	char path[256], command[600];

	snprintf(path, sizeof(path), "%s/hello", (char *)*state);
	snprintf(command, sizeof(command),
		 "cd %s && echo 'package main;func main(){println(1)}' >hello.go &&"
		 " HOME=%s GOCACHE=%s/cache go build -o hello hello.go 2>/dev/null",
		 (char *)*state, (char *)*state, (char *)*state);
	if (system(command) != 0) {
		print_message("skipped: there is no go here\n");
		skip();
	}
	compare_file(path, 1000, 1, false);
}

/* --- made by hand ----------------------------------------------------------------------------- */

#define TEXT_BASE 0x1000

/* A growing .eh_frame. */
struct frames {
	uint8_t *bytes;
	size_t size, capacity;
};

static void put(struct frames *frames, const void *bytes, size_t size)
{
	if (frames->size + size > frames->capacity) {
		frames->capacity = 2 * (frames->size + size);
		frames->bytes = realloc(frames->bytes, frames->capacity);
		assert_non_null(frames->bytes);
	}
	if (size > 0)
		memcpy(frames->bytes + frames->size, bytes, size);
	frames->size += size;
}

static void put_u32(struct frames *frames, uint32_t number)
{
	put(frames, &number, sizeof(number));
}

static void frames_release(struct frames *frames)
{
	free(frames->bytes);
}

/* What compilers write: "zR", absolute 4-byte pointers, CFA = RSP + 8, return address below it. */
static void put_common(struct frames *frames)
{
	static const uint8_t common[] = {1,
					 'z',
					 'R',
					 0,
					 1,
					 0x78,
					 16,
					 1,
					 DW_EH_PE_udata4,
					 DW_CFA_def_cfa,
					 7,
					 8,
					 DW_CFA_offset | 16,
					 1,
					 0,
					 0};

	put_u32(frames, 4 + sizeof(common));
	put_u32(frames, 0);
	put(frames, common, sizeof(common));
}

static void put_function(struct frames *frames, uint32_t start, uint32_t length,
			 const uint8_t *code, size_t size)
{
	put_u32(frames, (uint32_t)(4 + 8 + 1 + size));
	put_u32(frames, (uint32_t)frames->size);
	put_u32(frames, start);
	put_u32(frames, length);
	put(frames, "", 1);
	put(frames, code, size);
}

static int build(const struct frames *frames, size_t size, uint64_t text_bytes,
		 struct unwind_rows *ret_rows)
{
	const struct unwind_text text = {TEXT_BASE, text_bytes, 0};
	/* of the very size, so that a sanitizer sees what is read beyond it */
	_cleanup_free_ uint8_t *copy = malloc(size ? size : 1);
	struct cfi_section section = {.address = 0x100000, .is_eh_frame = true};

	assert_non_null(copy);
	memcpy(copy, frames->bytes, size);
	section.bytes = bytes_of(copy, size);
	return unwind_rows_build(&text, &section, 1, NULL, ret_rows);
}

static void assert_row(const struct unwind_rows *rows, size_t index, uint32_t pc, uint32_t rule)
{
	assert_in_range(index, 0, rows->row_count - 1);
	assert_int_equal(rows->rows[index], OT_ROW(pc, rule));
}

#define ON_ENTRY OT_RULE(OT_CFA_RSP, 1, OT_RBP_SAME, 0)
#define PUSHED_RBP OT_RULE(OT_CFA_RSP, 2, OT_RBP_AT_CFA, -2)
#define NOTHING OT_RULE(OT_CFA_NONE, 0, OT_RBP_SAME, 0)

static const uint8_t push_rbp[] = {DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16,
				   DW_CFA_offset | 6, 2};

static void gaps_are_said_and_padding_is_not(void **state)
{
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};

	(void)state;
	put_common(&frames);
	put_function(&frames, TEXT_BASE + 0x40, 0x1c, push_rbp, sizeof(push_rbp));
	put_function(&frames, TEXT_BASE + 0x60, 0x20, push_rbp, sizeof(push_rbp));
	assert_int_equal(build(&frames, frames.size, 0x2000, &rows), 0);
	assert_row(&rows, 0, 0, NOTHING);
	assert_row(&rows, 1, 0x40, ON_ENTRY);
	assert_row(&rows, 2, 0x41, PUSHED_RBP);
	assert_row(&rows, 3, 0x60, ON_ENTRY);
	assert_row(&rows, 4, 0x61, PUSHED_RBP);
	assert_row(&rows, 5, 0x80, NOTHING);
	assert_int_equal(rows.row_count, 6);
	assert_rows_are_searchable(&rows);
}

/* Linkers leave functions behind that they discarded; two claims to one address are not two rows.
 */
static void overlapping_and_discarded_functions_are_left_out(void **state)
{
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};

	(void)state;
	put_common(&frames);
	put_function(&frames, 0, 0x10, push_rbp, sizeof(push_rbp));
	put_function(&frames, TEXT_BASE + 0x20, 0x40, NULL, 0);
	put_function(&frames, TEXT_BASE, 0x30, push_rbp, sizeof(push_rbp));
	put_function(&frames, TEXT_BASE + 0xff0, 0x1000, NULL, 0);
	assert_int_equal(build(&frames, frames.size, 0x1000, &rows), 0);
	assert_row(&rows, 0, 0, ON_ENTRY);
	assert_row(&rows, 1, 1, PUSHED_RBP);
	assert_row(&rows, 2, 0x30, ON_ENTRY);
	assert_row(&rows, 3, 0x60, NOTHING);
	assert_int_equal(rows.row_count, 4);
}

static void a_bad_instruction_spoils_the_rest_of_its_function_alone(void **state)
{
	static const uint8_t bad[] = {DW_CFA_advance_loc | 4, 0x3e};
	static const uint8_t unbalanced[] = {DW_CFA_advance_loc | 4, DW_CFA_restore_state};
	static const uint8_t too_far[] = {DW_CFA_advance_loc4, 0, 0, 0, 1};
	const uint32_t unsupported = OT_RULE(OT_CFA_UNSUPPORTED, 0, OT_RBP_LOST, 0);
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};

	(void)state;
	put_common(&frames);
	put_function(&frames, TEXT_BASE, 0x10, bad, sizeof(bad));
	put_function(&frames, TEXT_BASE + 0x10, 0x10, unbalanced, sizeof(unbalanced));
	put_function(&frames, TEXT_BASE + 0x20, 0x10, too_far, sizeof(too_far));
	put_function(&frames, TEXT_BASE + 0x30, 0x10, NULL, 0);
	assert_int_equal(build(&frames, frames.size, 0x40, &rows), 0);
	assert_row(&rows, 0, 0, ON_ENTRY);
	assert_row(&rows, 1, 4, unsupported);
	assert_row(&rows, 2, 0x10, ON_ENTRY);
	assert_row(&rows, 3, 0x14, unsupported);
	assert_row(&rows, 4, 0x30, ON_ENTRY);
	assert_int_equal(rows.row_count, 5);
}

/* Wherever it is cut, what is left is read and nothing else. */
static void a_truncated_section_gives_what_it_still_holds(void **state)
{
	_cleanup_(frames_release) struct frames frames = {};
	size_t last = 0;

	(void)state;
	put_common(&frames);
	for (uint32_t i = 0; i < 4; i++)
		put_function(&frames, TEXT_BASE + 0x40 * i, 0x40, push_rbp, sizeof(push_rbp));
	for (size_t size = 0; size <= frames.size; size++) {
		_cleanup_(unwind_rows_release) struct unwind_rows rows = {};

		assert_int_equal(build(&frames, size, 0x1000, &rows), 0);
		assert_true(rows.row_count >= last);
		last = rows.row_count;
	}
	assert_int_equal(last, 9);
}

/* A common part whose string has no end, referred to by a hundred thousand functions. */
static void an_endless_string_costs_nothing(void **state)
{
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};
	static uint8_t letters[1 << 20];

	(void)state;
	memset(letters, 'z', sizeof(letters));
	put_u32(&frames, 4 + 1 + sizeof(letters));
	put_u32(&frames, 0);
	put(&frames, "\1", 1);
	put(&frames, letters, sizeof(letters));
	for (uint32_t i = 0; i < 100000; i++)
		put_function(&frames, TEXT_BASE + i, 1, NULL, 0);
	assert_int_equal(build(&frames, frames.size, 0x100000, &rows), 0);
	assert_int_equal(rows.row_count, 0);
}

/* "zRRRR…": each letter takes what is not there, and letters nobody knows end it. */
static void augmentations_that_lie_cost_their_functions_alone(void **state)
{
	static const char *const letters[] = {"zRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR",
					      "zPPPPPPPPPPPPPPP",
					      "zLLLLLLLLLLLLLLLL",
					      "R",
					      "zX",
					      "eh",
					      "\xff\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++) {
		_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
		_cleanup_(frames_release) struct frames frames = {};
		size_t length = strlen(letters[i]) + 1;

		put_u32(&frames, (uint32_t)(4 + 1 + length + 3));
		put_u32(&frames, 0);
		put(&frames, "\1", 1);
		put(&frames, letters[i], length);
		put(&frames, "\1\x78\x10", 3);
		for (uint32_t j = 0; j < 1000; j++)
			put_function(&frames, TEXT_BASE + j, 1, NULL, 0);
		assert_int_equal(build(&frames, frames.size, 0x1000, &rows), 0);
	}
}

/* A function whose common part is itself, or the function before, which has the one after. */
/* Each digit of their addresses counts, and of two at one address the first one is believed. */
static void functions_may_come_in_any_order(void **state)
{
	static const uint32_t places[] = {0x40000000, 0x500000, 0x40500000, 0x1000, 0x30, 0x501000};
	static const uint32_t sorted[] = {0x30, 0x1000, 0x500000, 0x501000, 0x40000000, 0x40500000};
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};

	(void)state;
	put_common(&frames);
	for (size_t i = 0; i < 6; i++) {
		put_function(&frames, TEXT_BASE + places[i], 0x20, push_rbp, sizeof(push_rbp));
		put_function(&frames, TEXT_BASE + places[i], 0x20, NULL, 0);
	}
	assert_int_equal(build(&frames, frames.size, 0x50000000, &rows), 0);
	assert_int_equal(rows.row_count, 1 + 6 * 3);
	for (size_t i = 0; i < 6; i++) {
		assert_row(&rows, 1 + 3 * i, sorted[i], ON_ENTRY);
		assert_row(&rows, 2 + 3 * i, sorted[i] + 1, PUSHED_RBP);
		assert_row(&rows, 3 + 3 * i, sorted[i] + 0x20, NOTHING);
	}
}

static void functions_in_a_circle_have_no_rows(void **state)
{
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		put_u32(&frames, 4 + 16);
		/* back to itself; to the one before; to the one after */
		put_u32(&frames, i % 3 == 0 ? 4 : i % 3 == 1 ? 28 : (uint32_t)-20);
		for (int word = 0; word < 4; word++)
			put_u32(&frames, 0x10);
	}
	assert_int_equal(build(&frames, frames.size, 0x1000, &rows), 0);
	assert_int_equal(rows.row_count, 0);
}

static void ten_million_rows_are_refused(void **state)
{
	static const uint8_t two[] = {DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16,
				      DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 8};
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};
	_cleanup_free_ uint8_t *code = malloc(5000000 * sizeof(two));

	(void)state;
	assert_non_null(code);
	for (size_t i = 0; i < 5000000; i++)
		memcpy(code + i * sizeof(two), two, sizeof(two));
	put_common(&frames);
	put_function(&frames, TEXT_BASE, 0x7fffffff, code, 5000000 * sizeof(two));
	assert_int_equal(build(&frames, frames.size, 0x80000000, &rows), -E2BIG);
	assert_null(rows.rows);
}

/* Rules that no row can say go to the dictionary, each once. */
static void rules_that_do_not_fit_go_to_the_dictionary(void **state)
{
	static const uint8_t plt[] = {DW_CFA_def_cfa_expression,
				      11,
				      DW_OP_breg7,
				      8,
				      DW_OP_breg16,
				      0,
				      DW_OP_lit15,
				      DW_OP_and,
				      DW_OP_lit11,
				      DW_OP_ge,
				      DW_OP_lit3,
				      DW_OP_shl,
				      DW_OP_plus};
	static const uint8_t deref[] = {DW_CFA_def_cfa_expression,
					6,
					DW_OP_breg7,
					0xf0,
					0,
					DW_OP_deref,
					DW_OP_lit8,
					DW_OP_plus};
	static const uint8_t realigned[] = {
		DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78,        DW_OP_deref,
		DW_CFA_expression,         6, 2,           DW_OP_breg6, 0};
	static const uint8_t large[] = {DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x10};
	static const uint8_t other[] = {DW_CFA_def_cfa, 10, 16};
	static const struct {
		const uint8_t *code;
		size_t size;
		struct ot_dictionary_entry entry;
	} cases[] = {
		{plt, 13, {OT_DICTIONARY_PLT, CFI_RSP, 11, 0, 0, 0}},
		{deref, sizeof(deref), {OT_DICTIONARY_DEREF_RSP, CFI_RSP, 0, 0x70, 8, 0}},
		{realigned,
		 sizeof(realigned),
		 {OT_DICTIONARY_DEREF_RBP, CFI_RBP, 0, -8, 0, OT_RULE(0, 0, OT_RBP_RESERVED, 0)}},
		{large, sizeof(large), {OT_DICTIONARY_LARGE, CFI_RSP, 0, 0x2000000, 0, 0}},
		{other, sizeof(other), {OT_DICTIONARY_REGISTER, 10, 0, 16, 0, 0}},
	};
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};
	const uint32_t count = sizeof(cases) / sizeof(*cases);

	(void)state;
	put_common(&frames);
	for (uint32_t i = 0; i < 2 * count; i++)
		put_function(&frames, TEXT_BASE + 0x10 * i, 0x10, cases[i % count].code,
			     cases[i % count].size);
	assert_int_equal(build(&frames, frames.size, 0x1000, &rows), 0);
	assert_int_equal(rows.dictionary.count, count);
	for (uint32_t i = 0; i < count; i++) {
		assert_memory_equal(&rows.dictionary.entries[i], &cases[i].entry,
				    sizeof(cases[i].entry));
		assert_row(&rows, i, 0x10 * i,
			   OT_RULE(OT_CFA_DICTIONARY, i, 0, 0) | cases[i].entry.rule);
	}
}

static void where_nothing_is_known_the_entry_point_ends_the_stack(void **state)
{
	_cleanup_(unwind_rows_release) struct unwind_rows rows = {};
	_cleanup_(frames_release) struct frames frames = {};
	const struct unwind_text text = {TEXT_BASE, 0x1000, TEXT_BASE + 0x100};
	struct cfi_section section = {.is_eh_frame = true};

	(void)state;
	put_common(&frames);
	put_function(&frames, TEXT_BASE, 0x10, NULL, 0);
	section.bytes = bytes_of(frames.bytes, frames.size);
	assert_int_equal(unwind_rows_build(&text, &section, 1, NULL, &rows), 0);
	assert_row(&rows, 0, 0, ON_ENTRY);
	assert_row(&rows, 1, 0x10, NOTHING);
	assert_int_equal(OT_ROW_PC(rows.rows[2]), 0x100);
	assert_int_equal(OT_RULE_CFA(rows.rows[2]), OT_CFA_END);
	assert_row(&rows, 3, 0x140, NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_has_the_rows_that_libdw_has),
		cmocka_unit_test(libstdcxx_has_the_rows_that_libdw_has),
		cmocka_unit_test(the_dynamic_linker_has_the_rows_that_libdw_has),
		cmocka_unit_test(python_has_the_rows_that_libdw_has),
		cmocka_unit_test(perl_has_the_rows_that_libdw_has),
		cmocka_unit_test(redis_has_the_rows_that_libdw_has),
		cmocka_unit_test(node_has_the_rows_that_libdw_has),
		cmocka_unit_test(libcrypto_has_the_rows_that_libdw_has),
		cmocka_unit_test(go_has_the_rows_of_its_debug_frame),
		cmocka_unit_test(gaps_are_said_and_padding_is_not),
		cmocka_unit_test(overlapping_and_discarded_functions_are_left_out),
		cmocka_unit_test(a_bad_instruction_spoils_the_rest_of_its_function_alone),
		cmocka_unit_test(a_truncated_section_gives_what_it_still_holds),
		cmocka_unit_test(an_endless_string_costs_nothing),
		cmocka_unit_test(augmentations_that_lie_cost_their_functions_alone),
		cmocka_unit_test(functions_may_come_in_any_order),
		cmocka_unit_test(functions_in_a_circle_have_no_rows),
		cmocka_unit_test(ten_million_rows_are_refused),
		cmocka_unit_test(rules_that_do_not_fit_go_to_the_dictionary),
		cmocka_unit_test(where_nothing_is_known_the_entry_point_ends_the_stack),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}
