// SPDX-License-Identifier: GPL-2.0-or-later
/* What stacks have grown by since some time ago, also where cells became other stacks'. */
#include "test.h"

#include <stdbool.h>
#include <string.h>

#include "capture/cell_baseline.h"

#define SECOND UINT64_C(1000000000)
#define FIRST OT_FIXED_COUNT
#define CELLS (FIRST + 8)

static struct ot_cell cells[CELLS];
static struct ledger ledger = {.cells = cells, .cell_count = CELLS, .account_count = 1};

static int set_up(void **state)
{
	static struct cell_baseline baseline;

	memset(cells, 0, sizeof(cells));
	*state = &baseline;
	return cell_baseline_init(&baseline, &ledger);
}

static int tear_down(void **state)
{
	cell_baseline_release(*state);
	return 0;
}

static void set_cell(uint32_t cell, enum ot_kind kind, uint32_t live, uint64_t allocated)
{
	cells[cell].in_use = 1;
	cells[cell].live[kind] = live;
	cells[cell].allocated = allocated;
}

static void expect(const struct cell_baseline *baseline, enum baseline_age age, uint32_t cell,
		   uint64_t then_anon, uint64_t now_anon, uint64_t allocated)
{
	struct cell_event then, now;

	cell_baseline_compare(baseline, age, &ledger, cell, &then, &now);
	assert_int_equal(then.live_slots[KIND_ANON], then_anon);
	assert_int_equal(now.live_slots[KIND_ANON], now_anon);
	assert_int_equal(then.allocated_slots, 0);
	assert_int_equal(now.allocated_slots, allocated);
}

static void test_what_grew_since_the_older_copy_is_told(void **state)
{
	struct cell_baseline *baseline = *state;

	assert_int_equal(cell_baseline_time_ns(baseline, BASELINE_SECONDS), 0);
	for (uint64_t second = 1; second <= 25; second++) {
		set_cell(FIRST, OT_KIND_ANON, 100 + second, 100 + 3 * second);
		cell_baseline_tick(baseline, &ledger, second * SECOND);
	}
	/* copies of 1, 11 and 21 s: that of 11 counts */
	assert_int_equal(cell_baseline_time_ns(baseline, BASELINE_SECONDS), 11 * SECOND);
	expect(baseline, BASELINE_SECONDS, FIRST, 111, 125, 3 * 14);
	assert_int_equal(cell_baseline_time_ns(baseline, BASELINE_MINUTES), 1 * SECOND);
	expect(baseline, BASELINE_MINUTES, FIRST, 101, 125, 3 * 24);
}

static void test_what_has_no_kind_yet_is_anon_and_page_cache_is_nothing(void **state)
{
	struct cell_event then, now;

	cell_baseline_tick(*state, &ledger, 1 * SECOND);
	set_cell(FIRST, OT_KIND_PENDING, 3, 3);
	set_cell(FIRST, OT_KIND_ANON, 4, 7);
	set_cell(FIRST, OT_KIND_FILE, 50, 57);
	set_cell(FIRST, OT_KIND_SHMEM, 6, 63);
	set_cell(FIRST, OT_KIND_KERNEL, 5, 68);
	cell_baseline_compare(*state, BASELINE_SECONDS, &ledger, FIRST, &then, &now);
	assert_int_equal(now.live_slots[KIND_ANON], 7);
	assert_int_equal(now.live_slots[KIND_SHMEM], 6);
	assert_int_equal(now.live_slots[KIND_KERNEL], 5);
	assert_int_equal(now.live_slots[KIND_FILE] + now.live_slots[KIND_PENDING], 0);
}

static void test_a_cell_that_is_another_stack_by_now_held_nothing(void **state)
{
	struct cell_baseline *baseline = *state;

	set_cell(FIRST + 1, OT_KIND_ANON, 500, 900);
	cell_baseline_tick(baseline, &ledger, 1 * SECOND);
	/* retired, and taken by somebody else */
	cells[FIRST + 1] = (struct ot_cell){.generation = cells[FIRST + 1].generation + 1};
	expect(baseline, BASELINE_SECONDS, FIRST + 1, 0, 0, 0);
	set_cell(FIRST + 1, OT_KIND_ANON, 20, 30);
	expect(baseline, BASELINE_SECONDS, FIRST + 1, 0, 20, 30);
}

static void test_the_gross_count_may_wrap(void **state)
{
	struct cell_baseline *baseline = *state;

	set_cell(FIRST + 7, OT_KIND_ANON, 10, 0xfffffffffeULL);
	cell_baseline_tick(baseline, &ledger, 1 * SECOND);
	set_cell(FIRST + 7, OT_KIND_ANON, 15, 0x10000000005ULL);
	expect(baseline, BASELINE_SECONDS, FIRST + 7, 10, 15, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_grew_since_the_older_copy_is_told, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_has_no_kind_yet_is_anon_and_page_cache_is_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_cell_that_is_another_stack_by_now_held_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_gross_count_may_wrap, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
