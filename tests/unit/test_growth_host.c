// SPDX-License-Identifier: GPL-2.0-or-later
/* The memory of the host: meminfo as it is read, and the ledger's sums next to it. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "capture/meminfo.h"
#include "fake_proc.h"
#include "model/growth_builder.h"
#include "scenes.h"

static void test_meminfo_is_read_by_key(void **state)
{
	struct host_event host = {.when = MEMORY_END};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(
		&fake, "meminfo",
		"MemTotal:       24684104 kB\nMemFree:  7 kB\nCached: 5 kB\nSwapCached: 3 kB\n"
		"Active(anon): 9 kB\nAnonPages:         100 kB\nHugePages_Total:       4\n"
		"AnonHugePages: 2048 kB\nnonsense\n");
	assert_int_equal(meminfo_read(&fake.root, &host), 0);
	assert_int_equal(host.when, MEMORY_END);
	assert_int_equal(host.known, 1U << HOST_TOTAL | 1U << HOST_FREE | 1U << HOST_CACHED |
					     1U << HOST_SWAP_CACHED | 1U << HOST_ANON);
	assert_int_equal(host.bytes[HOST_TOTAL], 24684104ULL * 1024);
	assert_int_equal(host.bytes[HOST_CACHED], 5 * 1024);
	assert_int_equal(host.bytes[HOST_ANON], 100 * 1024);
	fake_proc_remove(&fake);
}

static void test_a_meminfo_without_figures_is_an_error(void **state)
{
	struct host_event host = {.when = MEMORY_END};
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	assert_int_equal(meminfo_read(&fake.root, &host), -ENOENT);
	fake_proc_write(&fake, "meminfo", "nothing: here\n");
	assert_int_equal(meminfo_read(&fake.root, &host), -ENODATA);
	assert_int_equal(host.known, 0);
	fake_proc_remove(&fake);
}

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(growth_builder_add(builder, event), 0);
}

static void figures(void (*scene)(const struct stage *), const struct growth_interval *interval,
		    struct growth_builder **ret_builder, struct growth **ret_growth)
{
	const struct growth_options options = {0};

	assert_int_equal(growth_builder_new(ret_builder), 0);
	growth_builder_limit(*ret_builder, interval);
	scene(&(struct stage){into_builder, *ret_builder});
	assert_int_equal(growth_builder_finish(*ret_builder, &options, ret_growth), 0);
}

#define SLOTS(slots) ((slots)*16L * 4096)
#define PAGES(pages) ((pages)*4096L)

static void test_before_and_ledger_and_remainder_are_now(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_balance *anon, *file;

	(void)state;
	figures(scene_host, &(struct growth_interval){0}, &builder, &growth);
	assert_true(growth->host.known);
	anon = &growth->host.kinds[KIND_ANON];
	assert_int_equal(anon->before_bytes, PAGES(1000));
	assert_int_equal(anon->now_bytes, PAGES(2700));
	assert_int_equal(anon->ledger_bytes, SLOTS(100));
	assert_int_equal(anon->remainder_bytes, PAGES(1700) - SLOTS(100));
	assert_true(anon->error_bytes > 0);
	/* Buffers are 3 MiB in this scene and Shmem 7 */
	file = &growth->host.kinds[KIND_FILE];
	assert_int_equal(file->before_bytes, PAGES(5000) - (4L << 20));
	assert_int_equal(file->remainder_bytes, PAGES(3900) - SLOTS(250));
	/* what is not yet decided has no figure, and is not hidden */
	assert_false(growth->host.kinds[KIND_PENDING].known);
	assert_int_equal(growth->host.kinds[KIND_PENDING].ledger_bytes, SLOTS(5));
	/* SecPageTables are not on every kernel; the others make up the kind */
	assert_true(growth->host.kinds[KIND_KERNEL].known);
	assert_int_equal(growth->host.kinds[KIND_KERNEL].now_bytes, (8L + 9 + 10 + 12) << 20);
}

