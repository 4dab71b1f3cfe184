// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of files, whatever their length and however they come. */
#include "test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/lines.h"

static int file_of(const char *bytes, size_t len)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void test_the_last_line_may_lack_its_end(void **state)
{
	struct lines lines;
	int fd = file_of("a\n\nlast", 7);

	(void)state;
	lines_begin(&lines, fd);
	assert_string_equal(lines_next(&lines), "a");
	assert_string_equal(lines_next(&lines), "");
	assert_string_equal(lines_next(&lines), "last");
	assert_null(lines_next(&lines));
	assert_null(lines_next(&lines));
	assert_int_equal(lines.error, 0);
	close(fd);
}

/* A line of `len` bytes, followed by others. */
static void read_long(size_t len)
{
	static char bytes[4 * LINES_BUFFER_BYTES];
	size_t kept = len < LINES_BUFFER_BYTES ? len : LINES_BUFFER_BYTES;
	struct lines lines;
	int fd;

	memcpy(bytes, "b\n", 2);
	memset(bytes + 2, 'x', len);
	memcpy(bytes + 2 + len, "\nc\n", 3);
	fd = file_of(bytes, len + 5);
	lines_begin(&lines, fd);
	assert_string_equal(lines_next(&lines), "b");
	assert_int_equal(strlen(lines_next(&lines)), kept);
	assert_string_equal(lines_next(&lines), "c");
	assert_null(lines_next(&lines));
	close(fd);
}

static void test_a_line_that_does_not_fit_is_cut_and_the_next_is_whole(void **state)
{
	(void)state;
	for (int more = -3; more <= 3; more++)
		for (int buffers = 1; buffers <= 3; buffers++)
			read_long((size_t)(buffers * LINES_BUFFER_BYTES + more));
}

static void test_a_pipe_gives_lines_in_pieces(void **state)
{
	struct lines lines;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "one\ntw", 6), 6);
	lines_begin(&lines, ends[0]);
	assert_string_equal(lines_next(&lines), "one");
	assert_int_equal(write(ends[1], "o\n", 2), 2);
	assert_string_equal(lines_next(&lines), "two");
	close(ends[1]);
	assert_null(lines_next(&lines));
	close(ends[0]);
}

static void test_what_cannot_be_read_says_why(void **state)
{
	struct lines lines;

	(void)state;
	lines_begin(&lines, -1);
	assert_null(lines_next(&lines));
	assert_int_equal(lines.error, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_line_may_lack_its_end),
		cmocka_unit_test(test_a_line_that_does_not_fit_is_cut_and_the_next_is_whole),
		cmocka_unit_test(test_a_pipe_gives_lines_in_pieces),
		cmocka_unit_test(test_what_cannot_be_read_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
