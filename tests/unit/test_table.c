// SPDX-License-Identifier: GPL-2.0-or-later
/* The containers of base/. */
#include "test.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/table.h"

static void test_a_table_finds_what_was_put(void **state)
{
	_cleanup_(table_release) struct table table = {0};
	static int values[10000];

	(void)state;
	assert_null(table_get(&table, (struct table_key){1, 2}));
	for (uint64_t i = 0; i < 10000; i++)
		assert_int_equal(
			table_put(&table, (struct table_key){i % 100, i / 100}, &values[i]), 0);
	assert_int_equal(table.count, 10000);
	for (uint64_t i = 0; i < 10000; i++)
		assert_ptr_equal(table_get(&table, (struct table_key){i % 100, i / 100}),
				 &values[i]);
	assert_null(table_get(&table, (struct table_key){100, 0}));
	assert_null(table_get(&table, (struct table_key){0, 100}));
}

static void test_a_table_replaces(void **state)
{
	_cleanup_(table_release) struct table table = {0};
	int first, second;

	(void)state;
	assert_int_equal(table_put(&table, (struct table_key){.major = 7}, &first), 0);
	assert_int_equal(table_put(&table, (struct table_key){.major = 7}, &second), 0);
	assert_int_equal(table.count, 1);
	assert_ptr_equal(table_get(&table, (struct table_key){.major = 7}), &second);
}

static void test_an_arena_gives_zeroed_memory_that_stays(void **state)
{
	_cleanup_(arena_release) struct arena arena = {0};
	char *first = arena_strdup(&arena, "first");

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		uint64_t *numbers = arena_alloc(&arena, i % 200, sizeof(*numbers));

		assert_non_null(numbers);
		assert_int_equal((uintptr_t)numbers % _Alignof(max_align_t), 0);
		for (size_t at = 0; at < i % 200; at++) {
			assert_int_equal(numbers[at], 0);
			numbers[at] = UINT64_MAX;
		}
	}
	assert_string_equal(first, "first");
	assert_non_null(arena_alloc(&arena, 1, 1 << 20));
	assert_string_equal(arena_printf(&arena, "%s-%d", "a", 5), "a-5");
	assert_null(arena_alloc(&arena, SIZE_MAX, 2));
	assert_null(arena_alloc(&arena, SIZE_MAX, 1));
}

static void test_a_buffer_grows(void **state)
{
	_cleanup_(buf_release) struct buf buf = {0};

	(void)state;
	assert_string_equal(buf_string(&buf), "");
	for (int i = 0; i < 10000; i++)
		buf_printf(&buf, "%04d", i);
	assert_int_equal(buf.len_bytes, 40000);
	assert_int_equal(strlen(buf_string(&buf)), 40000);
	assert_memory_equal(buf_string(&buf) + 4 * 1234, "1234", 4);
	assert_int_equal(buf_error(&buf), 0);
	buf_clear(&buf);
	assert_string_equal(buf_string(&buf), "");
}

static void test_a_buffer_remembers_that_memory_ran_out(void **state)
{
	_cleanup_(buf_release) struct buf buf = {0};
	_cleanup_fclose_ FILE *stream = tmpfile();

	(void)state;
	buf_append_string(&buf, "kept");
	buf_append(&buf, "", SIZE_MAX / 2);
	buf_append_string(&buf, "not appended");
	assert_int_equal(buf_error(&buf), -ENOMEM);
	assert_string_equal(buf_string(&buf), "kept");
	assert_int_equal(buf_write(&buf, stream), -ENOMEM);
}

static struct table_key crowded(uint64_t i)
{
	return (struct table_key){i % 7, i / 7};
}

/* Whatever is taken out, in whatever order, everybody else is still found. */
static void test_a_table_gives_back_what_is_taken(void **state)
{
	_cleanup_(table_release) struct table table = {0};
	static int values[5000];

	(void)state;
	assert_null(table_take(&table, crowded(1)));
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(table_put(&table, crowded(i), &values[i]), 0);
	for (uint64_t i = 0; i < 5000; i += 3)
		assert_ptr_equal(table_take(&table, crowded(i)), &values[i]);
	assert_null(table_take(&table, crowded(0)));
	for (uint64_t i = 0; i < 5000; i++)
		assert_ptr_equal(table_get(&table, crowded(i)), i % 3 ? &values[i] : NULL);
	assert_int_equal(table.count, 5000 - 1667);
	for (uint64_t i = 5000; i-- > 0;)
		assert_ptr_equal(table_take(&table, crowded(i)), i % 3 ? &values[i] : NULL);
	assert_int_equal(table.count, 0);
	for (size_t i = 0; i < table.capacity; i++)
		assert_null(table.entries[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_table_finds_what_was_put),
		cmocka_unit_test(test_a_table_replaces),
		cmocka_unit_test(test_a_table_gives_back_what_is_taken),
		cmocka_unit_test(test_an_arena_gives_zeroed_memory_that_stays),
		cmocka_unit_test(test_a_buffer_grows),
		cmocka_unit_test(test_a_buffer_remembers_that_memory_ran_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
