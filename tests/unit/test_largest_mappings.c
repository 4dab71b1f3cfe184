// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process has reserved, by name: bounded, and nothing of it is missing from the sums. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "capture/largest_mappings.h"

#define MIB (1ULL << 20)

static struct mappings_by_name all;

static void add(enum mapping_kind kind, const char *name, uint64_t bytes)
{
	struct mapping_seen seen = {.start = MIB, .end = MIB + bytes, .kind = kind};

	snprintf(seen.name, sizeof(seen.name), "%s", name);
	mappings_by_name_add(&seen, &all);
}

static struct largest_mappings largest(void)
{
	struct largest_mappings largest;

	largest_mappings_of(&all, &largest);
	memset(&all, 0, sizeof(all));
	return largest;
}

static void test_those_of_one_name_are_one_line(void **state)
{
	struct largest_mappings found;

	(void)state;
	add(MAPPING_FILE, "/lib/libx.so", MIB);
	add(MAPPING_ANON, "", 4 * MIB);
	add(MAPPING_FILE, "/lib/libx.so", 2 * MIB);
	add(MAPPING_ANON, "[anon: pool]", 2 * MIB);
	add(MAPPING_NO_ACCESS, "", 64 * MIB);
	add(MAPPING_ANON, "", 4 * MIB);
	add(MAPPING_HEAP, "[heap]", MIB);
	found = largest();
	assert_int_equal(found.count, 5);
	assert_int_equal(found.items[0].kind, MAPPING_NO_ACCESS);
	assert_int_equal(found.items[1].kind, MAPPING_ANON);
	assert_int_equal(found.items[1].count, 2);
	assert_int_equal(found.items[1].bytes, 8 * MIB);
	assert_string_equal(found.items[2].name, "/lib/libx.so");
	assert_int_equal(found.items[2].bytes, 3 * MIB);
	assert_string_equal(found.items[3].name, "[anon: pool]");
	/* what the kind says needs no name */
	assert_string_equal(found.items[4].name, "");
	assert_int_equal(found.other_count, 0);
}

static void test_of_many_names_the_largest_are_kept_and_the_rest_is_added_up(void **state)
{
	const uint32_t names = 5 * LARGEST_MAPPINGS_READ;
	struct largest_mappings found;
	uint64_t sum = 0, expected = 0;
	uint32_t count = 0;
	char name[32];

	(void)state;
	for (uint32_t i = 1; i <= names; i++) {
		snprintf(name, sizeof(name), "/file/%u", i);
		add(MAPPING_FILE, name, i * 4096);
		expected += (uint64_t)i * 4096;
	}
	found = largest();
	assert_int_equal(found.count, LARGEST_MAPPINGS_MAX);
	for (uint32_t i = 0; i < found.count; i++) {
		assert_int_equal(found.items[i].bytes, (uint64_t)(names - i) * 4096);
		sum += found.items[i].bytes;
		count += found.items[i].count;
	}
	assert_int_equal(sum + found.other_bytes, expected);
	assert_int_equal(count + found.other_count, names);
}

static void test_of_a_long_name_the_end_is_kept(void **state)
{
	struct mapping_reading reading = {.tell = mappings_by_name_add, .context = &all};
	static struct proc_mapping mapping = {.start = MIB, .end = 2 * MIB, .inode = 7};
	struct largest_mappings found;

	(void)state;
	memset(mapping.path, 'x', 4000);
	strcpy(mapping.path + 4000, "/libend.so");
	mapping.accessible = true;
	mapping_reading_take(&reading, &mapping);
	mapping_reading_end(&reading);
	found = largest();
	assert_int_equal(found.count, 1);
	assert_int_equal(strlen(found.items[0].name), MAPPING_NAME_MAX - 1);
	assert_memory_equal(found.items[0].name, "...x", 4);
	assert_string_equal(found.items[0].name + MAPPING_NAME_MAX - 1 - 10, "/libend.so");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_those_of_one_name_are_one_line),
		cmocka_unit_test(test_of_many_names_the_largest_are_kept_and_the_rest_is_added_up),
		cmocka_unit_test(test_of_a_long_name_the_end_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
