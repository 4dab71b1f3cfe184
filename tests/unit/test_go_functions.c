// SPDX-License-Identifier: GPL-2.0-or-later
/* A Go program has its function names in its line table, whatever was stripped. */
#include "symbols_fixture.h"

#include "rows_fixture.h"
#include "symbols/go_functions.h"
#include "symbols/image_names.h"
#include "symbols/image_unwind.h"

#define TEXT_START 0x400000

/* A table of one version being written: two functions, 0x100 and 0x40 bytes long. */
struct table {
	uint8_t bytes[512];
	size_t size;
};

static void put(struct table *table, uint64_t number, size_t bytes)
{
	memcpy(table->bytes + table->size, &number, bytes);
	table->size += bytes;
}

/* Names at 256, functions at 320; the words in between are what the version says. */
static struct table table_make(uint32_t magic, const uint64_t *words, size_t word_count,
			       size_t field, uint64_t base, uint64_t functions)
{
	const uint64_t list[] = {base, 0x60, base + 0x100, 0x80, base + 0x140};
	struct table table = {};

	put(&table, magic, 4);
	put(&table, 0, 2);
	put(&table, 1, 1);
	put(&table, 8, 1);
	for (size_t i = 0; i < word_count; i++)
		put(&table, words[i], 8);
	memcpy(table.bytes + 256, "\0main.main\0runtime.main", 24);
	table.size = functions ? 320 : table.size;
	for (size_t i = 0; i < 5; i++)
		put(&table, list[i], field);
	for (size_t i = 0; i < 2; i++) {
		table.size = functions + list[2 * i + 1];
		put(&table, 0, field);
		put(&table, (functions ? 0 : 256) + (i ? 11 : 1), 4);
	}
	table.size = sizeof(table.bytes);
	return table;
}

static struct table table_of(uint32_t magic)
{
	static const uint64_t go_1_2[] = {2};
	static const uint64_t go_1_16[] = {2, 0, 256, 0, 0, 0, 320};
	static const uint64_t go_1_18[] = {2, 0, TEXT_START, 256, 0, 0, 0, 320};

	switch (magic) {
	case 0xfffffffb:
		return table_make(magic, go_1_2, 1, 8, TEXT_START, 0);
	case 0xfffffffa:
		return table_make(magic, go_1_16, 7, 8, TEXT_START, 320);
	default:
		return table_make(magic, go_1_18, 8, 4, 0, 320);
	}
}

static const uint32_t magics[] = {0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1};

static void assert_function(const struct symbol_table *symbols, size_t index, uint64_t start,
			    uint64_t end, const char *name)
{
	struct symbol_range range;

	assert_in_range(index, 0, symbol_table_count(symbols) - 1);
	range = symbol_table_get(symbols, index);
	assert_int_equal(range.start, start);
	assert_int_equal(range.end, end);
	assert_string_equal(range.name, name);
}

static void every_version_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		_cleanup_(symbol_table_freep) struct symbol_table *symbols = NULL;
		struct table table = table_of(magics[i]);

		assert_int_equal(symbol_table_new(&symbols), 0);
		assert_int_equal(go_functions_add(bytes_of(table.bytes, table.size), 0, symbols),
				 0);
		assert_int_equal(symbol_table_finish(symbols), 0);
		assert_int_equal(symbol_table_count(symbols), 2);
		assert_function(symbols, 0, TEXT_START, TEXT_START + 0x100, "main.main");
		assert_function(symbols, 1, TEXT_START + 0x100, TEXT_START + 0x140, "runtime.main");
	}
}

/* A position-independent program: the loader would have written where its text starts. */
static void a_start_that_is_relocated_is_taken_from_outside(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *symbols = NULL;
	struct table table = table_of(0xfffffff1);

	(void)state;
	memset(table.bytes + GO_TEXT_START_OFFSET, 0, 8);
	assert_int_equal(symbol_table_new(&symbols), 0);
	assert_int_equal(go_functions_add(bytes_of(table.bytes, table.size), 0x1000, symbols), 0);
	assert_int_equal(symbol_table_finish(symbols), 0);
	assert_function(symbols, 0, 0x1000, 0x1100, "main.main");
}

/* Whatever is cut off or changed: an error or a name, and nothing is read beyond the end. */
static void damaged_tables_are_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		struct table table = table_of(magics[i]);

		for (size_t at = 0; at < table.size; at++) {
			_cleanup_(symbol_table_freep) struct symbol_table *symbols = NULL;
			_cleanup_free_ uint8_t *copy = malloc(at ? at : 1);

			assert_int_equal(symbol_table_new(&symbols), 0);
			memcpy(copy, table.bytes, at);
			go_functions_add(bytes_of(copy, at), 0, symbols);
			table.bytes[at] ^= 0xff;
			go_functions_add(bytes_of(table.bytes, table.size), 0, symbols);
			table.bytes[at] ^= 0xff;
		}
	}
}

struct told {
	uint64_t address[8];
	int64_t offset[8];
	size_t count, functions;
};

static int tell_function(void *context, uint64_t start, uint64_t end)
{
	struct told *told = context;

	assert_int_equal(start, TEXT_START + (told->functions ? 0x100 : 0));
	assert_int_equal(end, TEXT_START + (told->functions ? 0x140 : 0x100));
	told->functions++;
	return 0;
}

static int tell_rule(void *context, uint64_t address, const struct cfi_rule *rule)
{
	struct told *told = context;

	assert_int_equal(rule->base, CFI_RSP);
	assert_int_equal(rule->return_address.offset, -8);
	told->address[told->count] = address;
	told->offset[told->count++] = rule->offset;
	return 0;
}

