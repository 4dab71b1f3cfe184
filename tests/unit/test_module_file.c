// SPDX-License-Identifier: GPL-2.0-or-later
/* A module file is checked before it is used: whatever lies in it is refused, wherever. */
#include "module_fixture.h"

#include <elf.h>

#include "symbols/module_store.h"
#include "symbols/module_writer.h"

static const struct module_identity identity = {.build_id = {0xab, 0xcd}, .build_id_bytes = 2};
static int check(const struct module_fixture *fixture)
{
	return module_file_check(fixture, sizeof(*fixture));
}

static int bytes_fd(const void *bytes, size_t size)
{
	int fd = fixture_memfd();

	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static struct module_file *file_map(const struct module_fixture *fixture)
{
	_cleanup_close_ int fd = bytes_fd(fixture, sizeof(*fixture));
	struct module_file *file = NULL;

	assert_int_equal(module_file_map(fd, &file), 0);
	return file;
}

static void assert_symbol(const struct module_file *file, uint64_t offset, const char *expected)
{
	const char *symbol = module_file_symbol(file, offset);

	if (expected)
		assert_string_equal(symbol ? symbol : "(none)", expected);
	else
		assert_null(symbol);
}

static void what_is_whole_is_used_where_it_lies(void **state)
{
	const struct module_fixture fixture = module_fixture_make(&identity);
	_cleanup_(module_file_unmapp) struct module_file *file = file_map(&fixture);
	struct module_rows rows = module_file_rows(file);

	(void)state;
	assert_symbol(file, 0xf, NULL);
	assert_symbol(file, 0x10, "_Z4mainv");
	assert_symbol(file, 0x3f, "_Z4mainv");
	assert_symbol(file, 0x4f, "plain");
	assert_symbol(file, 0x50, NULL);
	assert_symbol(file, UINT64_MAX, NULL);
	assert_int_equal(rows.row_count, 3);
	assert_memory_equal(rows.rows, fixture.rows, sizeof(fixture.rows));
	assert_int_equal(rows.page_count, 2);
	assert_int_equal(rows.dictionary_count, 1);
}

/* No byte may change, not even one that means nothing. */
static void every_byte_is_covered_by_the_checksum(void **state)
{
	struct module_fixture fixture = module_fixture_make(&identity);
	uint8_t *bytes = (uint8_t *)&fixture;

	(void)state;
	assert_int_equal(check(&fixture), 0);
	for (size_t i = 0; i < sizeof(fixture); i++) {
		bytes[i] ^= 0x10;
		assert_int_equal(check(&fixture), -EBADMSG);
		bytes[i] ^= 0x10;
	}
	for (size_t size = 0; size < sizeof(fixture); size++) {
		/* of the very size, so that a sanitizer sees what is read beyond it */
		_cleanup_free_ void *copy = malloc(size ? size : 1);

		memcpy(copy, &fixture, size);
		assert_int_equal(module_file_check(copy, size), -EBADMSG);
	}
}

/* Each lie is told with the right checksum: who writes the file computes it. */
#define LIE(field, value)                                                   \
	do {                                                                \
		struct module_fixture lie = module_fixture_make(&identity); \
		lie.field = value;                                          \
		module_fixture_seal(&lie);                                  \
		if (check(&lie) != -EBADMSG)                                \
			fail_msg("believed: " #field " = " #value);         \
	} while (0)

static void lies_are_refused(void **state)
{
	(void)state;
	LIE(header.version, MODULE_FILE_VERSION + 1);
	LIE(header.total_bytes, sizeof(struct module_fixture) + 8);
	LIE(header.identity.build_id_bytes, MODULE_BUILD_ID_MAX + 1);
	LIE(header.text_bytes, 1ull << 32);
	LIE(header.text_bytes, 0x3000);
	LIE(header.sections[MODULE_ROWS].count, 1000000);
	LIE(header.sections[MODULE_ROWS].count, UINT64_MAX / 8 + 1);
	LIE(header.sections[MODULE_ROWS].count, 0);
	LIE(header.sections[MODULE_PAGES].count, 1);
	LIE(header.sections[MODULE_DICTIONARY].count, 0);
	LIE(header.sections[MODULE_NAMES].offset, sizeof(struct module_fixture) + 8);
	LIE(header.sections[MODULE_NAMES].offset, 0);
	LIE(header.sections[MODULE_SYMBOLS].offset, offsetof(struct module_fixture, symbols) + 4);
	LIE(rows[0], OT_ROW(1, 0));
	LIE(rows[1], OT_ROW(0x2000, 0));
	LIE(rows[2], OT_ROW(0x10, 0));
	LIE(rows[1], OT_ROW(0x10, OT_RULE(OT_CFA_DICTIONARY, 1, 0, 0)));
	LIE(pages[0].first, 2);
	LIE(pages[1].last, 3);
	LIE(dictionary[0].kind, OT_DICTIONARY_KIND_COUNT);
	LIE(dictionary[0].reg, 16);
	LIE(symbols[1].address, 0x18);
	LIE(symbols[3].address, UINT64_MAX);
	LIE(symbols[2].name, sizeof(((struct module_fixture *)0)->names));
	LIE(symbols[2].name, 8);
	LIE(names[15], 'x');
}

/* --- made of a real program ----------------------------------------------------------------------
 */

static void a_program_becomes_rows_and_names(void **state)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = fixture_memfd();
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;
	const struct module_file_header *header;

	(void)state;
	assert_int_equal(module_write(&(struct module_sources){.fd = fd}, &identity, out), 0);
	assert_int_equal(module_file_map(out, &file), 0);
	header = module_file_header(file);
	assert_true(module_identity_equals(&header->identity, &identity));
	assert_in_range(module_file_rows(file).row_count, 100, UINT32_MAX);
	assert_in_range(header->sections[MODULE_SYMBOLS].count, 100, UINT32_MAX);
	assert_int_equal(header->machine, EM_X86_64);
}

static void what_is_no_program_becomes_nothing(void **state)
{
	_cleanup_close_ int fd = bytes_fd("#!/bin/sh\n", 10), out = fixture_memfd();

	(void)state;
	assert_int_equal(module_write(&(struct module_sources){.fd = fd}, &identity, out),
			 -ENOEXEC);
	assert_int_equal(lseek(out, 0, SEEK_END), 0);
}

/* However it is cut: an error, or a file that passes. */
static void a_truncated_program_is_read_as_far_as_it_goes(void **state)
{
	struct stat status;
	char path[256];
	int whole;

	snprintf(path, sizeof(path), "%s/known", (char *)*state);
	fixture_build(KNOWN_FUNCTION_SOURCE, "", path);
	whole = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(whole, &status), 0);
	close(whole);
	for (off_t size = 0; size < status.st_size; size += 97) {
		_cleanup_close_ int fd = fixture_copy(path), out = fixture_memfd();
		_cleanup_(module_file_unmapp) struct module_file *file = NULL;

		assert_int_equal(ftruncate(fd, size), 0);
		if (module_write(&(struct module_sources){.fd = fd}, &identity, out) == 0)
			assert_int_equal(module_file_map(out, &file), 0);
	}
}