static void test_of_an_interval_both_sides_are_changes(void **state)
{
	const struct growth_interval interval = {.from = {.given = true, .ns = 15000000000ULL}};
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_balance *anon;

	(void)state;
	figures(scene_host, &interval, &builder, &growth);
	anon = &growth->host.kinds[KIND_ANON];
	assert_int_equal(anon->before_bytes, PAGES(1400));
	assert_int_equal(anon->ledger_bytes, SLOTS(75));
	assert_int_equal(anon->remainder_bytes, PAGES(1300) - SLOTS(75));
}

static void test_files_and_the_rest_are_all_pages(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	uint64_t sum = 0;

	(void)state;
	figures(scene_host, &(struct growth_interval){0}, &builder, &growth);
	assert_int_equal(growth->file_count, 4);
	assert_int_equal(growth->files_bytes, SLOTS(250));
	assert_int_equal(growth->other_files, 3);
	for (size_t i = 0; i < growth->file_count; i++) {
		sum += growth->files[i].bytes;
		assert_true(!i || growth->files[i - 1].bytes >= growth->files[i].bytes);
	}
	assert_int_equal(sum + growth->other_files_bytes, growth->files_bytes);
	assert_string_equal(growth->files[0].path, "/tmp/gone");
	assert_true(growth->files[0].deleted);
	assert_null(growth->files[3].path);
}

static const struct growth_cgroup *cgroup_by_path(const struct growth *growth, const char *path)
{
	for (size_t i = 0; i < growth->cgroup_count; i++)
		if (strcmp(growth->cgroups[i].path, path) == 0)
			return &growth->cgroups[i];
	fail_msg("no cgroup '%s'", path);
	return NULL;
}

static void test_a_cgroup_has_all_below_it(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_balance *file;

	(void)state;
	figures(scene_cgroups, &(struct growth_interval){0}, &builder, &growth);
	assert_int_equal(growth->cgroup_count, 4);
	/* what no cgroup is known of is in none, not even in the root */
	file = &cgroup_by_path(growth, "/")->kinds[KIND_FILE];
	assert_int_equal(file->ledger_bytes, SLOTS(145));
	assert_int_equal(file->before_bytes, PAGES(1000));
	assert_int_equal(file->now_bytes, PAGES(4000));
	assert_int_equal(file->remainder_bytes, PAGES(3000) - SLOTS(145));
	assert_int_equal(cgroup_by_path(growth, "/app")->kinds[KIND_FILE].ledger_bytes, SLOTS(145));
	/* one that came during the session had nothing before */
	file = &cgroup_by_path(growth, "/app/;\x1b[31m\xff")->kinds[KIND_FILE];
	assert_true(file->known);
	assert_int_equal(file->before_bytes, 0);
	assert_int_equal(file->remainder_bytes, PAGES(1700) - SLOTS(100));
	/* what was there before tracing is the kernel's side */
	assert_int_equal(cgroup_by_path(growth, "/app")->kinds[KIND_ANON].ledger_bytes, 0);
	assert_false(cgroup_by_path(growth, "/app")->kinds[KIND_ANON].known);
	/* parts are the kernel's alone; one that is not told is not known */
	assert_int_equal(cgroup_by_path(growth, "/app")->parts[CGROUP_SLAB].before_bytes,
			 500 * 2048);
	assert_int_equal(cgroup_by_path(growth, "/app")->parts[CGROUP_SLAB].now_bytes, 3000 * 2048);
	assert_true(cgroup_by_path(growth, "/app")->parts[CGROUP_SLAB].has_event);
	assert_false(cgroup_by_path(growth, "/app")->parts[CGROUP_KERNEL_STACKS].has_event);
	assert_false(cgroup_by_path(growth, "/app")->parts[CGROUP_SOCKETS].known);
	assert_false(cgroup_by_path(growth, "/")->parts[CGROUP_SLAB].known);
	assert_true(cgroup_by_path(growth, "/app/gone")->gone);
	assert_false(cgroup_by_path(growth, "/app/gone")->kinds[KIND_FILE].known);
	assert_int_equal(cgroup_by_path(growth, "/app/gone")->kinds[KIND_FILE].ledger_bytes,
			 SLOTS(25));
}

