// SPDX-License-Identifier: GPL-2.0-or-later
/* A path within a file system becomes one that somebody can type. */
#include "test.h"

#include "capture/mounts.h"
#include "fake_proc.h"

#define DEVICE(major, minor) ((major) << 20 | (minor))

#define MOUNTINFO                                                         \
	"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw\n"       \
	"23 22 8:17 /backup/etc /srv/old\\040etc rw - xfs /dev/sdb1 rw\n" \
	"24 22 8:17 / /srv rw - xfs /dev/sdb1 rw\n"                       \
	"25 22 8:33 /volumes/a /data/a rw - ext4 /dev/sdc1 rw\n"          \
	"nonsense\n"                                                      \
	"26 22 0:9\n"                                                     \
	"27 22 x:y / /nowhere rw - ext4 /dev/x rw\n"

static void expect_path(const struct mounts *mounts, uint32_t device, const char *path,
			const char *wanted)
{
	_cleanup_(buf_release) struct buf out = {0};

	mounts_append_path(mounts, device, path, &out);
	assert_string_equal(buf_string(&out), wanted);
}

static void test_paths_are_found_below_their_mounts(void **state)
{
	struct fake_proc fake;
	struct mounts mounts;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "self/mountinfo", MOUNTINFO);
	assert_int_equal(mounts_read(&fake.root, &mounts), 0);
	assert_int_equal(mounts.count, 4);
	assert_string_equal(mounts.items[1].point, "/srv/old etc");

	expect_path(&mounts, DEVICE(254, 0), "/etc/hosts", "/etc/hosts");
	/* all of it is mounted, too: the usual name wins over that of a part */
	expect_path(&mounts, DEVICE(8, 17), "/backup/etc/x", "/srv/backup/etc/x");
	expect_path(&mounts, DEVICE(8, 33), "/volumes/a/x", "/data/a/x");
	/* another directory that begins alike, and a device that is not mounted here */
	expect_path(&mounts, DEVICE(8, 33), "/volumes/ab/x", "[8:33]/volumes/ab/x");
	expect_path(&mounts, DEVICE(8, 4097), "/x", "[8:4097]/x");
	mounts_release(&mounts);
	fake_proc_remove(&fake);
}

static void expect_look_up(const struct fake_proc *fake, uint32_t device, const char *path,
			   const char *wanted)
{
	char memory[64];
	struct buf out = buf_within(memory, sizeof(memory));

	mounts_look_up(&fake->root, device, path, &out);
	assert_string_equal(buf_string(&out), wanted);
	assert_int_equal(buf_error(&out), 0);
}

static void test_one_path_is_found_without_keeping_the_table(void **state)
{
	struct fake_proc fake;
	char memory[8];
	struct buf small = buf_within(memory, sizeof(memory));

	(void)state;
	fake_proc_make(&fake);
	expect_look_up(&fake, DEVICE(254, 0), "/x", "[254:0]/x");
	fake_proc_write(&fake, "self/mountinfo", MOUNTINFO);
	expect_look_up(&fake, DEVICE(254, 0), "/etc/hosts", "/etc/hosts");
	expect_look_up(&fake, DEVICE(8, 17), "/backup/etc/x", "/srv/backup/etc/x");
	expect_look_up(&fake, DEVICE(8, 33), "/volumes/a/x", "/data/a/x");
	expect_look_up(&fake, DEVICE(8, 33), "/volumes/ab/x", "[8:33]/volumes/ab/x");
	mounts_look_up(&fake.root, DEVICE(254, 0), "/etc/hosts", &small);
	assert_int_equal(buf_error(&small), -ENOMEM);
	fake_proc_remove(&fake);
}

static void test_without_a_mount_table_the_device_is_told(void **state)
{
	struct fake_proc fake;
	struct mounts mounts;

	(void)state;
	fake_proc_make(&fake);
	assert_int_equal(mounts_read(&fake.root, &mounts), -ENOENT);
	expect_path(&mounts, DEVICE(254, 1), "/x", "[254:1]/x");
	mounts_release(&mounts);
	fake_proc_remove(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_found_below_their_mounts),
		cmocka_unit_test(test_one_path_is_found_without_keeping_the_table),
		cmocka_unit_test(test_without_a_mount_table_the_device_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
