// SPDX-License-Identifier: GPL-2.0-or-later
/* Which cgroups are followed when there are more than places: whose memory cannot be reclaimed. */
#include "test.h"

#include "capture/cgroup_curves.h"
#include "fake_proc.h"

#define SECOND UINT64_C(1000000000)
#define MIB (1024 * 1024)
#define LIMIT_MIB 64

struct host {
	struct fake_proc fake;
	struct cgroups cgroups;
	struct cgroup_curves curves;
	uint64_t second;
};

static void write_number(const struct host *host, const char *cgroup, const char *file, int mib)
{
	char name[128], text[32];

	snprintf(name, sizeof(name), "memory/%s/%s", cgroup, file);
	snprintf(text, sizeof(text), "%d\n", mib * MIB);
	fake_proc_write(&host->fake, name, text);
}

static void make_cgroup(const struct host *host, const char *cgroup, int usage_mib, int cache_mib)
{
	char name[128], text[128];

	write_number(host, cgroup, "memory.limit_in_bytes", LIMIT_MIB);
	write_number(host, cgroup, "memory.usage_in_bytes", usage_mib);
	snprintf(name, sizeof(name), "memory/%s/memory.stat", cgroup);
	snprintf(text, sizeof(text), "total_inactive_file %d\ntotal_active_file 0\n",
		 cache_mib * MIB);
	fake_proc_write(&host->fake, name, text);
}

static void make_cgroups(const struct host *host, int count, int usage_mib, int cache_mib)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "pod%d", i);
		make_cgroup(host, name, usage_mib, cache_mib);
	}
}

static int set_up(void **state)
{
	static struct host host;
	char line[256];

	host = (struct host){0};
	fake_proc_make(&host.fake);
	snprintf(line, sizeof(line), "30 1 0:30 / %s/memory rw - cgroup cgroup rw,memory\n",
		 host.fake.path);
	fake_proc_write(&host.fake, "self/mountinfo", line);
	fake_proc_write(&host.fake, "memory/memory.stat", "total_rss 0\n");
	fake_proc_write(&host.fake, "memory/cgroup.procs", "");
	*state = &host;
	if (cgroups_init(&host.cgroups, &host.fake.root, NULL))
		return -1;
	return cgroup_curves_init(&host.curves, &host.fake.root, &host.cgroups);
}

static int tear_down(void **state)
{
	struct host *host = *state;

	cgroup_curves_release(&host->curves);
	cgroups_release(&host->cgroups);
	fake_proc_remove(&host->fake);
	return 0;
}

static void find_new(struct host *host)
{
	host->cgroups.walked_ns = host->cgroups.walk_took_ns = 0;
	cgroups_look(&host->cgroups);
}

/* Long enough for each to have had its turn. */
static void look(struct host *host)
{
	for (int i = 0; i < 10; i++)
		cgroup_curves_look(&host->curves, ++host->second * SECOND);
}

static uint64_t inode_of(const struct host *host, const char *name)
{
	struct stat status;

	assert_int_equal(fstatat(host->fake.root.proc_fd, name, &status, 0), 0);
	return status.st_ino;
}

static void test_page_cache_of_many_does_not_hide_one_whose_memory_is_held(void **state)
{
	struct host *host = *state;

	make_cgroups(host, CGROUP_CURVES + 8, 64, 60);
	find_new(host);
	look(host);
	make_cgroup(host, "app", 61, 0);
	find_new(host);
	look(host);
	assert_non_null(cgroup_curves_find(&host->curves, inode_of(host, "memory/app")));
}

static void test_page_cache_takes_no_place_of_whoever_holds_more(void **state)
{
	struct host *host = *state;
	char name[32];

	make_cgroups(host, CGROUP_CURVES, 50, 0);
	find_new(host);
	look(host);
	make_cgroup(host, "cache", 64, 60);
	find_new(host);
	look(host);
	assert_null(cgroup_curves_find(&host->curves, inode_of(host, "memory/cache")));
	for (int i = 0; i < CGROUP_CURVES; i++) {
		snprintf(name, sizeof(name), "memory/pod%d", i);
		assert_non_null(cgroup_curves_find(&host->curves, inode_of(host, name)));
	}
}

/* What whoever grows in a cgroup says of it. */
static void tell(struct host *host, const char *name, uint64_t usage_mib)
{
	uint64_t pages = MIB / sysconf(_SC_PAGESIZE);
	struct ot_curve_record record = {
		.time_ns = host->second * SECOND,
		.level_count = 1,
		.levels = {{inode_of(host, name), usage_mib * pages, LIMIT_MIB * pages}},
	};

	cgroup_curves_take(&host->curves, &record);
}

/* No place is free, and two want one: by its page cache, and by what it holds. */
static void crowd_with_candidates(struct host *host)
{
	make_cgroups(host, CGROUP_CURVES, 50, 0);
	find_new(host);
	look(host);
	make_cgroup(host, "cache", 64, 60);
	make_cgroup(host, "app", 61, 0);
	find_new(host);
}

static void test_whoever_grows_is_judged_the_same_at_once(void **state)
{
	struct host *host = *state;

	crowd_with_candidates(host);
	tell(host, "memory/cache", 64);
	tell(host, "memory/app", 61);
	assert_null(cgroup_curves_find(&host->curves, inode_of(host, "memory/cache")));
	assert_non_null(cgroup_curves_find(&host->curves, inode_of(host, "memory/app")));
}

static void test_candidates_are_asked_a_bounded_number_of_times(void **state)
{
	struct host *host = *state;

	crowd_with_candidates(host);
	for (int i = 0; i < 100; i++)
		tell(host, "memory/cache", 64);
	tell(host, "memory/app", 61);
	assert_null(cgroup_curves_find(&host->curves, inode_of(host, "memory/app")));
	/* and has its turn all the same */
	look(host);
	assert_non_null(cgroup_curves_find(&host->curves, inode_of(host, "memory/app")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_page_cache_of_many_does_not_hide_one_whose_memory_is_held),
		TEST(test_page_cache_takes_no_place_of_whoever_holds_more),
		TEST(test_whoever_grows_is_judged_the_same_at_once),
		TEST(test_candidates_are_asked_a_bounded_number_of_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
