// SPDX-License-Identifier: GPL-2.0-or-later
/* What is taken of a process before it is killed, and what must never be. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "capture/facts.h"
#include "fake_proc.h"

#define STAT_TAIL \
	" S 17 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 250 1 1 18446744073709551615 0 0 0\n"
#define TICKS_NS(ticks) ((ticks) * (UINT64_C(1000000000) / sysconf(_SC_CLK_TCK)))

static const struct fact *find(const struct facts *facts, const char *key)
{
	for (uint32_t i = 0; i < facts->count; i++)
		if (strcmp(facts->facts[i].key, key) == 0)
			return &facts->facts[i];
	return NULL;
}

static void assert_text(const struct facts *facts, const char *key, const char *text)
{
	const struct fact *fact = find(facts, key);

	assert_non_null(fact);
	assert_non_null(fact_text(facts, fact));
	assert_string_equal(fact_text(facts, fact), text);
}

static void assert_value(const struct facts *facts, const char *key, uint64_t value)
{
	const struct fact *fact = find(facts, key);

	assert_non_null(fact);
	assert_null(fact_text(facts, fact));
	assert_int_equal(fact->value, value);
}

static bool holds(const struct facts *facts, const char *secret)
{
	return memmem(facts->texts, sizeof(facts->texts), secret, strlen(secret)) != NULL;
}

#define ENVIRONMENT(text) text, sizeof(text) - 1

static void test_of_the_environment_only_what_is_listed_is_kept(void **state)
{
	struct facts facts = {0};

	(void)state;
	facts_of_environment(&facts,
			     ENVIRONMENT("PASSWORD=hunter2\0GOMEMLIMIT=230MiB\0XGOGC=hunter2\0"
					 "GOGC_TOKEN=hunter2\0GOGC=50\0MALLOC_ARENA_MAX=2\0"
					 "GOMAXPROCS=\0"));
	assert_int_equal(facts.count, 4);
	assert_text(&facts, "GOMEMLIMIT", "230MiB");
	assert_text(&facts, "GOGC", "50");
	assert_text(&facts, "MALLOC_ARENA_MAX", "2");
	assert_text(&facts, "GOMAXPROCS", "");
	assert_false(holds(&facts, "hunter2"));
}

static void test_of_options_only_the_words_about_memory_are_kept(void **state)
{
	struct facts facts = {0};

	(void)state;
	facts_of_environment(
		&facts,
		ENVIRONMENT("JAVA_TOOL_OPTIONS=-Dpassword=hunter2 -Xmx2g\t-javaagent:hunter2.jar "
			    "-XX:MaxRAMPercentage=75.0\0NODE_OPTIONS=--require hunter2\0"));
	assert_int_equal(facts.count, 1);
	assert_text(&facts, "JAVA_TOOL_OPTIONS", "-Xmx2g -XX:MaxRAMPercentage=75.0");
	assert_false(holds(&facts, "hunter2"));
}

/* Cut at the end of what was read, a name may be the beginning of another. */
static void test_what_was_cut_off_is_not_believed(void **state)
{
	struct facts facts = {0};

	(void)state;
	facts_of_environment(&facts, ENVIRONMENT("A=1\0GOMEMLIMIT=23"));
	facts_of_environment(&facts, "", 0);
	assert_int_equal(facts.count, 0);
}

/* As long as it likes, as often as it likes. */
static void test_there_is_room_for_so_much_and_no_more(void **state)
{
	static char flood[65536];
	struct facts facts = {0};

	(void)state;
	for (size_t at = 0; at + 512 < sizeof(flood); at += 512) {
		memset(flood + at, 'x', 511);
		memcpy(flood + at, "GOGC=", 5);
	}
	facts_of_environment(&facts, flood, sizeof(flood));
	assert_in_range(facts.count, 1, FACTS_MAX);
	assert_in_range(facts.text_bytes, 1, FACTS_TEXT_BYTES);
	for (uint32_t i = 0; i < facts.count; i++)
		assert_in_range(strlen(fact_text(&facts, &facts.facts[i])), 1, 160);
}

