// SPDX-License-Identifier: GPL-2.0-or-later
/* An address gets the name of the function that covers it, or none: nothing is guessed. */
#include "symbols_fixture.h"

#include "symbols/segments.h"
#include "symbols/symbol_table.h"

static struct symbol_table *table_new(void)
{
	struct symbol_table *table = NULL;

	assert_int_equal(symbol_table_new(&table), 0);
	return table;
}

static void table_add(struct symbol_table *table, struct symbol symbol)
{
	symbol.name_length = strlen(symbol.name);
	assert_int_equal(symbol_table_add(table, &symbol), 0);
}

/* The name of the range that an address lies in; ranges neither overlap nor go back. */
static const char *table_find(const struct symbol_table *table, uint64_t address)
{
	const char *name = NULL;
	uint64_t end = 0;

	for (size_t i = 0; i < symbol_table_count(table); i++) {
		struct symbol_range range = symbol_table_get(table, i);

		assert_true(range.start >= end && range.start < range.end);
		end = range.end;
		if (address >= range.start && address < range.end)
			name = range.name;
	}
	return name;
}

static void assert_found(const struct symbol_table *table, uint64_t address, const char *expected)
{
	const char *name = table_find(table, address);

	if (!expected)
		assert_null(name);
	else
		assert_string_equal(name ? name : "(none)", expected);
}

static void an_empty_table_knows_nothing(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();

	(void)state;
	assert_true(symbol_table_is_empty(table));
	assert_int_equal(symbol_table_finish(table), 0);
	assert_found(table, 0, NULL);
	assert_found(table, UINT64_MAX, NULL);
}

static void a_function_ends_where_it_says(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();

	(void)state;
	table_add(table, (struct symbol){.start = 0x200, .size_bytes = 0x10, .name = "second"});
	table_add(table, (struct symbol){.start = 0x100, .size_bytes = 0x20, .name = "first"});
	assert_int_equal(symbol_table_finish(table), 0);
	assert_found(table, 0xff, NULL);
	assert_found(table, 0x100, "first");
	assert_found(table, 0x11f, "first");
	assert_found(table, 0x120, NULL);
	assert_found(table, 0x1ff, NULL);
	assert_found(table, 0x200, "second");
	assert_found(table, 0x210, NULL);
}

/* Rows: what wins, what loses, and where nothing else tells them apart, the order in the file. */
static void of_aliases_the_name_programmers_use_wins(void **state)
{
	static const struct {
		struct symbol best, other;
	} rows[] = {
		{{.name = "exported"}, {.name = "local", .local = true}},
		{{.name = "fread", .weak = true}, {.name = "_IO_fread"}},
		{{.name = "_exit"}, {.name = "__GI__exit", .local = true}},
		{{.name = "strong"}, {.name = "feeble", .weak = true}},
		{{.name = "short"}, {.name = "not_so_short"}},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();
		struct symbol best = rows[i / 2].best, other = rows[i / 2].other;

		best.size_bytes = other.size_bytes = 8;
		table_add(table, i % 2 ? best : other);
		table_add(table, i % 2 ? other : best);
		assert_int_equal(symbol_table_finish(table), 0);
		assert_found(table, 4, best.name);
	}
}

static void sizeless_symbols_only_fill_gaps(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();

	(void)state;
	table_add(table, (struct symbol){.start = 0x100, .limit = 0x400, .name = "before"});
	table_add(table, (struct symbol){.start = 0x200, .size_bytes = 0x80, .name = "sized"});
	table_add(table, (struct symbol){.start = 0x210, .limit = 0x400, .name = "label"});
	table_add(table, (struct symbol){.start = 0x300, .limit = 0x400, .name = "after"});
	table_add(table, (struct symbol){.start = 0x380, .limit = 0x400, .name = "last"});
	assert_int_equal(symbol_table_finish(table), 0);
	assert_found(table, 0x1ff, "before");
	assert_found(table, 0x200, "sized");
	assert_found(table, 0x220, "sized");
	assert_found(table, 0x280, NULL);
	assert_found(table, 0x300, "after");
	assert_found(table, 0x37f, "after");
	assert_found(table, 0x3ff, "last");
	assert_found(table, 0x400, NULL);
}

static void sizes_beyond_the_address_space_are_survived(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();

	(void)state;
	table_add(table, (struct symbol){.start = 0x100, .size_bytes = UINT64_MAX, .name = "huge"});
	table_add(table, (struct symbol){.start = UINT64_MAX, .size_bytes = 9, .name = "edge"});
	table_add(table, (struct symbol){.start = 0x200, .size_bytes = 0x10, .name = "inner"});
	assert_int_equal(symbol_table_finish(table), 0);
	assert_found(table, 0xff, NULL);
	assert_found(table, 0x205, "inner");
	assert_found(table, 0x210, "huge");
	assert_found(table, UINT64_MAX - 1, "huge");
}

