// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF files are read for what they are, however they lie. */
#include "symbols_fixture.h"

#include <elf.h>
#include <sys/socket.h>

#include "symbols/image_names.h"

/* Reads all there is to read; what comes of it is the caller's to judge. */
static int image_read(int fd, struct symbol_table **ret_table)
{
	_cleanup_(image_closep) struct image *image = NULL;
	uint8_t build_id[IMAGE_BUILD_ID_MAX];
	struct segments segments;
	int r;

	r = image_open(fd, &image);
	if (r < 0)
		return r;
	image_build_id(image, build_id);
	image_segments(image, &segments);
	return image_names(image, -1, ret_table);
}

static int known_function_build(void **state, const char *options)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/known", (char *)*state);
	fixture_build(KNOWN_FUNCTION_SOURCE, options, path);
	return fixture_copy(path);
}

static void assert_not_readable(int fd)
{
	struct image *image = NULL;

	assert_int_equal(image_open(fd, &image), -ENOEXEC);
	assert_null(image);
}

static void the_build_id_is_the_linkers(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "-Wl,--build-id=0x0123456789abcdef");
	_cleanup_(image_closep) struct image *image = NULL;
	uint8_t build_id[IMAGE_BUILD_ID_MAX];

	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_build_id(image, build_id), 8);
	assert_memory_equal(build_id, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
}

static void a_build_id_that_is_too_long_is_none(void **state)
{
	_cleanup_close_ int fd = known_function_build(
		state, "-Wl,--build-id=0x000102030405060708090a0b0c0d0e0f1011121314151617");
	_cleanup_(image_closep) struct image *image = NULL;
	uint8_t build_id[IMAGE_BUILD_ID_MAX];

	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_build_id(image, build_id), 0);
}

static void a_program_without_build_id_has_none(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "-Wl,--build-id=none");
	_cleanup_(image_closep) struct image *image = NULL;
	uint8_t build_id[IMAGE_BUILD_ID_MAX];

	assert_int_equal(image_open(fd, &image), 0);
	assert_int_equal(image_build_id(image, build_id), 0);
}

static void what_is_no_regular_file_is_refused(void **state)
{
	static const char *const paths[] = {"/dev/zero", "/tmp", "/proc/self/environ"};
	int ends[2];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		_cleanup_close_ int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_not_readable(fd);
	}
	assert_not_readable(-1);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_not_readable(ends[0]);
	close(ends[0]);
	close(ends[1]);
}

static void what_is_no_program_is_refused(void **state)
{
	_cleanup_close_ int empty = fixture_memfd(), text = fixture_memfd(),
			    sparse = fixture_memfd();
	char path[256];

	assert_not_readable(empty);
	assert_int_equal(write(text, "#!/bin/sh\nexit 0\n", 17), 17);
	assert_not_readable(text);
	assert_int_equal(ftruncate(sparse, 4ll << 30), 0);
	assert_not_readable(sparse);

	snprintf(path, sizeof(path), "%s/object.o", (char *)*state);
	fixture_build(KNOWN_FUNCTION_SOURCE, "-c", path);
	_cleanup_close_ int object = fixture_copy(path);
	assert_not_readable(object);
}

/* Wherever a file ends, reading it ends too. */
static void every_truncation_is_survived(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "");
	off_t length = lseek(fd, 0, SEEK_END);

	while (length > 0) {
		struct symbol_table *table = NULL;

		length -= length > 4096 ? 97 : 1;
		assert_int_equal(ftruncate(fd, length), 0);
		if (image_read(fd, &table) == 0)
			symbol_table_free(table);
	}
}

static void byte_swap(int fd, off_t offset, uint8_t *byte)
{
	uint8_t old;

	assert_int_equal(pread(fd, &old, 1, offset), 1);
	assert_int_equal(pwrite(fd, byte, 1, offset), 1);
	*byte = old;
}

/* Gives each byte of [offset, offset + length) some telling values, one at a time. */
static void damage_and_read(int fd, off_t offset, size_t length)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	for (size_t i = 0; i < length * sizeof(values); i++) {
		off_t position = offset + (off_t)(i / sizeof(values));
		uint8_t byte = values[i % sizeof(values)];
		struct symbol_table *table = NULL;

		byte_swap(fd, position, &byte);
		if (image_read(fd, &table) == 0)
			symbol_table_free(table);
		byte_swap(fd, position, &byte);
	}
}

