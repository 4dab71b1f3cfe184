// SPDX-License-Identifier: GPL-2.0-or-later
/* Stubs of the linkage table are called what objdump calls them, whatever linker laid them out. */
#include "symbols_fixture.h"

#include "symbols/image_names.h"
#include "symbols/plt_names.h"

#define CALLER                                                                    \
	"#include <stdlib.h>\n#include <stdio.h>\n"                               \
	"int main(int argc, char **argv)\n"                                       \
	"{\n"                                                                     \
	"	void *volatile address = (void *)puts;\n"                               \
	"	return malloc(argc) == getenv(argv[0]) || !address || puts(argv[0]);\n" \
	"}\n"

static struct symbol_table *names_read(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(image_closep) struct image *image = NULL;
	struct symbol_table *table = NULL;

	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_names(image, -1, &table), 0);
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

/* "0000000000001050 <malloc@plt>:" of each stub. Returns how many there are. */
static unsigned int assert_as_objdump(const char *path)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = names_read(path);
	char command[512], line[1024], name[512];
	unsigned int stubs = 0;
	uint64_t address;
	FILE *objdump;

	snprintf(command, sizeof(command),
		 "objdump -d -j .plt -j .plt.sec -j .plt.got %s 2>/dev/null | grep '@plt>:$'",
		 path);
	objdump = popen(command, "r");
	assert_non_null(objdump);
	while (fgets(line, sizeof(line), objdump)) {
		if (sscanf(line, "%" SCNx64 " <%511[^>]>", &address, name) != 2)
			continue;
		/* a relocation without a symbol */
		if (name[0] == '*')
			continue;
		assert_string_equal(name_at(table, address), name);
		assert_string_equal(name_at(table, address + 7), name);
		stubs++;
	}
	pclose(objdump);
	return stubs;
}

static void stubs_are_called_what_objdump_calls_them(void **state)
{
	static const char *const options[] = {
		"-Wl,-z,lazy",
		"-Wl,-z,now",
		"-fcf-protection -Wl,-z,lazy -Wl,-z,ibtplt",
		"-no-pie -s -Wl,-z,lazy",
		"-fno-plt",
		"-fuse-ld=lld",
	};
	char path[256];
	unsigned int stubs = 0;

	snprintf(path, sizeof(path), "%s/caller", (char *)*state);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		char command[512];

		snprintf(command, sizeof(command), "echo '%s' | cc -x c - %s -o %s 2>/dev/null",
			 CALLER, options[i], path);
		if (system(command) == 0)
			stubs += assert_as_objdump(path);
	}
	if (stubs == 0)
		skip();
	/* malloc, getenv and puts of four of them at least */
	assert_true(stubs >= 12);
}

static void stubs_of_a_shipped_program_have_names(void **state)
{
	unsigned int stubs = assert_as_objdump("/bin/sh");

	(void)state;
	print_message("%u stubs of /bin/sh\n", stubs);
	if (stubs == 0)
		skip();
	assert_true(stubs >= 50);
}

/* A linkage table of one stub at 0x1000, whose slot is at 0x3000. */
static const uint8_t stub[16] = {0xff, 0x25, 0xfa, 0x1f, 0, 0};
static const uint64_t relocation[3] = {0x3000, 1ull << 32 | 7, 0};
static const uint8_t symbols[48] = {[24] = 1};
static const char strings[] = "\0malloc";

static struct plt plt_make(void)
{
	return (struct plt){
		.sections = {{bytes_of(stub, sizeof(stub)), 0x1000, 16}},
		.section_count = 1,
		.relocations = {bytes_of(relocation, sizeof(relocation))},
		.relocation_count = 1,
		.symbols = bytes_of(symbols, sizeof(symbols)),
		.strings = bytes_of(strings, sizeof(strings)),
	};
}

static void assert_names(const struct plt *plt, const char *expected)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;

	assert_int_equal(symbol_table_new(&table), 0);
	assert_int_equal(plt_names_add(plt, table), 0);
	assert_int_equal(symbol_table_finish(table), 0);
	assert_string_equal(name_at(table, 0x1000), expected);
}

static void tables_that_lie_give_no_names(void **state)
{
	static const uint64_t far_symbol[3] = {0x3000, 0xffffffffull << 32 | 7, 0};
	static const uint8_t far_string[48] = {[24] = 200};
	struct plt plt = plt_make();

	(void)state;
	assert_names(&plt, "malloc@plt");
	plt.relocations[0] = bytes_of(far_symbol, sizeof(far_symbol));
	assert_names(&plt, "nothing");
	plt = plt_make();
	plt.symbols = bytes_of(far_string, sizeof(far_string));
	assert_names(&plt, "nothing");
	plt = plt_make();
	plt.symbols = bytes_of(symbols, 25);
	assert_names(&plt, "nothing");
	/* no end of a name, and a stub that is cut */
	plt = plt_make();
	plt.strings = bytes_of(strings, 4);
	assert_names(&plt, "mal@plt");
	plt.sections[0].code = bytes_of(stub, 5);
	assert_names(&plt, "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stubs_are_called_what_objdump_calls_them),
		cmocka_unit_test(stubs_of_a_shipped_program_have_names),
		cmocka_unit_test(tables_that_lie_give_no_names),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}
