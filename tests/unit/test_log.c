// SPDX-License-Identifier: GPL-2.0-or-later
/* What a recorder says to a reader who does not read holds it up no longer than it was told to
 * wait. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct pipe_of_stderr {
	int before;
	int read_fd;
};

static int redirect(void **state)
{
	static struct pipe_of_stderr pipe_of_stderr;
	int ends[2];

	pipe_of_stderr.before = dup(STDERR_FILENO);
	if (pipe_of_stderr.before < 0 || pipe2(ends, O_CLOEXEC) || dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	close(ends[1]);
	pipe_of_stderr.read_fd = ends[0];
	*state = &pipe_of_stderr;
	return 0;
}

static int restore(void **state)
{
	const struct pipe_of_stderr *pipe_of_stderr = *state;

	dup2(pipe_of_stderr->before, STDERR_FILENO);
	close(pipe_of_stderr->before);
	close(pipe_of_stderr->read_fd);
	return 0;
}

/* Without waiting; what a reader who has stopped has left in its pipe. */
static void fill(void)
{
	static const char page[PIPE_BUF];
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	assert_return_code(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(STDERR_FILENO, page, sizeof(page)) > 0)
		;
	assert_return_code(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
}

static void drain(const struct pipe_of_stderr *from)
{
	char bytes[PIPE_BUF];

	assert_return_code(fcntl(from->read_fd, F_SETFL, O_NONBLOCK), 0);
	while (read(from->read_fd, bytes, sizeof(bytes)) > 0)
		;
}

static void assert_said(const struct pipe_of_stderr *to, const char *expected)
{
	char said[2 * PIPE_BUF] = "";

	assert_return_code(read(to->read_fd, said, sizeof(said) - 1), 0);
	assert_string_equal(said, expected);
}

static void test_messages_nobody_reads_are_left_out_and_counted(void **state)
{
	log_set_patience_ms(1);
	fill();
	/* nobody to read: with a write that waits this would be the end */
	alarm(60);
	log_warning("first");
	log_warning("second");
	alarm(0);
	drain(*state);
	log_warning("third");
	assert_said(*state, "oomtrace: warning: 2 messages were left out here: nobody read them\n"
			    "oomtrace: warning: third\n");
	log_info("fourth");
	assert_said(*state, "oomtrace: fourth\n");
}

/* What is longer than the room that poll() promises would wait for more of it. */
static void test_a_long_message_takes_the_room_of_one(void **state)
{
	char name[1024], said[2 * PIPE_BUF];
	ssize_t len;

	memset(name, '\a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	log_set_patience_ms(1);
	log_warning("%s", name);
	len = read(((struct pipe_of_stderr *)*state)->read_fd, said, sizeof(said));
	assert_int_equal(len, PIPE_BUF);
	assert_int_equal(said[len - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_nobody_reads_are_left_out_and_counted,
						redirect, restore),
		cmocka_unit_test_setup_teardown(test_a_long_message_takes_the_room_of_one, redirect,
						restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
