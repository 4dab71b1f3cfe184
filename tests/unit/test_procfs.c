// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID, as kernels write it and as targets would like it to be. */
#include "test.h"

#include <errno.h>

#include "capture/procfs.h"
#include "fake_proc.h"

#define STAT_TAIL \
	" S 17 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 250 1 1 18446744073709551615 0 0 0\n"

static void test_a_comm_with_everything_in_it(void **state)
{
	struct proc_status status;
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "42/stat", "42 (a) S 1 (;\n\x1b[31m 9)" STAT_TAIL);
	fake_proc_write(&fake, "42/status", "Name:\tx\nTgid:\t41\n");
	assert_int_equal(procfs_status(&fake.root, 42, &status), 0);
	assert_int_equal(status.tgid, 41);
	assert_int_equal(status.parent_pid, 17);
	assert_false(status.kernel_thread);
	assert_int_equal(status.start_time_ns, 250 * (1000000000L / sysconf(_SC_CLK_TCK)));
	/* TASK_COMM_LEN bounds it, whatever is in the file. */
	assert_string_equal(status.comm, "a) S 1 (;\n\x1b[31m");
	fake_proc_remove(&fake);
}

static void test_a_kernel_thread_is_known_by_its_flag(void **state)
{
	struct proc_status status;
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "2/stat",
			"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0\n");
	fake_proc_write(&fake, "2/status", "Tgid:\t2\n");
	assert_int_equal(procfs_status(&fake.root, 2, &status), 0);
	assert_true(status.kernel_thread);
	fake_proc_remove(&fake);
}

static void test_no_process_and_nonsense_are_errors(void **state)
{
	struct proc_status status = {.tgid = 7};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "3/stat", "3 (x");
	assert_int_equal(procfs_status(&fake.root, 9, &status), -ESRCH);
	assert_int_equal(procfs_status(&fake.root, 3, &status), -EBADMSG);
	assert_int_equal(status.tgid, 7);
	fake_proc_remove(&fake);
}

static void test_memory_is_what_smaps_rollup_and_status_say(void **state)
{
	struct memory_event memory = {.known = 0};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "5/status",
			"VmSize:\t 5000 kB\nRssAnon:\t 1 kB\nRssFile:\t 300 kB\nRssShmem:\t 20 kB\n"
			"VmPTE:\t 44 kB\n");
	fake_proc_write(&fake, "5/smaps_rollup",
			"55d-7ff ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nAnonymous: 580 kB\n"
			"AnonHugePages: 2048 kB\nSwap: 12 kB\nSwapPss: 1 kB\n");
	assert_int_equal(procfs_memory(&fake.root, 5, &memory), 0);
	assert_int_equal(memory.rss_anon_bytes, 580 * 1024);
	assert_int_equal(memory.rss_file_bytes, 300 * 1024);
	assert_int_equal(memory.rss_shmem_bytes, 20 * 1024);
	assert_int_equal(memory.swap_bytes, 12 * 1024);
	assert_int_equal(memory.virtual_bytes, 5000 * 1024);
	assert_int_equal(memory.page_table_bytes, 44 * 1024);
	assert_int_equal(memory.known, MEMORY_RSS | MEMORY_VIRTUAL | MEMORY_PAGE_TABLES);
	fake_proc_remove(&fake);
}

/* A zombie has a status without any memory in it. */
static void test_memory_of_a_zombie_is_unknown(void **state)
{
	struct memory_event memory = {.known = 0};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "5/status", "Name:\tx\nState:\tZ (zombie)\n");
	fake_proc_write(&fake, "5/smaps_rollup", "");
	assert_int_equal(procfs_memory(&fake.root, 5, &memory), -ESRCH);
	assert_int_equal(memory.known, 0);
	fake_proc_remove(&fake);
}

static void test_a_mapping_line(void **state)
{
	struct proc_mapping mapping;

	(void)state;
	assert_true(procfs_parse_mapping(
		"7f00-9f00 r-xp 00001000 fd:0a 1234                       /a b/c (deleted)\n",
		&mapping));
	assert_int_equal(mapping.start, 0x7f00);
	assert_int_equal(mapping.end, 0x9f00);
	assert_int_equal(mapping.offset, 0x1000);
	assert_true(mapping.executable);
	assert_int_equal(mapping.major, 0xfd);
	assert_int_equal(mapping.minor, 10);
	assert_int_equal(mapping.inode, 1234);
	assert_string_equal(mapping.path, "/a b/c (deleted)");

	assert_true(procfs_parse_mapping("1000-2000 rw-p 00000000 00:00 0 \n", &mapping));
	assert_false(mapping.executable);
	assert_string_equal(mapping.path, "");
	assert_false(procfs_parse_mapping("2000-1000 rw-p 00000000 00:00 0 \n", &mapping));
	assert_false(procfs_parse_mapping("VmFlags: rd wr mr\n", &mapping));
	assert_false(procfs_parse_mapping("", &mapping));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_comm_with_everything_in_it),
		cmocka_unit_test(test_a_kernel_thread_is_known_by_its_flag),
		cmocka_unit_test(test_no_process_and_nonsense_are_errors),
		cmocka_unit_test(test_memory_is_what_smaps_rollup_and_status_say),
		cmocka_unit_test(test_memory_of_a_zombie_is_unknown),
		cmocka_unit_test(test_a_mapping_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
