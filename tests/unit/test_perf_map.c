// SPDX-License-Identifier: GPL-2.0-or-later
/* A JIT's functions are called what its perf map says last, however the map lies. */
#include "symbols_fixture.h"

#include <time.h>

#include "symbols/perf_map.h"
#include "symbols/symbolizer.h"

static struct symbol_table *map_parse(const char *text, size_t bytes)
{
	struct symbol_table *table = NULL;

	assert_int_equal(symbol_table_new(&table), 0);
	assert_int_equal(perf_map_add(bytes_of(text, bytes), table), 0);
	assert_int_equal(symbol_table_finish(table), 0);
	return table;
}

static const char *name_at(const struct symbol_table *table, uint64_t address)
{
	for (size_t i = 0; i < symbol_table_count(table); i++) {
		struct symbol_range range = symbol_table_get(table, i);

		if (address >= range.start && address < range.end)
			return range.name;
	}
	return "nothing";
}

static void lines_are_read_as_jits_write_them(void **state)
{
	static const char text[] = "7f0010 20 LazyCompile:*grow /srv/app.js:12:3\n"
				   "0x7f0040 0x10 Ljava/lang/String;::hashCode\r\n"
				   "7F0060 8\tafter a tab\n";
	_cleanup_(symbol_table_freep) struct symbol_table *table =
		map_parse(text, sizeof(text) - 1);

	(void)state;
	assert_string_equal(name_at(table, 0x7f000f), "nothing");
	assert_string_equal(name_at(table, 0x7f0010), "LazyCompile:*grow /srv/app.js:12:3");
	assert_string_equal(name_at(table, 0x7f002f), "LazyCompile:*grow /srv/app.js:12:3");
	assert_string_equal(name_at(table, 0x7f0030), "nothing");
	assert_string_equal(name_at(table, 0x7f0044), "Ljava/lang/String;::hashCode");
	assert_string_equal(name_at(table, 0x7f0067), "after a tab");
}

static void what_is_no_line_is_left_out(void **state)
{
	static const char text[] = "\n"
				   "# a comment\n"
				   "100 10\n"
				   "200 0 of no size\n"
				   "ffffffffffffffff 2 past the end\n"
				   "11112222333344445 10 too large a number\n"
				   "-300 10 minus\n"
				   "400 zz no number\n"
				   "500 10 whole\n"
				   "600 10 still being writ";
	_cleanup_(symbol_table_freep) struct symbol_table *table =
		map_parse(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(symbol_table_count(table), 1);
	assert_string_equal(name_at(table, 0x500), "whole");
}

static void of_lines_that_overlap_the_last_is_true(void **state)
{
	static const char text[] = "1000 100 first\n"
				   "1040 20 within\n"
				   "10f0 20 across the end\n"
				   "1000 8 the same start\n";
	_cleanup_(symbol_table_freep) struct symbol_table *table =
		map_parse(text, sizeof(text) - 1);

	(void)state;
	assert_string_equal(name_at(table, 0x1007), "the same start");
	assert_string_equal(name_at(table, 0x1008), "first");
	assert_string_equal(name_at(table, 0x1040), "within");
	assert_string_equal(name_at(table, 0x1060), "first");
	assert_string_equal(name_at(table, 0x10f0), "across the end");
	assert_string_equal(name_at(table, 0x110f), "across the end");
}

/* Against painting byte by byte, in the order of the lines. */
static void overlapping_lines_agree_with_painting(void **state)
{
	enum { BYTES = 512, LINES = 60 };
	unsigned int seed = 7;

	(void)state;
	for (int turn = 0; turn < 200; turn++) {
		_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;
		char painted[BYTES + 64][8] = {}, text[LINES * 32];
		int length = 0;

		for (int i = 0; i < LINES; i++) {
			int start = rand_r(&seed) % BYTES, size = 1 + rand_r(&seed) % 60;

			length += sprintf(text + length, "%x %x f%d\n", start, size, i);
			for (int at = start; at < start + size; at++)
				sprintf(painted[at], "f%d", i);
		}
		table = map_parse(text, (size_t)length);
		for (int at = 0; at < BYTES + 64; at++)
			assert_string_equal(name_at(table, (uint64_t)at),
					    painted[at][0] ? painted[at] : "nothing");
	}
}

static void long_lines_are_none(void **state)
{
	_cleanup_free_ char *text = malloc(2 * PERF_MAP_MAX_LINE_BYTES);
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;
	size_t length = (size_t)sprintf(text, "100 10 ");

	(void)state;
	memset(text + length, 'x', PERF_MAP_MAX_LINE_BYTES);
	length += PERF_MAP_MAX_LINE_BYTES;
	length += (size_t)sprintf(text + length, "\n200 10 short\n");
	table = map_parse(text, length);
	assert_int_equal(symbol_table_count(table), 1);
	assert_string_equal(name_at(table, 0x200), "short");
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Ten million rows, all over each other: the last million counts, and costs what sorting does. */
static void ten_million_lines_cost_what_a_million_do(void **state)
{
	_cleanup_close_ int fd = fixture_memfd();
	_cleanup_fclose_ FILE *stream = fdopen(dup(fd), "w");
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;
	uint64_t before_ns;

	(void)state;
	for (unsigned int i = 0; i < 10000000; i++)
		fprintf(stream, "%x %x f%u\n", i & 0xffff, 0xffff - (i & 0xfff), i);
	assert_int_equal(fflush(stream), 0);
	before_ns = cpu_ns();
	assert_int_equal(perf_map_read(fd, &table), 0);
	print_message("%zu ranges in %u ms of CPU time\n", symbol_table_count(table),
		      (unsigned int)((cpu_ns() - before_ns) / 1000000));
	assert_string_equal(name_at(table, 9999999 & 0xffff), "f9999999");
	assert_true(symbol_table_count(table) <= 2 * PERF_MAP_MAX_LINES);
}

/* Of a sparse file of 4 GiB the end is read, and that is all zeros. */
static void a_sparse_map_of_4_gib_costs_its_end(void **state)
{
	_cleanup_close_ int fd = fixture_memfd();
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;

	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)4 << 30), 0);
	assert_int_equal(pwrite(fd, "\n100 10 end\n", 12, ((off_t)4 << 30) - 12), 12);
	assert_int_equal(perf_map_read(fd, &table), 0);
	assert_int_equal(symbol_table_count(table), 1);
	assert_string_equal(name_at(table, 0x100), "end");
}