static void lying_headers_are_survived(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "");
	Elf64_Ehdr header;

	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	damage_and_read(fd, 0, sizeof(header));
	damage_and_read(fd, (off_t)header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
	damage_and_read(fd, (off_t)header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
}

/* Finds a section of the test's own 64-bit file and lets the caller rewrite its header. */
static off_t section_header_find(int fd, uint32_t type, Elf64_Shdr *ret_header)
{
	Elf64_Ehdr header;

	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (unsigned int i = 0; i < header.e_shnum; i++) {
		off_t offset = (off_t)(header.e_shoff + i * sizeof(*ret_header));

		assert_int_equal(pread(fd, ret_header, sizeof(*ret_header), offset),
				 sizeof(*ret_header));
		if (ret_header->sh_type == type)
			return offset;
	}
	fail_msg("no section of type %u", type);
	return -1;
}

static void a_symbol_table_that_claims_too_much_is_not_read(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "");
	struct symbol_table *table = NULL;
	Elf64_Shdr header;
	off_t offset = section_header_find(fd, SHT_SYMTAB, &header);

	/* the file is as long as it claims: nothing but the bound says no */
	header.sh_size = (SYMBOL_TABLE_MAX + 1ull) * sizeof(Elf64_Sym);
	assert_int_equal(ftruncate(fd, (off_t)(header.sh_offset + header.sh_size)), 0);
	assert_int_equal(pwrite(fd, &header, sizeof(header), offset), sizeof(header));
	assert_int_equal(image_read(fd, &table), -E2BIG);
	assert_null(table);
}

static void names_outside_the_string_table_are_left_out(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "");
	struct symbol_table *table = NULL;
	Elf64_Shdr header;
	Elf64_Sym symbol;

	section_header_find(fd, SHT_SYMTAB, &header);
	for (uint64_t i = 0; i < header.sh_size / sizeof(symbol); i++) {
		off_t offset = (off_t)(header.sh_offset + i * sizeof(symbol));

		assert_int_equal(pread(fd, &symbol, sizeof(symbol), offset), sizeof(symbol));
		symbol.st_name = UINT32_MAX;
		assert_int_equal(pwrite(fd, &symbol, sizeof(symbol), offset), sizeof(symbol));
	}
	/* what is left comes from .dynsym, where everything is imported: stubs of it have names */
	assert_int_equal(image_read(fd, &table), 0);
	for (size_t i = 0; i < symbol_table_count(table); i++)
		assert_non_null(strstr(symbol_table_get(table, i).name, "@plt"));
	symbol_table_free(table);
}

static void a_damaged_table_does_not_hide_the_other(void **state)
{
	_cleanup_close_ int fd = known_function_build(state, "-rdynamic");
	struct symbol_table *table = NULL;
	Elf64_Shdr header;
	off_t offset = section_header_find(fd, SHT_SYMTAB, &header);

	header.sh_offset = 1ull << 40;
	assert_int_equal(pwrite(fd, &header, sizeof(header), offset), sizeof(header));
	assert_int_equal(image_read(fd, &table), 0);
	assert_false(symbol_table_is_empty(table));
	symbol_table_free(table);

	offset = section_header_find(fd, SHT_DYNSYM, &header);
	header.sh_offset = 1ull << 40;
	assert_int_equal(pwrite(fd, &header, sizeof(header), offset), sizeof(header));
	assert_int_equal(image_read(fd, &table), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_build_id_is_the_linkers),
		cmocka_unit_test(a_build_id_that_is_too_long_is_none),
		cmocka_unit_test(a_program_without_build_id_has_none),
		cmocka_unit_test(what_is_no_regular_file_is_refused),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(every_truncation_is_survived),
		cmocka_unit_test(lying_headers_are_survived),
		cmocka_unit_test(a_symbol_table_that_claims_too_much_is_not_read),
		cmocka_unit_test(names_outside_the_string_table_are_left_out),
		cmocka_unit_test(a_damaged_table_does_not_hide_the_other),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}