static void mkdir_fd(const struct fake_proc *fake)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/42/fd", fake->path);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void fill(const struct fake_proc *fake)
{
	fake_proc_write(fake, "42/stat", "42 (a)" STAT_TAIL);
	fake_proc_write(fake, "42/status",
			"Name:\ta\nTgid:\t42\nVmSwap:\t      12 kB\nThreads:\t7\n"
			"Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n");
	fake_proc_write(
		fake, "42/limits",
		"Limit                     Soft Limit           Hard Limit           Units\n"
		"Max stack size            8388608              unlimited            bytes\n"
		"Max open files            1024                 4096                 files\n"
		"Max address space         unlimited            unlimited            bytes\n");
	fake_proc_write(fake, "42/maps",
			"7f1000000000-7f1000021000 rw-p 00000000 00:00 0 \n"
			"7f1000021000-7f1004000000 ---p 00000000 00:00 0 \n"
			"7f1004000000-7f1004021000 rw-p 00000000 00:00 0 \n"
			"7f2000000000-7f2000001000 r-xp 00000000 08:01 7 /usr/lib/jvm/libjvm.so\n");
	fake_proc_write(fake, "42/net/sockstat",
			"sockets: used 12\nTCP: inuse 3 orphan 0 tw 0 alloc 4 mem 2\n");
	fake_proc_write(fake, "42/cgroup", "5:cpu:/x\n4:memory:/a/b\n0::/c\n");
	fake_proc_write(fake, "fs/cgroup/memory/a/b/memory.oom.group", "1\n");
	fake_proc_write(fake, "fs/cgroup/c/memory.high", "max\n");
	fake_proc_write(fake, "fs/cgroup/memory/a/b/memory.kmem.tcp.usage_in_bytes", "8192\n");
	mkdir_fd(fake);
	fake_proc_link(fake, "42/fd/4", "socket:[123]");
	fake_proc_link(fake, "42/fd/5", "socket:[1234567890123]");
	fake_proc_link(fake, "42/fd/6", "/dev/socket");
	fake_proc_write(fake, "devices/system/node/online", "0-1\n");
	fake_proc_write(fake, "devices/system/node/node0/meminfo",
			"Node 0 MemTotal:        4096 kB\nNode 0 MemFree:       400 kB\n");
	fake_proc_write(fake, "devices/system/node/node1/meminfo",
			"Node 1 MemTotal:        4096 kB\nNode 1 MemFree:       12 kB\n");
	fake_proc_write(fake, "sys/vm/overcommit_memory", "2\n");
	fake_proc_write(fake, "kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
}

static void test_limits_and_settings_are_taken_from_where_they_are(void **state)
{
	struct facts facts = {0};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fill(&fake);
	facts_take(&facts, &fake.root, 42, TICKS_NS(250));
	assert_value(&facts, "limit.open_files", 1024);
	assert_value(&facts, "limit.stack", 8388608);
	assert_text(&facts, "limit.address_space", "unlimited");
	assert_value(&facts, "threads", 7);
	assert_value(&facts, "swapped_bytes", 12288);
	assert_text(&facts, "memory_nodes", "0");
	assert_text(&facts, "runtime", "jvm");
	assert_value(&facts, "malloc_arenas", 2);
	assert_value(&facts, "namespace.sockets", 12);
	assert_value(&facts, "open_sockets", 2);
	assert_value(&facts, "socket_bytes", 8192);
	assert_value(&facts, "node1.free_bytes", 12 * 1024);
	assert_value(&facts, "node0.total_bytes", 4096 * 1024);
	assert_null(find(&facts, "node2.free_bytes"));
	assert_value(&facts, "namespace.tcp_bytes", 2 * sysconf(_SC_PAGESIZE));
	/* of the hierarchy that has the memory controller */
	assert_value(&facts, "memory.oom.group", 1);
	assert_null(find(&facts, "memory.high"));
	assert_value(&facts, "vm.overcommit_memory", 2);
	assert_text(&facts, "transparent_hugepage", "madvise");
	fake_proc_remove(&fake);
}

static void test_of_one_node_and_sockets_that_are_not_counted_nothing_is_said(void **state)
{
	struct facts facts = {0};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fill(&fake);
	fake_proc_write(&fake, "devices/system/node/online", "0\n");
	fake_proc_write(&fake, "fs/cgroup/memory/a/b/memory.kmem.tcp.usage_in_bytes", "0\n");
	for (int i = 0; i < 1100; i++) {
		char path[32];

		snprintf(path, sizeof(path), "42/fd/%d", 10 + i);
		fake_proc_link(&fake, path, "/dev/null");
	}
	facts_take(&facts, &fake.root, 42, TICKS_NS(250));
	assert_null(find(&facts, "node0.free_bytes"));
	assert_null(find(&facts, "socket_bytes"));
	/* more than are looked at */
	assert_null(find(&facts, "open_sockets"));
	/* of v2 it is in memory.stat */
	fake_proc_write(&fake, "42/cgroup", "0::/c\n");
	fake_proc_write(&fake, "fs/cgroup/c/memory.stat", "anon 1\nsock 0\n");
	facts_take(&facts, &fake.root, 42, TICKS_NS(250));
	assert_value(&facts, "socket_bytes", 0);
	fake_proc_remove(&fake);
}

static void test_of_another_process_with_its_number_nothing_is_kept(void **state)
{
	struct facts facts = {0};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fill(&fake);
	facts_take(&facts, &fake.root, 42, TICKS_NS(251));
	assert_int_equal(facts.count, 0);
	facts_take(&facts, &fake.root, 43, TICKS_NS(250));
	assert_int_equal(facts.count, 0);
	fake_proc_remove(&fake);
}

static void test_they_are_taken_when_it_has_grown_and_again_when_it_has_doubled(void **state)
{
	struct facts facts = {0};

	(void)state;
	assert_false(facts_are_due(&facts, 7, FACTS_BYTES - 1));
	assert_true(facts_are_due(&facts, 7, FACTS_BYTES));
	facts.life = 7;
	facts.held_bytes = FACTS_BYTES;
	assert_false(facts_are_due(&facts, 7, 2 * FACTS_BYTES - 1));
	assert_true(facts_are_due(&facts, 7, 2 * FACTS_BYTES));
	/* whoever has the account now is somebody else */
	assert_true(facts_are_due(&facts, 8, FACTS_BYTES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_the_environment_only_what_is_listed_is_kept),
		cmocka_unit_test(test_of_options_only_the_words_about_memory_are_kept),
		cmocka_unit_test(test_what_was_cut_off_is_not_believed),
		cmocka_unit_test(test_there_is_room_for_so_much_and_no_more),
		cmocka_unit_test(test_limits_and_settings_are_taken_from_where_they_are),
		cmocka_unit_test(test_of_one_node_and_sockets_that_are_not_counted_nothing_is_said),
		cmocka_unit_test(test_of_another_process_with_its_number_nothing_is_kept),
		cmocka_unit_test(
			test_they_are_taken_when_it_has_grown_and_again_when_it_has_doubled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
