// SPDX-License-Identifier: GPL-2.0-or-later
/* What maps are allowed to take. */
#include "test.h"

#include "capture/sizes.h"

#include "bpf/oomtrace.h"

#define FRAMES(gib) ((uint64_t)(gib) << 18)

static void test_mappings_of_a_host_take_2_mib_at_most(void **state)
{
	struct sizes sizes = sizes_for(CAPTURE_HOST, 0, FRAMES(24));
	uint64_t bytes = (uint64_t)sizes.code_mappings * sizeof(struct ot_code_mapping);

	(void)state;
	assert_true(bytes <= 2 << 20);
	/* and no less than fits: so many processes are walked by them */
	assert_true(bytes + sizeof(struct ot_code_mapping) > 2 << 20);
}

/* Up to 3 TiB: N is 512 at most. */
static void test_the_ledger_of_a_host_takes_12_mib_at_most(void **state)
{
	(void)state;
	for (uint32_t gib = 1; gib <= 2048; gib *= 2) {
		uint64_t period = sizes_for(CAPTURE_HOST, 0, FRAMES(gib)).period_pages;

		assert_true(period >= 64);
		assert_true(FRAMES(gib) / period * sizeof(struct ot_entry) <= 12 << 20);
	}
	/* what was asked for is asked for */
	assert_int_equal(sizes_for(CAPTURE_HOST, 1, FRAMES(1024)).period_pages, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mappings_of_a_host_take_2_mib_at_most),
		cmocka_unit_test(test_the_ledger_of_a_host_takes_12_mib_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