/* 4 GiB of nothing behind a real header: what is not there is not allocated. */
static void a_sparse_file_of_4_gib_costs_nothing(void **state)
{
	_cleanup_close_ int fd = fixture_copy("/proc/self/exe"), out = fixture_memfd();
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;

	(void)state;
	assert_int_equal(ftruncate(fd, 4ll << 30), 0);
	assert_int_equal(module_write(&(struct module_sources){.fd = fd}, &identity, out), 0);
	assert_int_equal(module_file_map(out, &file), 0);
	assert_in_range(module_file_rows(file).row_count, 100, UINT32_MAX);
}

/* --- kept on disk
 * ---------------------------------------------------------------------------------- */

static struct module_store *store_open(const char *directory, const char *name, uint64_t max_bytes)
{
	struct module_store *store = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(module_store_open(path, max_bytes, &store), 0);
	return store;
}

static void store_keep(struct module_store *store, uint8_t number)
{
	const struct module_identity numbered = {.build_id = {number}, .build_id_bytes = 20};
	const struct module_fixture fixture = module_fixture_make(&numbered);
	_cleanup_(module_file_unmapp) struct module_file *file = file_map(&fixture);

	assert_int_equal(module_store_keep(store, file), 0);
}

static int store_find(struct module_store *store, uint8_t number)
{
	const struct module_identity numbered = {.build_id = {number}, .build_id_bytes = 20};
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;

	return module_store_find(store, &numbered, &file);
}

static void what_is_kept_is_found_by_the_next_run(void **state)
{
	_cleanup_(module_store_closep) struct module_store *store =
		store_open(*state, "kept", 1 << 20);
	_cleanup_(module_store_closep) struct module_store *next = NULL;

	assert_int_equal(store_find(store, 1), -ENOENT);
	store_keep(store, 1);
	next = store_open(*state, "kept", 1 << 20);
	assert_int_equal(store_find(next, 1), 0);
	assert_int_equal(store_find(next, 2), -ENOENT);
}

