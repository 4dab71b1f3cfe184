// SPDX-License-Identifier: GPL-2.0-or-later
/* Debug files are found where the process has them, and no path of its making leads elsewhere. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/debug_files.h"
#include "capture/target_path.h"

static char directory[64];
static struct sysroot host = SYSROOT_CLOSED;

static void run(const char *commands)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd %s && { %s; } 2>/dev/null", directory, commands);
	assert_int_equal(system(command), 0);
}

/* The inode at a path below the test's directory, taken as the root, or -errno. */
static long find(const char *path)
{
	_cleanup_close_ int top = open(directory, O_PATH | O_CLOEXEC), fd = -1;
	struct stat status;

	fd = target_path_find(&host, 0, top, path, &status);
	return fd < 0 ? fd : (long)status.st_ino;
}

static long inode_of(const char *name)
{
	struct stat status;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(lstat(path, &status), 0);
	return (long)status.st_ino;
}

static void links_are_followed_and_stay_within_the_root(void **state)
{
	(void)state;
	run("mkdir -p a/b c etc && echo x >c/file && echo ours >etc/passwd && "
	    "ln -s ../../c/file a/b/relative && ln -s /c/file a/absolute && ln -s /c a/directory "
	    "&& "
	    "ln -s ../../../../../../etc/passwd a/b/above && ln -s relative a/b/twice");
	assert_int_equal(find("/a/b/relative"), inode_of("c/file"));
	assert_int_equal(find("a/b/twice"), inode_of("c/file"));
	assert_int_equal(find("/a/absolute"), inode_of("c/file"));
	assert_int_equal(find("/a/directory/../c//./file"), inode_of("c/file"));
	/* not the host's */
	assert_int_equal(find("/a/b/above"), inode_of("etc/passwd"));
	assert_int_equal(find("/../../../etc/passwd"), inode_of("etc/passwd"));
}

static void what_is_no_regular_file_is_not_found(void **state)
{
	(void)state;
	run("mkdir d && mkfifo d/fifo && ln -s loop d/loop && ln -s d/fifo to_fifo");
	assert_int_equal(find("/d"), -ENOENT);
	assert_int_equal(find("/"), -ENOENT);
	assert_int_equal(find("/d/fifo"), -ENOENT);
	assert_int_equal(find("/to_fifo"), -ENOENT);
	assert_int_equal(find("/d/loop"), -ELOOP);
	assert_int_equal(find("/d/nothing"), -ENOENT);
}

static void a_path_without_end_is_refused(void **state)
{
	char path[8192];

	(void)state;
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(find(path), -ENAMETOOLONG);
	for (size_t i = 0; i < 400; i++)
		memcpy(path + 5 * i, "deep/", 6);
	run("p=.; for i in $(seq 80); do p=$p/deep; mkdir $p; done");
	assert_int_equal(find(path), -ENAMETOOLONG);
}

/* A link below /proc leads to what its text says within the root, never through it. */
static void no_magic_link_is_passed(void **state)
{
	_cleanup_close_ int top = open("/", O_PATH | O_CLOEXEC), fd = -1;
	struct stat status;

	(void)state;
	fd = target_path_find(&host, 0, top, "/proc/self/fd/0", &status);
	assert_true(fd < 0);
}

static struct debug_files look(const char *program, const char *name, const uint8_t *build_id)
{
	_cleanup_close_ int fd = -1;
	struct debug_files files;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, program);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	debug_files_find(&host,
			 &(struct debug_wanted){.pid = (uint32_t)getpid(),
						.path = path,
						.fd = fd,
						.name = name,
						.build_id = build_id,
						.build_id_bytes = build_id ? 4 : 0},
			 &files);
	return files;
}

static void assert_found(const char *program, const char *name, const char *first,
			 const char *second)
{
	_cleanup_(debug_files_release) struct debug_files files = look(program, name, NULL);
	const char *expected[] = {first, second};
	struct stat status;

	assert_int_equal(files.count, !!first + !!second);
	for (size_t i = 0; i < files.count; i++) {
		assert_int_equal(fstat(files.fds[i], &status), 0);
		assert_int_equal((long)status.st_ino, inode_of(expected[i]));
		assert_int_equal(fcntl(files.fds[i], F_GETFL) & O_ACCMODE, O_RDONLY);
	}
}

static void by_its_name_it_is_found_beside_the_program(void **state)
{
	(void)state;
	run("mkdir -p bin/.debug && echo x >bin/prog && echo x >bin/prog.debug && "
	    "echo x >bin/.debug/prog.debug && echo x >bin/.debug/only && mkfifo bin/fifo");
	assert_found("bin/prog", "prog.debug", "bin/prog.debug", "bin/.debug/prog.debug");
	assert_found("bin/prog", "only", "bin/.debug/only", NULL);
	assert_found("bin/prog", "nothing", NULL, NULL);
	assert_found("bin/prog", NULL, NULL, NULL);
	/* nobody waits for its writer, and the program is not its own */
	assert_found("bin/prog", "fifo", NULL, NULL);
	assert_found("bin/prog", "prog", NULL, NULL);
}

static void of_somebody_elses_making_it_is_none(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	run("mkdir own && echo x >own/prog && echo x >own/prog.debug && chown 12345 "
	    "own/prog.debug");
	assert_found("own/prog", "prog.debug", NULL, NULL);
	run("chown 12345 own/prog");
	assert_found("own/prog", "prog.debug", "own/prog.debug", NULL);
}

static void by_its_build_id_it_is_found_in_the_hosts_directory(void **state)
{
	static const uint8_t build_id[] = {0xfe, 0x00, 0x7e, 0x57};
	struct debug_files files;

	(void)state;
	if (geteuid() != 0)
		skip();
	run("mkdir -p /usr/lib/debug/.build-id/fe && echo x "
	    ">/usr/lib/debug/.build-id/fe/007e57.debug");
	files = look("none", NULL, build_id);
	run("rm /usr/lib/debug/.build-id/fe/007e57.debug && "
	    "rmdir --ignore-fail-on-non-empty -p /usr/lib/debug/.build-id/fe");
	assert_int_equal(files.count, 1);
	debug_files_release(&files);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/oomtrace-debug-files-XXXXXX");
	return !mkdtemp(directory) || sysroot_open_host(&host);
}

static int tear_down(void **state)
{
	(void)state;
	run("rm -rf /tmp/${PWD##*/}");
	sysroot_close(&host);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_followed_and_stay_within_the_root),
		cmocka_unit_test(what_is_no_regular_file_is_not_found),
		cmocka_unit_test(a_path_without_end_is_refused),
		cmocka_unit_test(no_magic_link_is_passed),
		cmocka_unit_test(by_its_name_it_is_found_beside_the_program),
		cmocka_unit_test(of_somebody_elses_making_it_is_none),
		cmocka_unit_test(by_its_build_id_it_is_found_in_the_hosts_directory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
