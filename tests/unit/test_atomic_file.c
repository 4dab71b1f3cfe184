// SPDX-License-Identifier: GPL-2.0-or-later
/* A result file is there whole or not at all. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"

/* Each test runs in a directory of its own. */
static char directory[] = "/tmp/oomtrace-test-XXXXXX";

static int enter_directory(void **state)
{
	(void)state;
	strcpy(strrchr(directory, '-') + 1, "XXXXXX");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static size_t count_files(void)
{
	_cleanup_closedir_ DIR *dir = opendir(".");
	size_t count = 0;

	while (readdir(dir))
		count++;
	return count - 2;
}

static int leave_directory(void **state)
{
	(void)state;
	unlink("x");
	unlink("link");
	return chdir("/") || rmdir(directory);
}

static void expect_contents(const char *path, const char *wanted)
{
	_cleanup_fclose_ FILE *stream = fopen(path, "re");
	char got[64] = "";

	assert_non_null(stream);
	assert_int_equal(fread(got, 1, sizeof(got), stream), strlen(wanted));
	assert_string_equal(got, wanted);
}

static int write_file(const char *path, const char *contents)
{
	struct atomic_file *file = NULL;
	int err = atomic_file_open(path, &file);

	if (err)
		return err;
	fputs(contents, atomic_file_stream(file));
	return atomic_file_commit(file);
}

static void test_a_file_appears_when_it_is_complete(void **state)
{
	struct atomic_file *file = NULL;
	struct stat status;

	(void)state;
	assert_int_equal(atomic_file_open("x", &file), 0);
	fputs("new", atomic_file_stream(file));
	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(atomic_file_commit(file), 0);
	expect_contents("x", "new");
	assert_int_equal(stat("x", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(count_files(), 1);
}

static void test_giving_up_leaves_what_was_there(void **state)
{
	struct atomic_file *file = NULL;

	(void)state;
	assert_int_equal(write_file("x", "old"), 0);
	assert_int_equal(atomic_file_open("x", &file), 0);
	fputs("new", atomic_file_stream(file));
	atomic_file_abort(file);
	expect_contents("x", "old");
	assert_int_equal(count_files(), 1);
}

static void test_a_full_disk_leaves_what_was_there(void **state)
{
	const struct rlimit small = {.rlim_cur = 2, .rlim_max = RLIM_INFINITY};
	struct rlimit before;

	(void)state;
	assert_int_equal(write_file("x", "old"), 0);
	/* stands in for a full disk: a write beyond the limit fails the same way */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(write_file("x", "longer than that"), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	expect_contents("x", "old");
	assert_int_equal(count_files(), 1);
}

static void test_a_write_that_failed_earlier_is_not_forgotten(void **state)
{
	struct atomic_file *file = NULL;

	(void)state;
	assert_int_equal(atomic_file_open("/dev/full", &file), 0);
	setvbuf(atomic_file_stream(file), NULL, _IONBF, 0);
	fputs("lost", atomic_file_stream(file));
	assert_true(atomic_file_commit(file) < 0);
}

static void test_a_device_is_written_to_and_not_replaced(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(write_file("/dev/full", "too much"), -ENOSPC);
	assert_int_equal(stat("/dev/full", &status), 0);
	assert_true(S_ISCHR(status.st_mode));
	assert_int_equal(write_file("/dev/null", "gone"), 0);
}

static void test_a_link_keeps_being_one(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(write_file("x", "old"), 0);
	assert_int_equal(symlink("x", "link"), 0);
	assert_int_equal(write_file("link", "new"), 0);
	expect_contents("x", "new");
	assert_int_equal(lstat("link", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
}

static void test_a_dangling_link_is_not_followed(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(symlink("x", "link"), 0);
	assert_int_equal(write_file("link", "new"), 0);
	assert_int_equal(access("x", F_OK), -1);
	assert_int_equal(lstat("link", &status), 0);
	assert_true(S_ISREG(status.st_mode));
}

static void test_bad_names_are_told(void **state)
{
	char long_name[300];

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(write_file("no/such/directory", ""), -ENOENT);
	assert_int_equal(write_file("", ""), -ENOENT);
	assert_int_equal(write_file(".", ""), -EISDIR);
	assert_int_equal(write_file("y/", ""), -EISDIR);
	assert_int_equal(write_file(long_name, ""), -ENAMETOOLONG);
	assert_int_equal(count_files(), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(test_a_file_appears_when_it_is_complete),
		IN_DIRECTORY(test_giving_up_leaves_what_was_there),
		IN_DIRECTORY(test_a_full_disk_leaves_what_was_there),
		IN_DIRECTORY(test_a_write_that_failed_earlier_is_not_forgotten),
		IN_DIRECTORY(test_a_device_is_written_to_and_not_replaced),
		IN_DIRECTORY(test_a_link_keeps_being_one),
		IN_DIRECTORY(test_a_dangling_link_is_not_followed),
		IN_DIRECTORY(test_bad_names_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
