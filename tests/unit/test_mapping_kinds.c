// SPDX-License-Identifier: GPL-2.0-or-later
/* What mappings are, told by their names, permissions and neighbours. */
#include "test.h"

#include <errno.h>

#include "capture/mapping_kinds.h"
#include "fake_proc.h"

/* One mapping as smaps shows it. */
#define MAPPING(range, permissions, inode, path, rss_kib)                     \
	range " " permissions " 00000000 00:00 " inode "        " path "\n"   \
	      "Size:                  4 kB\nRss:            " rss_kib " kB\n" \
	      "Pss:                   1 kB\nVmFlags: rd wr mr mw me ac sd\n"

#define KIB 1024ULL
#define MIB (1024 * KIB)

static struct mapping_kinds kinds_of(const char *smaps)
{
	struct mapping_kinds kinds;
	struct fake_proc fake;

	fake_proc_make(&fake);
	fake_proc_write(&fake, "7/smaps", smaps);
	assert_int_equal(mapping_kinds_read(&fake.root, 7, &kinds), 0);
	fake_proc_remove(&fake);
	return kinds;
}

static void expect(const struct mapping_kinds *kinds, enum mapping_kind kind, uint64_t count,
		   uint64_t reserved_bytes, uint64_t resident_bytes)
{
	assert_int_equal(kinds->kinds[kind].count, count);
	assert_int_equal(kinds->kinds[kind].reserved_bytes, reserved_bytes);
	assert_int_equal(kinds->kinds[kind].resident_bytes, resident_bytes);
}

static void test_names_tell(void **state)
{
	const struct mapping_kinds kinds = kinds_of(
		MAPPING("00400000-00402000", "r-xp", "99", "/usr/bin/x", "8") MAPPING(
			"00500000-00502000", "rw-p", "0", "[heap]",
			"4") MAPPING("00600000-00601000", "rw-s", "5", "/memfd:jit (deleted)", "4")
			MAPPING("00700000-00701000", "rw-s", "6", "/dev/shm/x",
				"0") MAPPING("00800000-00801000", "rw-p", "0", "[anon:[heap]]", "4")
				MAPPING("7ffc00000000-7ffc00021000", "rw-p", "0", "[stack]", "12")
					MAPPING("7ffc10000000-7ffc10002000", "r-xp", "0", "[vdso]",
						"4") MAPPING("ffffffffff600000-ffffffffff601000",
							     "--xp", "0", "[vsyscall]", "0"));

	(void)state;
	expect(&kinds, MAPPING_FILE, 1, 8 * KIB, 8 * KIB);
	expect(&kinds, MAPPING_HEAP, 1, 8 * KIB, 4 * KIB);
	expect(&kinds, MAPPING_SHARED, 2, 8 * KIB, 4 * KIB);
	expect(&kinds, MAPPING_ANON, 1, 4 * KIB, 4 * KIB);
	expect(&kinds, MAPPING_STACK, 1, 132 * KIB, 12 * KIB);
	expect(&kinds, MAPPING_SPECIAL, 1, 8 * KIB, 4 * KIB);
}

static void test_neighbours_tell(void **state)
{
	const struct mapping_kinds kinds = kinds_of(
		/* an arena of malloc's, grown to 132 KiB */
		MAPPING("7f0004000000-7f0004021000", "rw-p", "0", "", "100")
			MAPPING("7f0004021000-7f0008000000", "---p", "0", "", "0")
		/* one that is full, right after it: not a stack above a guard */
		MAPPING("7f0008000000-7f000c000000", "rw-p", "0", "", "65536")
		/* two thread stacks, one above the other */
		MAPPING("7f0010000000-7f0010001000", "---p", "0", "", "0")
			MAPPING("7f0010001000-7f0010801000", "rw-p", "0", "", "16")
				MAPPING("7f0010801000-7f0010802000", "---p", "0", "", "0")
					MAPPING("7f0010802000-7f0011002000", "rw-p", "0", "", "8")
		/* code that was written at run time */
		MAPPING("7f0012000000-7f0012010000", "rwxp", "0", "", "64")
		/* reserved for later, and plain memory above a hole */
		MAPPING("7f0020000000-7f0060000000", "---p", "0", "", "0")
			MAPPING("7f0061000000-7f0061001000", "rw-p", "0", "", "4"));

	(void)state;
	expect(&kinds, MAPPING_ARENA, 3, 128 * MIB, 64 * MIB + 100 * KIB);
	expect(&kinds, MAPPING_THREAD_STACK, 4, 16 * MIB + 8 * KIB, 24 * KIB);
	expect(&kinds, MAPPING_JIT, 1, 64 * KIB, 64 * KIB);
	expect(&kinds, MAPPING_NO_ACCESS, 1, 1024 * MIB, 0);
	expect(&kinds, MAPPING_ANON, 1, 4 * KIB, 4 * KIB);
}

static void test_a_process_without_mappings_is_gone(void **state)
{
	struct mapping_kinds kinds;
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "7/smaps", "");
	assert_int_equal(mapping_kinds_read(&fake.root, 7, &kinds), -ESRCH);
	assert_int_equal(mapping_kinds_read(&fake.root, 8, &kinds), -ESRCH);
	fake_proc_remove(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_tell),
		cmocka_unit_test(test_neighbours_tell),
		cmocka_unit_test(test_a_process_without_mappings_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