static void names_are_bounded(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();
	static char name[2 * SYMBOL_NAME_MAX];
	struct symbol symbol = {.size_bytes = 1, .name = name, .name_length = sizeof(name)};

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(symbol_table_add(table, &symbol), 0);
	symbol.name_length = 0;
	symbol.start = 1;
	assert_int_equal(symbol_table_add(table, &symbol), 0);
	assert_int_equal(symbol_table_finish(table), 0);
	assert_int_equal(strlen(table_find(table, 0)), SYMBOL_NAME_MAX);
	assert_found(table, 1, NULL);
}

static void the_names_of_all_symbols_are_bounded(void **state)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();
	static char name[SYMBOL_NAME_MAX];
	struct symbol symbol = {.size_bytes = 1, .name = name, .name_length = sizeof(name)};
	size_t fitting = SYMBOL_TABLE_NAMES_MAX / (SYMBOL_NAME_MAX + 1);

	(void)state;
	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < fitting; i++)
		assert_int_equal(symbol_table_add(table, &symbol), 0);
	assert_int_equal(symbol_table_add(table, &symbol), -E2BIG);
}

#define RANDOM_SYMBOLS 40
#define RANDOM_SPACE 256

/* The rule of the header, said in the slowest possible way. */
static const struct symbol *oracle_find(const struct symbol *symbols, uint64_t address)
{
	const struct symbol *best = NULL;

	for (size_t i = 0; i < RANDOM_SYMBOLS; i++) {
		const struct symbol *symbol = &symbols[i];

		if (address < symbol->start || address >= symbol->start + symbol->size_bytes)
			continue;
		if (!best || symbol->start > best->start ||
		    (symbol->start == best->start && symbol->size_bytes < best->size_bytes))
			best = symbol;
	}
	return best;
}

static void overlapping_functions_agree_with_a_plain_search(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 500; round++) {
		_cleanup_(symbol_table_freep) struct symbol_table *table = table_new();
		struct symbol symbols[RANDOM_SYMBOLS];
		char names[RANDOM_SYMBOLS][16];

		for (size_t i = 0; i < RANDOM_SYMBOLS; i++) {
			uint64_t start = (uint64_t)random() % RANDOM_SPACE;
			uint64_t size_bytes = 1 + (uint64_t)random() % 64;

			/* the name says it all, so that twins cannot be told apart */
			snprintf(names[i], sizeof(names[i]), "f%03d_%03d", (int)start,
				 (int)size_bytes);
			symbols[i] = (struct symbol){
				.start = start, .size_bytes = size_bytes, .name = names[i]};
			table_add(table, symbols[i]);
		}
		assert_int_equal(symbol_table_finish(table), 0);
		for (uint64_t address = 0; address < RANDOM_SPACE + 80; address++) {
			const struct symbol *expected = oracle_find(symbols, address);

			assert_found(table, address, expected ? expected->name : NULL);
		}
	}
}

static void offsets_become_addresses(void **state)
{
	static const struct segments segments = {
		.count = 3,
		.items = {{.offset = 0, .size_bytes = 0x1800, .address = 0x400000},
			  {.offset = 0x1000,
			   .size_bytes = 0x1000,
			   .address = 0x501000,
			   .executable = true},
			  {.offset = 0x3000, .size_bytes = UINT64_MAX, .address = 0x603000}}};
	uint64_t address = 1;

	(void)state;
	assert_true(segments_address(&segments, 0xfff, &address));
	assert_int_equal(address, 0x400fff);
	/* in two segments: the executable one counts */
	assert_true(segments_address(&segments, 0x1004, &address));
	assert_int_equal(address, 0x501004);
	assert_false(segments_address(&segments, 0x2000, &address));
	assert_int_equal(address, 0x501004);
	assert_true(segments_address(&segments, UINT64_MAX, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_knows_nothing),
		cmocka_unit_test(a_function_ends_where_it_says),
		cmocka_unit_test(of_aliases_the_name_programmers_use_wins),
		cmocka_unit_test(sizeless_symbols_only_fill_gaps),
		cmocka_unit_test(sizes_beyond_the_address_space_are_survived),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(the_names_of_all_symbols_are_bounded),
		cmocka_unit_test(overlapping_functions_agree_with_a_plain_search),
		cmocka_unit_test(offsets_become_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