/* 8 bytes from the fifth byte on, 0 again for the last two: the return address is above them. */
static void frames_are_as_large_as_the_table_says(void **state)
{
	static const uint8_t sizes[] = {2, 4, 16, 0xfa, 1, 15, 2, 0};
	struct table table = table_of(0xfffffff1);
	struct told told = {};
	const struct cfi_listener listener = {tell_function, tell_rule, &told};
	const uint64_t frames = 448;

	(void)state;
	memcpy(table.bytes + 8 + 8 * 6, &frames, 8);
	memcpy(table.bytes + frames + 1, sizes, sizeof(sizes));
	/* the first function's sizes; the second one has none */
	table.bytes[320 + 0x60 + 16] = 1;
	assert_int_equal(go_frames_read(bytes_of(table.bytes, table.size), 0, &listener), 0);
	assert_int_equal(told.functions, 1);
	assert_int_equal(told.count, 3);
	assert_int_equal(told.address[0], TEXT_START);
	assert_int_equal(told.offset[0], 8);
	assert_int_equal(told.address[1], TEXT_START + 4);
	assert_int_equal(told.offset[1], 16);
	assert_int_equal(told.address[2], TEXT_START + 4 + 0xfa);
	assert_int_equal(told.offset[2], 8);
	/* cut anywhere, nothing is read beyond the end */
	for (size_t at = 0; at < table.size; at++) {
		_cleanup_free_ uint8_t *copy = malloc(at ? at : 1);

		told = (struct told){};
		memcpy(copy, table.bytes, at);
		go_frames_read(bytes_of(copy, at), 0, &listener);
	}
}

static void a_count_without_end_is_refused(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *symbols = NULL;
	struct table table = table_of(0xfffffff1);

	(void)state;
	memset(table.bytes + 8, 0xff, 8);
	assert_int_equal(symbol_table_new(&symbols), 0);
	assert_int_equal(go_functions_add(bytes_of(table.bytes, table.size), 0, symbols), -EBADMSG);
	assert_true(symbol_table_is_empty(symbols));
}

/* --- real programs
 * ----------------------------------------------------------------------------------- */

/* Builds a program twice, stripped and not, and returns the symbols of one of them. */
static struct symbol_table *go_build(const char *directory, const char *name, const char *options)
{
	_cleanup_(image_closep) struct image *image = NULL;
	_cleanup_close_ int fd = -1;
	struct symbol_table *symbols = NULL;
	char command[1024], path[256];

	snprintf(command, sizeof(command),
		 "cd %s && echo 'package main;func main(){println(1)}' >hello.go &&"
		 " HOME=%s GOCACHE=%s/cache go build -o %s %s hello.go 2>/dev/null",
		 directory, directory, directory, name, options);
	if (system(command) != 0) {
		print_message("skipped: there is no go here\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(image_open(fd, &image), 0);
	assert_true(image_is_go(image));
	assert_int_equal(image_names(image, -1, &symbols), 0);
	return symbols;
}

static uint64_t symbol_start(const struct symbol_table *symbols, const char *name)
{
	for (size_t i = 0; i < symbol_table_count(symbols); i++)
		if (strcmp(symbol_table_get(symbols, i).name, name) == 0)
			return symbol_table_get(symbols, i).start;
	fail_msg("no %s", name);
	return 0;
}

static void rows_of(const char *directory, const char *name, struct unwind_rows *ret_rows)
{
	_cleanup_(image_closep) struct image *image = NULL;
	_cleanup_close_ int fd = -1;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_unwind_rows(image, ret_rows), 0);
}

/* Wherever .debug_frame, which was stripped, knows a frame, the table gives the same. */
static void compare_rows(const char *directory)
{
	struct unwind_rows full = {}, stripped = {};
	size_t compared = 0;

	rows_of(directory, "full", &full);
	rows_of(directory, "stripped", &stripped);
	for (size_t i = 0; i < full.row_count; i++) {
		uint32_t rule = (uint32_t)full.rows[i];

		if (OT_RULE_CFA(rule) != OT_CFA_RSP)
			continue;
		assert_int_equal(rows_rule_at(&stripped, OT_ROW_PC(full.rows[i])), rule);
		compared++;
	}
	print_message("%zu rows compared\n", compared);
	assert_true(compared > 1000);
	unwind_rows_release(&full);
	unwind_rows_release(&stripped);
}

static void compare_stripped(const char *directory, const char *mode)
{
	_cleanup_(symbol_table_freep) struct symbol_table *full = NULL, *stripped = NULL;
	char options[128];

	full = go_build(directory, "full", mode);
	snprintf(options, sizeof(options), "-ldflags='-s -w' %s", mode);
	stripped = go_build(directory, "stripped", options);
	assert_int_equal(symbol_start(stripped, "main.main"), symbol_start(full, "main.main"));
	assert_int_equal(symbol_start(stripped, "runtime.mallocgc"),
			 symbol_start(full, "runtime.mallocgc"));
	compare_rows(directory);
}

static void a_stripped_program_has_the_names_and_rows_of_the_full_one(void **state)
{
	compare_stripped(*state, "");
}

static void so_has_a_position_independent_one(void **state)
{
	compare_stripped(*state, "-buildmode=pie");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_is_read),
		cmocka_unit_test(a_start_that_is_relocated_is_taken_from_outside),
		cmocka_unit_test(damaged_tables_are_left),
		cmocka_unit_test(frames_are_as_large_as_the_table_says),
		cmocka_unit_test(a_count_without_end_is_refused),
		cmocka_unit_test(a_stripped_program_has_the_names_and_rows_of_the_full_one),
		cmocka_unit_test(so_has_a_position_independent_one),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}
