// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroups as people write them, and what their files say, on trees of our own. */
#include "test.h"

#include <errno.h>

#include "capture/cgroup.h"
#include "fake_proc.h"

#define V1_MOUNTS                                                           \
	"30 20 0:25 / /sys/fs/cgroup ro - tmpfs tmpfs rw\n"                 \
	"31 30 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"       \
	"32 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
	"33 30 0:28 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
#define V2_MOUNTS "31 30 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static struct fake_proc fake;

static int make_tree(const char *mounts)
{
	fake_proc_make(&fake);
	fake_proc_write(&fake, "self/mountinfo", mounts);
	return 0;
}

/* /sys is the same directory as /proc here. */
static void make_cgroup(const char *directory)
{
	char name[256];

	snprintf(name, sizeof(name), "fs/cgroup/%s/cgroup.procs", directory);
	fake_proc_write(&fake, name, "1\n");
}

static void expect_found(const char *path, const char *expected, bool unified)
{
	struct cgroup cgroup = CGROUP_NONE;
	struct failure failure;
	struct stat status;

	assert_int_equal(cgroup_open(&fake.root, path, &cgroup, &failure), 0);
	assert_string_equal(cgroup.path, expected);
	assert_int_equal(cgroup.unified, unified);
	assert_int_equal(fstat(cgroup.fd, &status), 0);
	assert_int_equal(cgroup.id, status.st_ino);
	cgroup_close(&cgroup);
}

static void expect_refused(const char *path, enum failure_kind kind)
{
	struct cgroup cgroup = CGROUP_NONE;
	struct failure failure = {0};

	assert_true(cgroup_open(&fake.root, path, &cgroup, &failure) < 0);
	assert_int_equal(failure.kind, kind);
	assert_int_equal(cgroup.fd, -1);
}

static void test_paths_of_v1(void **state)
{
	(void)state;
	make_tree(V1_MOUNTS);
	make_cgroup("cpu");
	make_cgroup("cpu/a");
	make_cgroup("memory");
	make_cgroup("memory/a/b");
	make_cgroup("memory/a");
	make_cgroup("unified");
	make_cgroup("unified/only-here");
	expect_found("/sys/fs/cgroup/memory/a/b", "/a/b", false);
	expect_found("/sys/fs/cgroup/memory/a//b/.", "/a/b", false);
	expect_found("/sys/fs/cgroup/memory", "/", false);
	expect_found("/a/b", "/a/b", false);
	expect_found("a", "/a", false);
	expect_found("/only-here", "/only-here", true);
	expect_found("/sys/fs/cgroup/unified/only-here", "/only-here", true);
	expect_refused("/sys/fs/cgroup/cpu/a", FAILURE_OTHER_CGROUP);
	expect_refused("/sys/fs/cgroup/memory/none", FAILURE_NO_CGROUP);
	expect_refused("/none", FAILURE_NO_CGROUP);
	fake_proc_remove(&fake);
}

static void test_paths_of_v2(void **state)
{
	(void)state;
	make_tree(V2_MOUNTS);
	make_cgroup("");
	make_cgroup("system.slice/a;b \x1b[31m.service");
	expect_found("/system.slice/a;b \x1b[31m.service", "/system.slice/a;b \x1b[31m.service",
		     true);
	expect_found("/sys/fs/cgroup/", "/", true);
	fake_proc_remove(&fake);
}

static void test_what_is_no_cgroup(void **state)
{
	(void)state;
	make_tree(V2_MOUNTS);
	make_cgroup("");
	make_cgroup("a");
	fake_proc_write(&fake, "fs/cgroup/plain/file", "");
	expect_refused("/plain", FAILURE_NO_CGROUP);
	expect_refused("/a/cgroup.procs", FAILURE_NO_CGROUP);
	expect_refused("/a/../a", FAILURE_NO_CGROUP);
	expect_refused("/sys/fs/cgroup/../cgroup/a", FAILURE_NO_CGROUP);
	expect_refused("/etc", FAILURE_NO_CGROUP);
	fake_proc_remove(&fake);

	make_tree("");
	expect_refused("/a", FAILURE_NO_CGROUP);
	fake_proc_remove(&fake);
}

/* What the kernel escapes in a mount point is the mount point's. */
static void test_mount_points_are_unescaped(void **state)
{
	(void)state;
	make_tree("31 30 0:26 / /sys/my\\040groups rw - cgroup2 cgroup2 rw\n");
	fake_proc_write(&fake, "my groups/a/cgroup.procs", "");
	expect_found("/sys/my groups/a", "/a", true);
	fake_proc_remove(&fake);
}

