// SPDX-License-Identifier: GPL-2.0-or-later
/* What is noted of a process while it is small. */
#include "test.h"

#include "capture/early_stacks.h"

#define LIFE 77
#define ACCOUNT 2
#define SLOT_BYTES (1 << 20)
#define CELLS 64

static struct ot_account accounts[4];
static struct ot_cell cells[CELLS];
static struct ledger ledger = {
	.accounts = accounts, .account_count = 4, .cells = cells, .cell_count = CELLS};

static uint32_t cell_of(uint32_t index)
{
	return ledger_first_stack_cell(&ledger) + index;
}

static void hold(uint32_t index, uint32_t anon, uint32_t file)
{
	cells[cell_of(index)] = (struct ot_cell){.account = ACCOUNT, .in_use = 1};
	cells[cell_of(index)].live[OT_KIND_ANON] = (int32_t)anon;
	cells[cell_of(index)].live[OT_KIND_FILE] = (int32_t)file;
}

static void note(struct early_stacks *early, uint64_t life, uint64_t now_ns)
{
	early_stacks_note(early, &ledger, ACCOUNT, life, SLOT_BYTES, now_ns);
}

static void test_the_stage_is_the_latest_that_had_half_at_most(void **state)
{
	struct early_stacks early = {0};

	(void)state;
	hold(0, 4, 100);
	note(&early, LIFE, 1);
	assert_int_equal(early.count, 0);
	for (uint32_t mib = 8; mib <= 64; mib += 8) {
		hold(0, mib, 100);
		note(&early, LIFE, mib);
	}
	/* 8, 16, 32, 64: page cache does not count */
	assert_int_equal(early.count, 4);
	assert_int_equal(early_stacks_of(&early, 100 << 20, SLOT_BYTES)->time_ns, 32);
	assert_int_equal(early_stacks_of(&early, 64 << 20, SLOT_BYTES)->time_ns, 32);
	assert_int_equal(early_stacks_of(&early, 63 << 20, SLOT_BYTES)->time_ns, 16);
	assert_int_equal(early_stacks_of(&early, 512 << 20, SLOT_BYTES)->slots, 64);
	assert_null(early_stacks_of(&early, 15 << 20, SLOT_BYTES));
	/* what it held so long before tells nothing of what filled that much */
	assert_null(early_stacks_of(&early, UINT64_C(2) << 30, SLOT_BYTES));
	/* another life of the account is another one's */
	note(&early, LIFE + 1, 100);
	assert_int_equal(early.count, 1);
	assert_int_equal(early.stages[0].slots, 64);
}

static void test_the_largest_stacks_are_kept_the_most_first(void **state)
{
	struct early_stacks early = {0};

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		hold(i, i * 3 % 8 + 1, 0);
	cells[cell_of(1)].generation = 9;
	cells[cell_of(8)] = (struct ot_cell){.account = ACCOUNT + 1, .in_use = 1};
	cells[cell_of(8)].live[OT_KIND_ANON] = 1000;
	note(&early, LIFE, 1);
	assert_int_equal(early.count, 1);
	assert_int_equal(early.stages[0].slots, 36);
	assert_int_equal(early.stages[0].count, EARLY_CELLS);
	for (uint32_t i = 0; i < EARLY_CELLS; i++)
		assert_int_equal(early.stages[0].cells[i].slots, 8 - i);
	assert_int_equal(early.stages[0].cells[0].cell, cell_of(5));
	assert_int_equal(early.stages[0].cells[4 - 1].cell, cell_of(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_stage_is_the_latest_that_had_half_at_most),
		cmocka_unit_test(test_the_largest_stacks_are_kept_the_most_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