static void what_is_no_regular_file_is_refused(void **state)
{
	struct symbol_table *table = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(perf_map_read(ends[0], &table), -ENOEXEC);
	assert_null(table);
	close(ends[0]);
	close(ends[1]);
}

/* --- the whole way, through the child ----------------------------------------------------- */

static void on_name(void *context, uint32_t module, uint64_t offset, const char *name)
{
	(void)module;
	(void)offset;
	snprintf(context, 64, "%s", name ? name : "nothing");
}

static void assert_named(struct symbolizer *symbolizer, uint64_t address, const char *expected)
{
	char name[64] = "not called";

	assert_int_equal(symbolizer_name(symbolizer, 1, &address, 1, on_name, name), 0);
	assert_string_equal(name, expected);
}

static void a_map_that_grows_is_read_again_when_it_pays(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = NULL;
	_cleanup_close_ int fd = fixture_memfd();
	struct symbolizer_losses losses;

	(void)state;
	assert_int_equal(symbolizer_open(&(struct symbolizer_places){}, &symbolizer), 0);
	for (int i = 0; i < 100; i++)
		dprintf(fd, "%x 10 f%d\n", 0x1000 + 16 * i, i);
	assert_int_equal(symbolizer_add_perf_map(symbolizer, 1, fd), 0);
	assert_named(symbolizer, 0x1008, "f0");
	assert_named(symbolizer, 0x1000 + 16 * 99, "f99");
	/* one line more: not yet, but at the end */
	dprintf(fd, "9000 10 late\n");
	assert_named(symbolizer, 0x9000, "nothing");
	symbolizer_refresh(symbolizer);
	assert_named(symbolizer, 0x9000, "late");
	for (int i = 0; i < 50; i++)
		dprintf(fd, "%x 10 g%d\n", 0xa000 + 16 * i, i);
	assert_named(symbolizer, 0xa000, "g0");
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.modules_built, 3);
	assert_int_equal(losses.children_died + losses.children_hung + losses.children_lied, 0);
}

/* Emptied while it is in use: nothing is left, and nothing breaks. */
static void a_map_that_is_emptied_has_no_names(void **state)
{
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = NULL;
	_cleanup_close_ int fd = fixture_memfd();

	(void)state;
	assert_int_equal(symbolizer_open(&(struct symbolizer_places){}, &symbolizer), 0);
	dprintf(fd, "1000 10 f\n");
	assert_int_equal(symbolizer_add_perf_map(symbolizer, 1, fd), 0);
	assert_named(symbolizer, 0x1000, "f");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_named(symbolizer, 0x1000, "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_jits_write_them),
		cmocka_unit_test(what_is_no_line_is_left_out),
		cmocka_unit_test(of_lines_that_overlap_the_last_is_true),
		cmocka_unit_test(overlapping_lines_agree_with_painting),
		cmocka_unit_test(long_lines_are_none),
		cmocka_unit_test(ten_million_lines_cost_what_a_million_do),
		cmocka_unit_test(a_sparse_map_of_4_gib_costs_its_end),
		cmocka_unit_test(what_is_no_regular_file_is_refused),
		cmocka_unit_test(a_map_that_grows_is_read_again_when_it_pays),
		cmocka_unit_test(a_map_that_is_emptied_has_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