static struct cgroup_memory memory_of(bool unified, const char *stat, int *ret_error)
{
	struct cgroup cgroup = CGROUP_NONE;
	struct cgroup_memory memory = {0};
	struct failure failure;

	make_tree(unified ? V2_MOUNTS : V1_MOUNTS);
	make_cgroup(unified ? "a" : "memory/a");
	if (stat)
		fake_proc_write(&fake,
				unified ? "fs/cgroup/a/memory.stat"
					: "fs/cgroup/memory/a/memory.stat",
				stat);
	fake_proc_write(&fake, "fs/cgroup/a/memory.current", "900\n");
	fake_proc_write(&fake, "fs/cgroup/memory/a/memory.usage_in_bytes", "800\n");
	fake_proc_write(&fake, "fs/cgroup/memory/a/memory.kmem.usage_in_bytes", "70\n");
	assert_int_equal(cgroup_open(&fake.root, "/a", &cgroup, &failure), 0);
	*ret_error = cgroup_memory(&cgroup, &memory);
	cgroup_close(&cgroup);
	fake_proc_remove(&fake);
	return memory;
}

static void test_memory_of_v1(void **state)
{
	int error;
	const struct cgroup_memory memory =
		memory_of(false,
			  "cache 1\nrss 2\nshmem 3\ntotal_cache 500\ntotal_rss 200\n"
			  "new_key what 7\ntotal_shmem 120\n",
			  &error);

	(void)state;
	assert_int_equal(error, 0);
	assert_int_equal(memory.known,
			 CGROUP_ANON | CGROUP_SHMEM | CGROUP_FILE | CGROUP_KERNEL | CGROUP_USAGE);
	assert_int_equal(memory.anon_bytes, 200);
	assert_int_equal(memory.shmem_bytes, 120);
	assert_int_equal(memory.file_bytes, 380);
	assert_int_equal(memory.kernel_bytes, 70);
	assert_int_equal(memory.usage_bytes, 800);
}

static void test_memory_of_v2(void **state)
{
	int error;
	const struct cgroup_memory memory = memory_of(true,
						      "anon 200\nfile 500\nkernel 90\n"
						      "kernel_stack 16\nshmem 120\nslab 33\n",
						      &error);

	(void)state;
	assert_int_equal(error, 0);
	assert_int_equal(memory.anon_bytes, 200);
	assert_int_equal(memory.file_bytes, 380);
	assert_int_equal(memory.kernel_bytes, 90);
	assert_int_equal(memory.usage_bytes, 900);
	assert_int_equal(memory.parts_known, 1U << CGROUP_KERNEL_STACKS | 1U << CGROUP_SLAB);
	assert_int_equal(memory.part_bytes[CGROUP_KERNEL_STACKS], 16);
	assert_int_equal(memory.part_bytes[CGROUP_SLAB], 33);
}

static void test_kernel_is_the_sum_of_its_parts_where_none_is_told(void **state)
{
	int error;
	const struct cgroup_memory memory = memory_of(
		true, "kernel_stack 16\npagetables 4\nslab 33\nslab_reclaimable 30\n", &error);

	(void)state;
	assert_int_equal(memory.known, CGROUP_KERNEL | CGROUP_USAGE);
	assert_int_equal(memory.kernel_bytes, 53);
}

static void test_without_the_controller_nothing_is_known(void **state)
{
	int error;

	(void)state;
	memory_of(true, NULL, &error);
	assert_int_equal(error, -ENOENT);
}

static void test_a_removed_cgroup_is_gone(void **state)
{
	struct cgroup cgroup = CGROUP_NONE;
	struct failure failure;
	char path[256];

	(void)state;
	make_tree(V2_MOUNTS);
	make_cgroup("a");
	assert_int_equal(cgroup_open(&fake.root, "/a", &cgroup, &failure), 0);
	assert_false(cgroup_is_gone(&cgroup));
	snprintf(path, sizeof(path), "%s/fs/cgroup/a/cgroup.procs", fake.path);
	unlink(path);
	assert_true(cgroup_is_gone(&cgroup));
	cgroup_close(&cgroup);
	fake_proc_remove(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_of_v1),
		cmocka_unit_test(test_paths_of_v2),
		cmocka_unit_test(test_what_is_no_cgroup),
		cmocka_unit_test(test_mount_points_are_unescaped),
		cmocka_unit_test(test_memory_of_v1),
		cmocka_unit_test(test_memory_of_v2),
		cmocka_unit_test(test_kernel_is_the_sum_of_its_parts_where_none_is_told),
		cmocka_unit_test(test_without_the_controller_nothing_is_known),
		cmocka_unit_test(test_a_removed_cgroup_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
