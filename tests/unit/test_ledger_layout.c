// SPDX-License-Identifier: GPL-2.0-or-later
/* Where slots are, and where in the ledger their entries. */
#include "test.h"

#include <errno.h>

#include "capture/ledger.h"
#include "capture/sizes.h"
#include "fake_proc.h"

/* 3 GiB below the PCI hole and 21 GiB above 4 GiB, as a 24 GiB virtual machine has. */
static const char iomem[] = "00001000-0009fbff : System RAM\n"
			    "00100000-bfffffff : System RAM\n"
			    "  01000000-01ffffff : Kernel code\n"
			    "c0000000-c0000fff : PCI ECAM\n"
			    "100000000-63fffffff : System RAM\n";

static void read_layout(const char *name, const char *content, struct physical *ret_physical)
{
	struct fake_proc fake;

	fake_proc_make(&fake);
	fake_proc_write(&fake, name, content);
	assert_int_equal(physical_read(&fake.root, ret_physical), 0);
	fake_proc_remove(&fake);
}

static void test_only_sections_with_memory_cost_ledger(void **state)
{
	struct physical physical = PHYSICAL_EMPTY;

	(void)state;
	read_layout("iomem", iomem, &physical);
	assert_int_equal(physical.present_count, 24 * 8); /* 3 + 21 GiB of 128 MiB */
	assert_int_equal(physical.section_count, 25 * 8);
	physical_release(&physical);
}

/* Without privilege iomem shows addresses of zero; zoneinfo tells, holes included. */
static void test_zones_serve_where_iomem_hides(void **state)
{
	struct physical physical = PHYSICAL_EMPTY;
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "iomem", "00000000-00000000 : System RAM\n");
	fake_proc_write(&fake, "zoneinfo",
			"Node 0, zone  DMA32\n        spanned  65536\n        present  3\n"
			"  start_pfn:           0\nNode 0, zone  Movable\n        spanned  0\n"
			"  start_pfn:           0\n");
	assert_int_equal(physical_read(&fake.root, &physical), 0);
	assert_int_equal(physical.present_count, 2);
	physical_release(&physical);
	fake_proc_write(&fake, "zoneinfo", "");
	assert_int_equal(physical_read(&fake.root, &physical), -ENODATA);
	fake_proc_remove(&fake);
}

/* Each block has exactly one slot, within it, and entry and frame lead to each other. */
static void test_every_block_has_one_slot_and_one_entry(void **state)
{
	struct physical physical = PHYSICAL_EMPTY;

	(void)state;
	read_layout("iomem", iomem, &physical);
	for (uint32_t shift = 0; shift <= OT_MAX_PERIOD_SHIFT; shift++) {
		const struct ledger_layout layout = {shift, &physical};
		uint64_t first = UINT64_C(0x123) << OT_SECTION_SHIFT >> 4, slots = 0;
		uint32_t index, entries = ledger_entry_count(&layout);

		assert_int_equal(entries,
				 (uint64_t)physical.present_count << (OT_SECTION_SHIFT - shift));
		for (uint64_t frame = first; frame < first + 4096; frame++) {
			if (!ledger_is_slot(&layout, frame))
				continue;
			slots++;
			assert_true(ledger_index(&layout, frame, &index));
			assert_true(index < entries);
			assert_int_equal(ledger_frame(&layout, index), frame);
		}
		assert_int_equal(slots, 4096 >> shift);
	}
	physical_release(&physical);
}

static void test_frames_without_memory_are_outside(void **state)
{
	struct physical physical = PHYSICAL_EMPTY;
	uint32_t index;

	(void)state;
	read_layout("iomem", iomem, &physical);
	const struct ledger_layout layout = {4, &physical};

	assert_false(ledger_index(&layout, 0xc8000, &index)); /* the PCI hole */
	assert_false(ledger_index(&layout, UINT64_C(1) << 40, &index));
	assert_true(ledger_index(&layout, 0x100000, &index));
	physical_release(&physical);
}

static void test_the_host_wide_ledger_stays_small(void **state)
{
	const uint64_t gib = (UINT64_C(1) << 30) / 4096;

	(void)state;
	assert_int_equal(sizes_for(CAPTURE_HOST, 0, 4 * gib).period_pages, 64);
	assert_int_equal(sizes_for(CAPTURE_HOST, 0, 256 * gib).period_pages, 64);
	assert_int_equal(sizes_for(CAPTURE_HOST, 0, 1024 * gib).period_pages, 256);
	assert_int_equal(sizes_for(CAPTURE_HOST, 16, 1024 * gib).period_pages, 16);
	assert_int_equal(sizes_for(CAPTURE_ONE, 0, 1024 * gib).period_pages, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_sections_with_memory_cost_ledger),
		cmocka_unit_test(test_zones_serve_where_iomem_hides),
		cmocka_unit_test(test_every_block_has_one_slot_and_one_entry),
		cmocka_unit_test(test_frames_without_memory_are_outside),
		cmocka_unit_test(test_the_host_wide_ledger_stays_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
