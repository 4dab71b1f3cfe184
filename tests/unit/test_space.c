// SPDX-License-Identifier: GPL-2.0-or-later
/* What records of system calls make of an address space: who has what. */
#include "test.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "capture/space.h"

#define ACCOUNT 5
#define BASE 0x7f0000000000ULL
/* Cells of stacks. */
#define ANN 1000
#define BOB 1001
#define LOST (ACCOUNT * OT_FIXED_COUNT + OT_FIXED_LOST)

static uint64_t address(uint64_t page)
{
	return BASE + page * sysconf(_SC_PAGESIZE);
}

static uint64_t bytes(uint64_t pages)
{
	return pages * sysconf(_SC_PAGESIZE);
}

static void space_release(struct space *space)
{
	intervals_release(&space->ranges);
}

/* Pages [from, to) have a mapping now. */
static void stored(struct space *space, uint64_t from, uint64_t to, uint32_t cell,
		   struct ot_syscall call)
{
	const struct ot_mapping_record record = {
		.type = OT_RECORD_MAPPING,
		.account = ACCOUNT,
		.change = OT_MAPPING_STORED,
		.cell = cell,
		.start = address(from),
		.end = address(to),
		.call = call,
	};

	assert_int_equal(space_apply(space, &record), 0);
}

static void done(struct space *space, uint64_t total_pages, struct ot_syscall call)
{
	const struct ot_mapping_record record = {
		.type = OT_RECORD_MAPPING,
		.account = ACCOUNT,
		.change = OT_MAPPING_DONE,
		.total_pages = total_pages,
		.call = call,
	};

	assert_int_equal(space_apply(space, &record), 0);
}

static struct ot_syscall call_mmap(uint64_t page, uint64_t pages, int flags)
{
	return (struct ot_syscall){SYS_mmap, {address(page), bytes(pages), PROT_READ, flags}};
}

static struct ot_syscall call_mremap(uint64_t old, uint64_t old_pages, uint64_t pages, uint64_t new)
{
	return (struct ot_syscall){SYS_mremap,
				   {address(old), bytes(old_pages), bytes(pages),
				    MREMAP_MAYMOVE | MREMAP_FIXED, address(new)}};
}

static void assert_owner(const struct space *space, uint64_t from, uint64_t to, uint32_t owner)
{
	const struct interval *range = intervals_after(&space->ranges, address(from));

	assert_non_null(range);
	assert_true(range->start <= address(from));
	assert_true(range->end >= address(to));
	assert_int_equal(range->owner, owner);
}

static void test_a_neighbour_that_is_joined_keeps_its_owner(void **state)
{
	_cleanup_(space_release) struct space space = {.life = 1};

	(void)state;
	stored(&space, 0, 4, ANN, call_mmap(0, 4, 0));
	stored(&space, 0, 8, BOB, call_mmap(4, 4, 0));
	assert_owner(&space, 0, 4, ANN);
	assert_owner(&space, 4, 8, BOB);
}

static void test_what_is_unmapped_without_a_word_is_told_by_the_total(void **state)
{
	_cleanup_(space_release) struct space space = {.life = 1};

	(void)state;
	stored(&space, 0, 8, ANN, call_mmap(0, 8, 0));
	done(&space, 6, (struct ot_syscall){SYS_munmap, {address(3), bytes(2)}});
	assert_false(space.astray);
	assert_int_equal(space.ranges.total_bytes, bytes(6));
	assert_int_equal(intervals_covered(&space.ranges, address(3), address(5)), 0);
	done(&space, 5, (struct ot_syscall){SYS_munmap, {address(20), bytes(1)}});
	assert_true(space.astray);
}

static void test_a_move_belongs_to_who_moved(void **state)
{
	_cleanup_(space_release) struct space space = {.life = 1};

	(void)state;
	stored(&space, 0, 4, ANN, call_mmap(0, 4, 0));
	stored(&space, 10, 16, ANN, call_mmap(10, 6, 0));
	/* joined with what ends where it goes, and longer than it was */
	stored(&space, 10, 20, BOB, call_mremap(0, 4, 6, 14));
	assert_owner(&space, 10, 14, ANN);
	assert_owner(&space, 14, 20, BOB);
	done(&space, 10, call_mremap(0, 4, 6, 14));
	assert_false(space.astray);
	assert_int_equal(intervals_covered(&space.ranges, address(0), address(4)), 0);
}

/* An old size of 0: the old place stays, and what is new is all of the new one and nothing else. */
static void test_a_mapping_that_is_doubled_stays_whose_it_was(void **state)
{
	_cleanup_(space_release) struct space space = {.life = 1};

	(void)state;
	stored(&space, 0, 4, ANN, call_mmap(0, 4, MAP_SHARED));
	stored(&space, 10, 14, ANN, call_mmap(10, 4, MAP_SHARED));
	/* over the end of one, and told with what it is joined with */
	stored(&space, 10, 17, BOB, call_mremap(0, 0, 4, 13));
	done(&space, 11, call_mremap(0, 0, 4, 13));
	assert_false(space.astray);
	assert_owner(&space, 0, 4, ANN);
	assert_owner(&space, 10, 13, ANN);
	assert_owner(&space, 13, 17, BOB);
}

