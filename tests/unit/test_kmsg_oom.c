// SPDX-License-Identifier: GPL-2.0-or-later
/* OOM kills in the kernel's log, with names that look like parts of it. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "capture/kmsg_oom.h"

static struct kmsg_oom oom;

static int set_up(void **state)
{
	(void)state;
	memset(&oom, 0, sizeof(oom));
	return 0;
}

static void feed(const char *text)
{
	char record[512];

	snprintf(record, sizeof(record), "4,1234,5678,-;%s", text);
	kmsg_oom_feed(&oom, record);
}

/* Linux 6.18 */
static void feed_dump(const char *name, const char *summary)
{
	char row[256];

	feed("python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=2, oom_score_adj=0");
	feed("Tasks state (memory values in pages):");
	feed("[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes "
	     "swapents oom_score_adj name");
	snprintf(row, sizeof(row),
		 "[  28567]     0 28560    18790    17934    16288     1646         0   192512     "
		 "   3          -998 %s",
		 name);
	feed(row);
	feed(summary);
}

static void test_a_dump_is_read(void **state)
{
	const struct kmsg_dump *dump;

	(void)state;
	feed_dump("python3",
		  "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
		  "mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=python3,pid=28567,uid=0");
	dump = kmsg_oom_find(&oom, 28567);
	assert_non_null(dump);
	assert_true(dump->has_order);
	assert_int_equal(dump->order, 2);
	assert_int_equal(dump->gfp, 0xcc0);
	assert_int_equal(dump->scope, SCOPE_MEMCG);
	assert_int_equal(dump->task_count, 1);
	assert_int_equal(dump->tasks[0].pid, 28560);
	assert_int_equal(dump->tasks[0].rss_pages, 17934);
	assert_int_equal(dump->tasks[0].page_table_bytes, 192512);
	assert_int_equal(dump->tasks[0].swap_pages, 3);
	assert_int_equal(dump->tasks[0].oom_score_adj, -998);
	assert_string_equal(dump->tasks[0].comm, "python3");
	assert_null(kmsg_oom_find(&oom, 1));
}

