// SPDX-License-Identifier: GPL-2.0-or-later
/* A perf map is the process's own file, or it is none. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/mount_types.h"
#include "capture/perf_maps.h"
#include "fake_proc.h"

static char own_path[64];

/* Ours, as if we were a JIT. */
static int find_own(struct perf_map *ret_map)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;

	assert_int_equal(sysroot_open_host(&root), 0);
	return perf_map_find(&root, (uint32_t)getpid(), ret_map);
}

static int remove_own(void **state)
{
	(void)state;
	unlink(own_path);
	rmdir(own_path);
	return 0;
}

static void write_own(void)
{
	FILE *stream = fopen(own_path, "w");

	assert_non_null(stream);
	fputs("1000 10 f\n", stream);
	fclose(stream);
}

static void the_map_of_a_process_is_found_and_can_be_read(void **state)
{
	_cleanup_(sysroot_close) struct sysroot root = SYSROOT_CLOSED;
	struct perf_map map;
	char text[16] = "";
	int fd;

	(void)state;
	write_own();
	assert_int_equal(find_own(&map), 0);
	assert_string_equal(map.path, own_path);
	assert_int_equal(sysroot_open_host(&root), 0);
	fd = perf_map_open(&root, &map);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 10);
	assert_string_equal(text, "1000 10 f\n");
	close(fd);
	close(map.fd);
}

static void without_a_map_there_is_none(void **state)
{
	struct perf_map map;

	(void)state;
	assert_int_equal(find_own(&map), -ENOENT);
}

static void a_link_is_not_followed(void **state)
{
	struct perf_map map;

	(void)state;
	assert_int_equal(symlink("/etc/passwd", own_path), 0);
	assert_true(find_own(&map) < 0);
}

/* Opening it for reading would wait for a writer. */
static void a_fifo_is_no_map_and_nobody_waits(void **state)
{
	struct perf_map map;

	(void)state;
	assert_int_equal(mkfifo(own_path, 0600), 0);
	assert_int_equal(find_own(&map), -EPERM);
	remove_own(NULL);
	assert_int_equal(mkdir(own_path, 0700), 0);
	assert_int_equal(find_own(&map), -EPERM);
}

static void what_belongs_to_somebody_else_is_no_map(void **state)
{
	struct perf_map map;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_own();
	assert_int_equal(chown(own_path, 12345, 12345), 0);
	assert_int_equal(find_own(&map), -EPERM);
}

static const char table[] = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
			    "22 21 0:40 / /srv rw shared:2 - fuse.sshfs host:/ rw\n"
			    "23 21 0:41 / /net rw - nfs4 host:/x rw\n"
			    "24 21 0:42 / /auto rw - autofs x rw\n";

static void what_may_hang_is_known_by_its_type(void **state)
{
	struct fake_proc fake;

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "7/mountinfo", table);
	assert_true(mount_answers_device(&fake.root, 7, 8, 1));
	assert_false(mount_answers_device(&fake.root, 7, 0, 40));
	assert_false(mount_answers_device(&fake.root, 7, 0, 41));
	assert_false(mount_answers_device(&fake.root, 7, 0, 42));
	/* in no table; and of a process without one */
	assert_false(mount_answers_device(&fake.root, 7, 0, 43));
	assert_false(mount_answers_device(&fake.root, 8, 8, 1));
	fake_proc_remove(&fake);
}

/* In a chroot a process sees no mount outside of it: then ours counts. */
static void what_the_process_does_not_see_we_may(void **state)
{
	struct fake_proc fake;
	char name[32];

	(void)state;
	fake_proc_make(&fake);
	snprintf(name, sizeof(name), "%d/mountinfo", getpid());
	fake_proc_write(&fake, name, table);
	fake_proc_write(&fake, "7/mountinfo", "30 21 0:50 / /proc rw - proc proc rw\n");
	assert_true(mount_answers_device(&fake.root, 7, 8, 1));
	assert_false(mount_answers_device(&fake.root, 7, 0, 40));
	fake_proc_remove(&fake);
}

static void a_descriptor_is_known_by_its_mount(void **state)
{
	struct fake_proc fake;
	char name[32];

	(void)state;
	fake_proc_make(&fake);
	fake_proc_write(&fake, "7/mountinfo", table);
	snprintf(name, sizeof(name), "%d/fdinfo/5", getpid());
	fake_proc_write(&fake, name, "pos:\t0\nflags:\t010000000\nmnt_id:\t21\nino:\t2\n");
	assert_true(mount_answers_fd(&fake.root, 7, 5));
	fake_proc_write(&fake, name, "pos:\t0\nmnt_id:\t22\n");
	assert_false(mount_answers_fd(&fake.root, 7, 5));
	assert_false(mount_answers_fd(&fake.root, 7, 6));
	fake_proc_remove(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_map_of_a_process_is_found_and_can_be_read,
					  remove_own),
		cmocka_unit_test_teardown(without_a_map_there_is_none, remove_own),
		cmocka_unit_test_teardown(a_link_is_not_followed, remove_own),
		cmocka_unit_test_teardown(a_fifo_is_no_map_and_nobody_waits, remove_own),
		cmocka_unit_test_teardown(what_belongs_to_somebody_else_is_no_map, remove_own),
		cmocka_unit_test(what_may_hang_is_known_by_its_type),
		cmocka_unit_test(what_the_process_does_not_see_we_may),
		cmocka_unit_test(a_descriptor_is_known_by_its_mount),
	};

	snprintf(own_path, sizeof(own_path), "/tmp/perf-%d.map", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
