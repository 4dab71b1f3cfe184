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

/* Where a name may be either, none is believed. */
static void test_nodes_are_those_of_the_policy_or_the_cpuset(void **state)
{
	static const struct {
		const char *line;
		enum incident_scope scope;
		uint64_t policy, cpuset;
	} cases[] = {
		{"CPUSET,nodemask=(null),cpuset=a,mems_allowed=1,global_oom,", SCOPE_CPUSET, 0, 2},
		{"MEMORY_POLICY,nodemask=0-1,3,cpuset=/,mems_allowed=0-63,global_oom,",
		 SCOPE_MEMPOLICY, 11, UINT64_MAX},
		{"CPUSET,nodemask=(null),cpuset=,mems_allowed=7,mems_allowed=1,global_oom,",
		 SCOPE_CPUSET, 0, 0},
		{"CPUSET,nodemask=(null),cpuset=a,mems_allowed=1,64,global_oom,", SCOPE_CPUSET, 0,
		 0},
		{"CPUSET,nodemask=3-1,cpuset=a,mems_allowed=5-,global_oom,", SCOPE_CPUSET, 0, 0},
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kmsg_dump *dump;

		snprintf(line, sizeof(line),
			 "oom-kill:constraint=CONSTRAINT_%stask_memcg=/,task=a,pid=%zu,uid=0",
			 cases[i].line, 100 + i);
		feed(line);
		dump = kmsg_oom_find(&oom, 100 + i);
		assert_non_null(dump);
		assert_int_equal(dump->scope, cases[i].scope);
		assert_int_equal(dump->policy_nodes, cases[i].policy);
		assert_int_equal(dump->cpuset_nodes, cases[i].cpuset);
	}
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

#define KILLED(pid, name)                                                                   \
	"Memory cgroup out of memory: Killed process " pid " (" name ") total-vm:72464kB, " \
	"anon-rss:64512kB, file-rss:1280kB, shmem-rss:4kB, UID:1000 pgtables:188kB "        \
	"oom_score_adj:-5"

static void test_every_kill_has_a_line(void **state)
{
	const struct kmsg_kill *kill = oom.kills;

	(void)state;
	feed(KILLED("28567", "python3"));
	feed("Out of memory: Killed process 7 (b) total-vm:8kB, anon-rss:4kB, file-rss:0kB, "
	     "shmem-rss:0kB, UID:0 pgtables:40kB oom_score_adj:0");
	feed("Out of memory (oom_kill_allocating_task): Killed process 8 (c) total-vm:new");
	assert_int_equal(oom.kill_count, 3);
	assert_int_equal(kill[0].pid, 28567);
	assert_true(kill[0].of_memcg && kill[0].has_figures);
	assert_string_equal(kill[0].comm, "python3");
	assert_int_equal(kill[0].anon_bytes, 64512 << 10);
	assert_int_equal(kill[0].file_bytes, 1280 << 10);
	assert_int_equal(kill[0].shmem_bytes, 4 << 10);
	assert_int_equal(kill[0].page_table_bytes, 188 << 10);
	assert_int_equal(kill[0].uid, 1000);
	assert_int_equal(kill[0].oom_score_adj, -5);
	assert_false(kill[1].of_memcg);
	assert_int_equal(kill[1].pid, 7);
	/* a line of another kernel: the kill counts, its figures are not known */
	assert_int_equal(kill[2].pid, 8);
	assert_false(kill[2].has_figures);
	kmsg_oom_drop(&oom, 2);
	assert_int_equal(oom.kill_count, 1);
	assert_int_equal(oom.kills[0].pid, 8);
}

static void test_a_name_is_no_kill(void **state)
{
	(void)state;
	feed("python3 invoked Memory cgroup out of memory: Killed process 1 (a) total-vm:1kB");
	feed("Memory cgroup out of memory: Killed process  (a) total-vm:1kB");
	feed("Memory cgroup out of memory: OOM victim 7 (a) is already exiting.");
	assert_int_equal(oom.kill_count, 0);
	feed(KILLED("9", ") total-vm:0kB"));
	assert_string_equal(oom.kills[0].comm, ") total-vm:0kB");
	feed(KILLED("10", "a;b\\x0a\\x1b[31mX 9"));
	assert_string_equal(oom.kills[1].comm, "a;b\n\x1b[31mX 9");
}

/* Who was chosen is a member of its group: the kernel kills it, and counts it, twice. */
static void test_a_group_is_killed_with_the_one_chosen(void **state)
{
	(void)state;
	feed(KILLED("5", "a"));
	feed("Tasks in /x are going to be killed due to memory.oom.group set");
	feed(KILLED("6", "b"));
	feed(KILLED("5", "a"));
	feed(KILLED("7", "c"));
	assert_int_equal(oom.kill_count, 3);
	assert_int_equal(oom.repeated, 1);
	assert_int_equal(oom.kills[0].leader, 0);
	assert_int_equal(oom.kills[1].leader, 5);
	assert_int_equal(oom.kills[2].leader, 5);
	/* much later, and no dump in between */
	kmsg_oom_feed(&oom, "6,9,9999999,-;" KILLED("8", "d"));
	assert_int_equal(oom.kills[3].leader, 0);
}

static void expect_paths(const char *table_comm, const char *tail, const char *fired,
			 const char *home)
{
	const struct kmsg_dump *dump;
	char row[256];

	memset(&oom, 0, sizeof(oom));
	feed("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
	snprintf(row, sizeof(row), "[      5]     0     5 1 1 4096 0 0 %s", table_comm);
	feed(row);
	snprintf(row, sizeof(row), "oom-kill:constraint=C,nodemask=(null),cpuset=a,%s", tail);
	feed(row);
	dump = kmsg_oom_find(&oom, 5);
	assert_non_null(dump);
	assert_string_equal(dump->fired, fired);
	assert_string_equal(dump->home, home);
}

static void test_paths_are_told_from_names_or_not_at_all(void **state)
{
	(void)state;
	expect_paths("x", "oom_memcg=/a,task_memcg=/a/b,task=x,pid=5,uid=0", "/a", "/a/b");
	expect_paths("x", "oom_memcg=/,task_memcg=/b,task=x,pid=5,uid=0", "/", "/b");
	expect_paths("x", "global_oom,task_memcg=/b,task=x,pid=5,uid=0", "", "/b");
	expect_paths("x", "oom_memcg=/a,task_memcg=/a/x;y,task=z,task=x,pid=5,uid=0", "/a",
		     "/a/x;y,task=z");
	expect_paths(",task=x", "oom_memcg=/a,task_memcg=/a,task=,task=x,pid=5,uid=0", "/a", "/a");
	/* a cpuset's name comes first and has no slash */
	expect_paths("x", "oom_memcg=b,oom_memcg=/a,task_memcg=/a,task=x,pid=5,uid=0", "/a", "/a");
	expect_paths("x", "oom_memcg=/a\\x0ab,task_memcg=/a\\x0ab,task=x,pid=5,uid=0", "/a\nb",
		     "/a\nb");
	/* the second is no part of the first */
	expect_paths("x", "oom_memcg=/a,task_memcg=/ab,task=x,pid=5,uid=0", "", "");
	/* two readings */
	expect_paths(
		"x",
		"oom_memcg=/a,task_memcg=/a/c,task_memcg=/a,task_memcg=/a/c,task=x,pid=5,uid=0", "",
		"");
}

static void test_the_trigger_and_the_limit_are_of_the_dump(void **state)
{
	const struct kmsg_dump *dump;

	(void)state;
	feed("CPU: 0 UID: 0 PID: 1 Comm: nobody Not tainted");
	feed("a\\x0a b invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=2, oom_score_adj=0");
	feed("CPU: 0 UID: 0 PID: 77 Comm: a PID: 1 Not tainted 6.18");
	feed("CPU: 0 UID: 0 PID: 2 Comm: nobody Not tainted");
	feed("memory: usage 65536kB, limit 65540kB, failcnt 12");
	feed("oom-kill:constraint=CONSTRAINT_MEMCG,task=a,pid=5,uid=0");
	dump = kmsg_oom_find(&oom, 5);
	assert_int_equal(dump->trigger_tid, 77);
	assert_string_equal(dump->trigger_comm, "a\n b");
	assert_true(dump->has_usage);
	assert_int_equal(dump->usage_bytes, 65536 << 10);
	assert_int_equal(dump->limit_bytes, 65540 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_dump_is_read, set_up),
		cmocka_unit_test_setup(test_nodes_are_those_of_the_policy_or_the_cpuset, set_up),
		cmocka_unit_test_setup(test_older_tables_have_fewer_columns, set_up),
		cmocka_unit_test_setup(test_names_cannot_pose_as_something_else, set_up),
		cmocka_unit_test_setup(test_a_name_is_no_row, set_up),
		cmocka_unit_test_setup(test_only_the_kernel_is_believed, set_up),
		cmocka_unit_test_setup(test_figures_of_the_cgroup_are_those_of_the_kill, set_up),
		cmocka_unit_test_setup(test_figures_in_one_record_lose_the_last_one, set_up),
		cmocka_unit_test_setup(test_figures_stand_nowhere_else, set_up),
		cmocka_unit_test_setup(test_the_largest_tasks_are_kept, set_up),
		cmocka_unit_test_setup(test_every_kill_has_a_line, set_up),
		cmocka_unit_test_setup(test_a_name_is_no_kill, set_up),
		cmocka_unit_test_setup(test_a_group_is_killed_with_the_one_chosen, set_up),
		cmocka_unit_test_setup(test_paths_are_told_from_names_or_not_at_all, set_up),
		cmocka_unit_test_setup(test_the_trigger_and_the_limit_are_of_the_dump, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