static void a_file_without_build_id_is_known_by_its_inode_and_times(void **state)
{
	const struct module_identity first = {.file = {.device = 1, .inode = 2, .modified_ns = 3}};
	const struct module_identity changed = {
		.file = {.device = 1, .inode = 2, .modified_ns = 4}};
	const struct module_fixture fixture = module_fixture_make(&first);
	_cleanup_(module_file_unmapp) struct module_file *file = file_map(&fixture), *found = NULL;
	_cleanup_(module_store_closep) struct module_store *store =
		store_open(*state, "inode", 1 << 20);

	assert_int_equal(module_store_keep(store, file), 0);
	assert_int_equal(module_store_find(store, &changed, &found), -ENOENT);
	assert_int_equal(module_store_find(store, &first, &found), 0);
}

/* Its names are for those who have the same debug file, and for nobody else. */
static void what_was_made_with_a_debug_file_is_kept_apart(void **state)
{
	const struct module_identity bare = {.build_id = {9}, .build_id_bytes = 20};
	struct module_identity with = bare, with_another = bare;
	_cleanup_(module_store_closep) struct module_store *store =
		store_open(*state, "apart", 1 << 20);
	_cleanup_(module_file_unmapp) struct module_file *file = NULL, *found = NULL;
	struct module_fixture fixture;

	with.debug = (struct module_source){.device = 1, .inode = 2, .changed_ns = 3};
	with_another.debug = (struct module_source){.device = 1, .inode = 2, .changed_ns = 4};
	fixture = module_fixture_make(&with);
	file = file_map(&fixture);
	assert_int_equal(module_store_keep(store, file), 0);
	assert_int_equal(module_store_find(store, &bare, &found), -ENOENT);
	assert_int_equal(module_store_find(store, &with_another, &found), -ENOENT);
	assert_int_equal(module_store_find(store, &with, &found), 0);
}

static void the_longest_unused_makes_room(void **state)
{
	_cleanup_(module_store_closep) struct module_store *store =
		store_open(*state, "room", 3 * sizeof(struct module_fixture) + 10);
	static const struct timespec long_ago[] = {{.tv_sec = 1000}, {.tv_nsec = UTIME_OMIT}};
	char path[256];

	for (uint8_t i = 1; i <= 3; i++)
		store_keep(store, i);
	snprintf(path, sizeof(path), "%s/room/02%038d.module", (char *)*state, 0);
	assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
	store_keep(store, 4);
	assert_int_equal(store_find(store, 2), -ENOENT);
	assert_int_equal(store_find(store, 1), 0);
	assert_int_equal(store_find(store, 3), 0);
	assert_int_equal(store_find(store, 4), 0);
}

static void what_others_can_write_is_not_used(void **state)
{
	struct module_store *store = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/open", (char *)*state);
	assert_int_equal(mkdir(path, 0777), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(module_store_open(path, 1 << 20, &store), -EPERM);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(module_store_open(path, 1 << 20, &store), 0);
	store_keep(store, 1);
	snprintf(path, sizeof(path), "%s/open/01%038d.module", (char *)*state, 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(store_find(store, 1), -EPERM);
	module_store_close(store);
}

static void a_damaged_or_foreign_file_is_not_used(void **state)
{
	_cleanup_(module_store_closep) struct module_store *store =
		store_open(*state, "damaged", 1 << 20);
	char path[256], other[256], link_path[256];

	store_keep(store, 1);
	snprintf(path, sizeof(path), "%s/damaged/01%038d.module", (char *)*state, 0);
	snprintf(other, sizeof(other), "%s/damaged/02%038d.module", (char *)*state, 0);
	snprintf(link_path, sizeof(link_path), "%s/damaged/03%038d.module", (char *)*state, 0);
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(store_find(store, 3), -ELOOP);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(store_find(store, 2), -EBADMSG);
	assert_int_equal(truncate(path, 300), 0);
	assert_int_equal(store_find(store, 1), -EBADMSG);
	store_keep(store, 1);
	assert_int_equal(store_find(store, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_whole_is_used_where_it_lies),
		cmocka_unit_test(every_byte_is_covered_by_the_checksum),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(a_program_becomes_rows_and_names),
		cmocka_unit_test(what_is_no_program_becomes_nothing),
		cmocka_unit_test(a_truncated_program_is_read_as_far_as_it_goes),
		cmocka_unit_test(a_sparse_file_of_4_gib_costs_nothing),
		cmocka_unit_test(what_is_kept_is_found_by_the_next_run),
		cmocka_unit_test(a_file_without_build_id_is_known_by_its_inode_and_times),
		cmocka_unit_test(what_was_made_with_a_debug_file_is_kept_apart),
		cmocka_unit_test(the_longest_unused_makes_room),
		cmocka_unit_test(what_others_can_write_is_not_used),
		cmocka_unit_test(a_damaged_or_foreign_file_is_not_used),
	};

	return cmocka_run_group_tests(tests, fixture_directory_make, fixture_directory_remove);
}