/* Neighbours that begin alike are not below each other, nor is a name's second life its first. */
static void play_alike(const struct stage *stage)
{
	static const char *const paths[] = {"/a/b", "/", "/a-b", "/a/b", "/a", "/a/b/c", "/ab"};

	play_session(stage, 16, "--all");
	play_label(stage, 1, STACK_NO_STACK);
	for (uint32_t i = 0; i < 7; i++)
		play_process(stage, i + 1, 100 + i, 1, "x", false, false);
	play_snapshot(stage, 10, true);
	for (uint32_t i = 0; i < 7; i++) {
		play_member(stage, i + 1, i + 1);
		play_cgroup(stage, MEMORY_END, i + 1, paths[i], 0);
		play_cell(stage, i + 1, 1, KIND_FILE, 1UL << i, 0);
	}
	play_end(stage, END_INTERRUPTED);
}

static void test_what_begins_alike_is_not_below(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	int64_t twice = 0;

	(void)state;
	figures(play_alike, &(struct growth_interval){0}, &builder, &growth);
	assert_int_equal(growth->cgroup_count, 7);
	assert_int_equal(cgroup_by_path(growth, "/")->kinds[KIND_FILE].ledger_bytes, SLOTS(127));
	assert_int_equal(cgroup_by_path(growth, "/a")->kinds[KIND_FILE].ledger_bytes,
			 SLOTS(1 + 8 + 16 + 32));
	assert_int_equal(cgroup_by_path(growth, "/a-b")->kinds[KIND_FILE].ledger_bytes, SLOTS(4));
	assert_int_equal(cgroup_by_path(growth, "/ab")->kinds[KIND_FILE].ledger_bytes, SLOTS(64));
	/* of two lives of a name one has what is below it, never both */
	for (size_t i = 0; i < growth->cgroup_count; i++)
		if (strcmp(growth->cgroups[i].path, "/a/b") == 0)
			twice += growth->cgroups[i].kinds[KIND_FILE].ledger_bytes;
	assert_int_equal(twice, SLOTS(1 + 8 + 32));
}

static void test_of_an_interval_a_cgroup_has_what_grew(void **state)
{
	const struct growth_interval interval = {.from = {.given = true, .ns = 15000000000ULL}};
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;
	const struct growth_balance *file;

	(void)state;
	figures(scene_cgroups, &interval, &builder, &growth);
	file = &cgroup_by_path(growth, "/app")->kinds[KIND_FILE];
	assert_int_equal(file->ledger_bytes, SLOTS(105));
	assert_int_equal(file->before_bytes, PAGES(1300));
	/* it was there when the interval began, but nobody told of it */
	assert_false(cgroup_by_path(growth, "/app/gone")->kinds[KIND_FILE].known);
}

static void test_a_process_knows_its_cgroup(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;

	(void)state;
	figures(scene_cgroups, &(struct growth_interval){0}, &builder, &growth);
	for (size_t i = 0; i < growth->process_count; i++) {
		const struct growth_process *process = &growth->processes[i];

		if (process->pid == 300)
			assert_string_equal(process->cgroup, "/app");
		if (process->pid == 302)
			assert_null(process->cgroup);
		if (process->pid == 0)
			assert_string_equal(process->cgroup, "/app/gone");
	}
}

static void test_without_figures_nothing_is_said(void **state)
{
	_cleanup_(growth_builder_freep) struct growth_builder *builder = NULL;
	_cleanup_(growth_freep) struct growth *growth = NULL;

	(void)state;
	figures(scene_server, &(struct growth_interval){0}, &builder, &growth);
	assert_false(growth->host.known);
	assert_int_equal(growth->files_bytes, 0);
	assert_int_equal(growth->cgroup_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meminfo_is_read_by_key),
		cmocka_unit_test(test_a_meminfo_without_figures_is_an_error),
		cmocka_unit_test(test_before_and_ledger_and_remainder_are_now),
		cmocka_unit_test(test_of_an_interval_both_sides_are_changes),
		cmocka_unit_test(test_files_and_the_rest_are_all_pages),
		cmocka_unit_test(test_a_cgroup_has_all_below_it),
		cmocka_unit_test(test_what_begins_alike_is_not_below),
		cmocka_unit_test(test_of_an_interval_a_cgroup_has_what_grew),
		cmocka_unit_test(test_a_process_knows_its_cgroup),
		cmocka_unit_test(test_without_figures_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
