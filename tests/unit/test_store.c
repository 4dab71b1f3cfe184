// SPDX-License-Identifier: GPL-2.0-or-later
/* What is set aside is enough for what it was said to be, whatever was taken and given back. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/store.h"

#define SPARE_BYTES (1u << 20)
#define PIECES 2000

static struct store *filled(size_t spare_bytes)
{
	struct store *store = NULL;

	assert_int_equal(store_new(&store), 0);
	assert_int_equal(store_fill(store, spare_bytes), 0);
	assert_true(store_spare_bytes(store) >= spare_bytes);
	return store;
}

static void test_a_sealed_store_refuses_what_it_has_no_room_for(void **state)
{
	struct store *store = filled(SPARE_BYTES);
	uint32_t taken = 0;
	void *last = NULL;

	(void)state;
	store_seal(store, true);
	assert_null(store_alloc(store, 2 * SPARE_BYTES));
	assert_int_equal(store_refused(store), 1);
	for (void *piece; (piece = store_alloc(store, 1000)); taken++)
		last = piece;
	/* nearly all of it could be had, and what is given back can be had again */
	assert_in_range(taken, SPARE_BYTES / 1016 * 9 / 10, 5 * SPARE_BYTES / 4 / 1000);
	assert_int_equal(store_refused(store), 2);
	assert_int_equal(store_fill(store, SPARE_BYTES), 0);
	assert_null(store_alloc(store, 1000));
	store_free(last);
	assert_non_null(store_alloc(store, 1000));
	store_seal(store, false);
	assert_non_null(store_alloc(store, 1000));
	assert_int_equal(store_refused(store), 3);
	store_destroy(store);
}

static void test_nothing_set_aside_is_refused_while_it_is_sealed(void **state)
{
	struct store *store = filled(SPARE_BYTES);

	(void)state;
	store_refuse_all(store);
	assert_non_null(store_alloc(store, 1));
	assert_true(store_can_spare(store, 2 * SPARE_BYTES));
	store_seal(store, true);
	assert_null(store_alloc(store, 1));
	assert_int_equal(store_refused(store), 1);
	assert_false(store_can_spare(store, 2 * SPARE_BYTES));
	assert_true(store_can_spare(NULL, 2 * SPARE_BYTES));
	store_destroy(store);
}

static void test_what_is_empty_again_goes_back(void **state)
{
	struct store *store = filled(SPARE_BYTES);
	static void *pieces[PIECES];

	(void)state;
	for (size_t i = 0; i < PIECES; i++)
		pieces[i] = store_alloc(store, 4000);
	assert_int_equal(store_fill(store, SPARE_BYTES), 0);
	for (size_t i = 0; i < PIECES; i++)
		store_free(pieces[i]);
	assert_true(store_spare_bytes(store) >= PIECES * (size_t)4000);
	assert_int_equal(store_fill(store, SPARE_BYTES), 0);
	assert_in_range(store_spare_bytes(store), SPARE_BYTES, 2 * SPARE_BYTES);
	store_destroy(store);
}

/* --- whatever the order ------------------------------------------------------------------- */

struct kept {
	unsigned char *bytes;
	size_t len_bytes;
	unsigned char mark;
};

static size_t any_length(void)
{
	size_t most = (size_t)1 << (rand() % 17);

	return (size_t)rand() % most;
}

static void expect_whole(const struct kept *kept, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++)
		assert_int_equal(kept->bytes[i], kept->mark);
}

static void change(struct store *store, struct kept *kept)
{
	size_t len_bytes = any_length();
	unsigned char *bytes = store_resize(store, kept->bytes, len_bytes, 1);

	assert_non_null(bytes);
	assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
	kept->bytes = bytes;
	expect_whole(kept, len_bytes < kept->len_bytes ? len_bytes : kept->len_bytes);
	kept->len_bytes = len_bytes;
	kept->mark++;
	memset(bytes, kept->mark, len_bytes);
}

static void let_go(struct kept *kept)
{
	expect_whole(kept, kept->len_bytes);
	store_free(kept->bytes);
	*kept = (struct kept){0};
}

static void play(struct store *store)
{
	static struct kept kept[PIECES];

	srand(1);
	for (size_t i = 0; i < 50 * PIECES; i++) {
		struct kept *any = &kept[rand() % PIECES];

		if (rand() % 3)
			change(store, any);
		else
			let_go(any);
	}
	for (size_t i = 0; i < PIECES; i++)
		let_go(&kept[i]);
}

static void test_pieces_stay_whole_and_all_of_them_come_back(void **state)
{
	struct store *store = filled(SPARE_BYTES);

	(void)state;
	play(store);
	/* all free pieces are one again in each block, so that no block is kept for a rest */
	assert_int_equal(store_fill(store, SPARE_BYTES), 0);
	assert_in_range(store_spare_bytes(store), SPARE_BYTES, 2 * SPARE_BYTES);
	assert_int_equal(store_fill(store, 0), 0);
	assert_int_equal(store_spare_bytes(store), 0);
	store_destroy(store);
}

static void test_without_a_store_it_is_malloc(void **state)
{
	char *copy = store_strdup(NULL, "copy");

	(void)state;
	play(NULL);
	assert_string_equal(copy, "copy");
	copy = store_resize(NULL, copy, 1 << 20, 1);
	assert_string_equal(copy, "copy");
	store_free(copy);
	store_free(NULL);
}

static void test_what_nobody_can_have_is_refused(void **state)
{
	struct store *store = filled(0);
	struct store *const stores[] = {store, NULL};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_null(store_alloc(stores[i], SIZE_MAX));
		assert_null(store_alloc_array(stores[i], SIZE_MAX / 2, 3));
		assert_null(store_resize(stores[i], NULL, SIZE_MAX, 1));
	}
	assert_null(store_alloc(store, (size_t)1 << 32));
	store_destroy(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sealed_store_refuses_what_it_has_no_room_for),
		cmocka_unit_test(test_nothing_set_aside_is_refused_while_it_is_sealed),
		cmocka_unit_test(test_what_is_empty_again_goes_back),
		cmocka_unit_test(test_pieces_stay_whole_and_all_of_them_come_back),
		cmocka_unit_test(test_without_a_store_it_is_malloc),
		cmocka_unit_test(test_what_nobody_can_have_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
