// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrong with a file's DWARF costs its lines; its names, and everybody else's, stay. */
#include "symbols_fixture.h"

#include "symbols/symbolizer.h"

#define PROGRAM                                                                                 \
	MAPPING_OFFSET_SOURCE                                                                   \
	"static inline __attribute__((always_inline)) int inner(int x) { return x * 3 + 1; }\n" \
	"__attribute__((noinline)) int known_function(int x)\n"                                 \
	"{\n"                                                                                   \
	"	return inner(x);\n"                                                                   \
	"}\n"                                                                                   \
	"int main(void)\n"                                                                      \
	"{\n"                                                                                   \
	"	printf(\"%lx\\n\", mapping_offset((unsigned long)known_function));\n"                 \
	"	return known_function(0) - 1;\n"                                                      \
	"}\n"

struct heard {
	char name[64];
	char lines[256]; /* "name@line" of each, blanks between */
};

static void on_name(void *context, uint32_t module, uint64_t offset, const char *name)
{
	struct heard *heard = context;

	(void)module;
	(void)offset;
	snprintf(heard->name, sizeof(heard->name), "%s", name ? name : "nothing");
}

static void on_line(void *context, uint32_t module, uint64_t offset,
		    const struct symbolizer_line *line)
{
	struct heard *heard = context;
	size_t length = strlen(heard->lines);

	(void)module;
	(void)offset;
	snprintf(heard->lines + length, sizeof(heard->lines) - length, "%s@%s ",
		 line->name ? line->name : "-", line->line ? "line" : "?");
}

static void ask(struct symbolizer *symbolizer, uint32_t module, uint64_t offset,
		struct heard *ret_heard)
{
	*ret_heard = (struct heard){};
	symbolizer_name(symbolizer, module, &offset, 1, on_name, ret_heard);
	symbolizer_lines(symbolizer, module, &offset, 1, on_line, ret_heard);
}

static struct symbolizer *open_with(bool lines, bool inlines)
{
	struct symbolizer *symbolizer = NULL;

	assert_int_equal(
		symbolizer_open(&(struct symbolizer_places){.lines = lines, .inlines = inlines},
				&symbolizer),
		0);
	return symbolizer;
}

static void module_add(struct symbolizer *symbolizer, uint32_t module, int fd)
{
	uint8_t build_id[SYMBOLIZER_BUILD_ID_MAX], length;

	assert_int_equal(symbolizer_add_module(symbolizer, module, fd, build_id, &length), 0);
}

static uint64_t program_build(void **state, char path[256])
{
	snprintf(path, 256, "%s/lines", (char *)*state);
	fixture_build(PROGRAM, "-O2 -g", path);
	return fixture_ask(path);
}

static void what_is_asked_for_is_told(void **state)
{
	static const struct {
		bool lines, inlines;
		const char *expected;
	} rows[] = {
		{false, false, ""},
		{true, false, "-@line "},
		{false, true, "-@? inner@? "},
		{true, true, "-@line inner@line "},
	};
	char path[256];
	uint64_t offset = program_build(state, path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_(symbolizer_closep) struct symbolizer *symbolizer =
			open_with(rows[i].lines, rows[i].inlines);
		struct heard heard;

		module_add(symbolizer, 1, fd);
		ask(symbolizer, 1, offset, &heard);
		assert_string_equal(heard.name, "known_function");
		assert_string_equal(heard.lines, rows[i].expected);
	}
}

/* The debug sections lie behind everything that names come from, but for the symbol table. */
static void damage(int fd, unsigned int *seed)
{
	off_t end = lseek(fd, 0, SEEK_END);

	for (int i = 0; i < 400; i++) {
		uint8_t byte = (uint8_t)rand_r(seed);
		off_t at = end / 2 + rand_r(seed) % (end / 4);

		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
}

static void damaged_dwarf_costs_nobody_else_anything(void **state)
{
	char path[256];
	uint64_t offset = program_build(state, path);
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = open_with(true, true);
	_cleanup_close_ int whole = open(path, O_RDONLY | O_CLOEXEC);
	struct symbolizer_losses losses;
	unsigned int seed = 5;
	struct heard heard;

	for (uint32_t module = 1; module <= 40; module++) {
		_cleanup_close_ int fd = fixture_copy(path);
		uint8_t build_id[SYMBOLIZER_BUILD_ID_MAX], length;

		damage(fd, &seed);
		if (symbolizer_add_module(symbolizer, module, fd, build_id, &length) == 0)
			ask(symbolizer, module, offset, &heard);
	}
	module_add(symbolizer, 100, whole);
	ask(symbolizer, 100, offset, &heard);
	assert_string_equal(heard.name, "known_function");
	assert_string_equal(heard.lines, "-@line inner@line ");
	symbolizer_losses(symbolizer, &losses);
	assert_false(losses.stopped);
	assert_int_equal(losses.children_hung + losses.children_lied, 0);
}

/* Emptied after its names were read: names stay, lines are gone, the next file has its own. */
static void a_file_emptied_meanwhile_costs_its_lines(void **state)
{
	char path[256];
	uint64_t offset = program_build(state, path);
	_cleanup_(symbolizer_closep) struct symbolizer *symbolizer = open_with(true, true);
	_cleanup_close_ int whole = open(path, O_RDONLY | O_CLOEXEC), fd = fixture_copy(path);
	struct heard heard = {};

	module_add(symbolizer, 1, fd);
	symbolizer_name(symbolizer, 1, &offset, 1, on_name, &heard);
	assert_string_equal(heard.name, "known_function");
	assert_int_equal(ftruncate(fd, 0), 0);
	ask(symbolizer, 1, offset, &heard);
	assert_string_equal(heard.name, "known_function");
	assert_string_equal(heard.lines, "");
	module_add(symbolizer, 2, whole);
	ask(symbolizer, 2, offset, &heard);
	assert_string_equal(heard.lines, "-@line inner@line ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_for_is_told),
		cmocka_unit_test(damaged_dwarf_costs_nobody_else_anything),
		cmocka_unit_test(a_file_emptied_meanwhile_costs_its_lines),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}