/* By two, so that no two pages are one range. */
static void grow_in_turns(struct space *space, uint64_t pages)
{
	for (uint64_t page = 0; page < pages; page++) {
		stored(space, 0, page + 1, page % 2 ? ANN : BOB, call_mmap(page, 1, 0));
		done(space, page + 1, call_mmap(page, 1, 0));
	}
}

/* What there is room for again has owners; it is never said of anything that somebody else has it.
 */
static void test_too_many_owners_are_forgotten_and_nothing_else(void **state)
{
	_cleanup_(space_release) struct space space = {.life = 1, .lost_owner = LOST};
	const uint64_t pages = INTERVALS_MAX + 1000;

	(void)state;
	grow_in_turns(&space, pages);
	assert_false(space.astray);
	assert_false(space.crowded);
	assert_int_equal(space.ranges.total_bytes, bytes(pages));
	assert_in_range(space.disowned, INTERVALS_MAX - 2, INTERVALS_MAX);
	assert_owner(&space, 0, space.disowned, LOST);
	for (uint64_t page = space.disowned + 1; page < pages; page++)
		assert_owner(&space, page, page + 1, page % 2 ? ANN : BOB);
}

/* Each apart from the others: all that is known in the end is the kernel's sum. */
static void test_too_many_holes_leave_the_sum(void **state)
{
	_cleanup_(space_release) struct space space = {.life = 1, .lost_owner = LOST};
	const uint64_t pages = INTERVALS_MAX + 1000;

	(void)state;
	for (uint64_t page = 0; page < pages; page++) {
		stored(&space, 2 * page, 2 * page + 1, ANN, call_mmap(2 * page, 1, 0));
		done(&space, page + 1, call_mmap(2 * page, 1, 0));
	}
	assert_true(space.crowded);
	assert_false(space.astray);
	assert_int_equal(space.disowned, pages);
	assert_int_equal(space.ranges.count, 1);
	assert_int_equal(space.ranges.total_bytes, bytes(pages));
	assert_int_equal(intervals_after(&space.ranges, 0)->owner, LOST);
	done(&space, 1, (struct ot_syscall){SYS_munmap, {address(1), bytes(2 * pages)}});
	assert_int_equal(space.ranges.total_bytes, bytes(1));
}

/* What maps add may be too much, too. */
static void test_a_look_at_maps_that_finds_too_much_is_right_in_sum(void **state)
{
	_cleanup_(space_release) struct space space = {
		.life = 1, .lost_owner = LOST, .unseen_owner = SPACE_BEFORE};
	_cleanup_(intervals_release) struct intervals maps = {0};
	const uint64_t pages = INTERVALS_MAX - 2;

	(void)state;
	grow_in_turns(&space, pages);
	assert_int_equal(space.disowned, 0);
	assert_int_equal(intervals_set(&maps, address(0), address(pages + 1), 0), 0);
	for (uint64_t page = pages + 2; page < pages + 20; page += 2)
		assert_int_equal(intervals_set(&maps, address(page), address(page + 1), 0), 0);
	assert_int_equal(space_conform(&space, &maps), 0);
	assert_int_equal(space.ranges.total_bytes, maps.total_bytes);
	assert_true(space.disowned > 0);
	assert_owner(&space, 0, pages, LOST);
}

/* Nor may what no record told of, whose owner is another one, be the one too many. */
static void test_what_was_not_told_may_be_too_much_as_well(void **state)
{
	_cleanup_(space_release) struct space space = {
		.life = 1, .lost_owner = LOST, .unseen_owner = SPACE_BEFORE};
	_cleanup_(intervals_release) struct intervals maps = {0};
	const uint64_t groups = INTERVALS_MAX / 2 - 4;

	(void)state;
	for (uint64_t group = 0; group < groups; group++)
		assert_int_equal(intervals_set(&space.ranges, address(3 * group),
					       address(3 * group + 2), ANN),
				 0);
	assert_int_equal(intervals_set(&maps, address(0), address(3 * groups), 0), 0);
	for (uint64_t page = 3 * groups + 1; page < 3 * groups + 120; page += 2)
		assert_int_equal(intervals_set(&maps, address(page), address(page + 1), 0), 0);
	assert_int_equal(space_conform(&space, &maps), 0);
	assert_int_equal(space.ranges.total_bytes, maps.total_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_neighbour_that_is_joined_keeps_its_owner),
		cmocka_unit_test(test_what_is_unmapped_without_a_word_is_told_by_the_total),
		cmocka_unit_test(test_a_move_belongs_to_who_moved),
		cmocka_unit_test(test_a_mapping_that_is_doubled_stays_whose_it_was),
		cmocka_unit_test(test_too_many_owners_are_forgotten_and_nothing_else),
		cmocka_unit_test(test_too_many_holes_leave_the_sum),
		cmocka_unit_test(test_a_look_at_maps_that_finds_too_much_is_right_in_sum),
		cmocka_unit_test(test_what_was_not_told_may_be_too_much_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