/* Linux 5.10: columns are taken by name. */
static void test_older_tables_have_fewer_columns(void **state)
{
	const struct kmsg_dump *dump;

	(void)state;
	feed("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
	feed("[    412]  1000   412   131072   120000   999424        0           500 a b 7");
	feed("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
	     "global_oom,task_memcg=/,task=a b 7,pid=412,uid=1000");
	dump = kmsg_oom_find(&oom, 412);
	assert_non_null(dump);
	assert_false(dump->has_order);
	assert_int_equal(dump->scope, SCOPE_GLOBAL);
	assert_int_equal(dump->tasks[0].rss_pages, 120000);
	assert_string_equal(dump->tasks[0].comm, "a b 7");
}

/* As the kernel escapes them: control characters as \x0a, everything else as it is. */
static void test_names_cannot_pose_as_something_else(void **state)
{
	const struct kmsg_dump *dump;

	(void)state;
	feed_dump("x,pid=1,uid=0", "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"
				   "mems_allowed=0,oom_memcg=/x;y,task=z,pid=2,task_memcg=/,"
				   "task=x,pid=1,uid=0,pid=28567,uid=0");
	assert_null(kmsg_oom_find(&oom, 1));
	assert_null(kmsg_oom_find(&oom, 2));
	dump = kmsg_oom_find(&oom, 28567);
	assert_non_null(dump);
	assert_string_equal(dump->tasks[0].comm, "x,pid=1,uid=0");
}

static void test_a_name_is_no_row(void **state)
{
	(void)state;
	feed(" invoked oom-killer: gfp_mask=0x1, order=9 invoked oom-killer: "
	     "gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0");
	assert_int_equal(oom.dumps[0].gfp, 0xcc0);
	assert_int_equal(oom.dumps[0].order, 0);
	/* no table yet */
	feed("[      1]     0     1        1        1        1        1         1        1   1 1 "
	     "x");
	assert_int_equal(oom.dumps[0].task_count, 0);
}

/* Processes can write to the log, but not as the kernel. */
static void test_only_the_kernel_is_believed(void **state)
{
	(void)state;
	kmsg_oom_feed(&oom, "12,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,task=a,pid=7,uid=0");
	assert_null(kmsg_oom_find(&oom, 7));
	kmsg_oom_feed(&oom, "nonsense");
	kmsg_oom_feed(&oom, "");
	kmsg_oom_feed(&oom, "4,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,task=a,pid=7,uid=0");
	assert_non_null(kmsg_oom_find(&oom, 7));
}

static void expect_stats(const char *expected)
{
	const struct kmsg_dump *dump;

	feed("Tasks state (memory values in pages):");
	feed("oom-kill:constraint=CONSTRAINT_MEMCG,task=x,pid=5,uid=0");
	dump = kmsg_oom_find(&oom, 5);
	assert_non_null(dump);
	assert_string_equal(dump->stats, expected);
}

static void test_figures_of_the_cgroup_are_those_of_the_kill(void **state)
{
	(void)state;
	feed("kmem: usage 228kB, limit 9007199254740988kB, failcnt 0");
	feed("Memory cgroup stats for /a 7:");
	feed("cache 8192");
	feed("rss 66809856");
	expect_stats("cache 8192\nrss 66809856\n");
	assert_true(kmsg_oom_find(&oom, 5)->has_kernel);
	assert_int_equal(kmsg_oom_find(&oom, 5)->kernel_bytes, 228 * 1024);
}

/* Older kernels: one record, which is cut where it is too long. */
static void test_figures_in_one_record_lose_the_last_one(void **state)
{
	(void)state;
	feed("Memory cgroup stats for /:");
	feed("anon 4096\\x0afile 8192\\x0akernel_sta");
	expect_stats("anon 4096\nfile 8192\n");
}

static void test_figures_stand_nowhere_else(void **state)
{
	(void)state;
	feed("anon 1");
	feed("Memory cgroup stats for /:");
	feed("anon 4096");
	feed("x invoked nothing");
	feed("anon 2");
	expect_stats("anon 4096\n");
}

static void test_the_largest_tasks_are_kept(void **state)
{
	const struct kmsg_dump *dump;
	uint64_t least = UINT64_MAX;

	(void)state;
	feed("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
	for (int i = 1; i <= KMSG_TASKS_MAX + 100; i++) {
		char row[128];

		snprintf(row, sizeof(row), "[%7d]     0 %5d 1 %8d 4096 0 0 x", i, i, i);
		feed(row);
	}
	feed("oom-kill:constraint=CONSTRAINT_MEMCG,task=x,pid=5,uid=0");
	dump = kmsg_oom_find(&oom, 5);
	assert_int_equal(dump->task_count, KMSG_TASKS_MAX);
	assert_int_equal(dump->tasks_left_out, 100);
	for (uint32_t i = 0; i < dump->task_count; i++)
		if (dump->tasks[i].rss_pages < least)
			least = dump->tasks[i].rss_pages;
	assert_int_equal(least, 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_dump_is_read, set_up),
		cmocka_unit_test_setup(test_older_tables_have_fewer_columns, set_up),
		cmocka_unit_test_setup(test_names_cannot_pose_as_something_else, set_up),
		cmocka_unit_test_setup(test_a_name_is_no_row, set_up),
		cmocka_unit_test_setup(test_only_the_kernel_is_believed, set_up),
		cmocka_unit_test_setup(test_figures_of_the_cgroup_are_those_of_the_kill, set_up),
		cmocka_unit_test_setup(test_figures_in_one_record_lose_the_last_one, set_up),
		cmocka_unit_test_setup(test_figures_stand_nowhere_else, set_up),
		cmocka_unit_test_setup(test_the_largest_tasks_are_kept, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
