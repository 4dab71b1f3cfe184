// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet from the names child is an answer or nothing at all. */
#include "symbols_fixture.h"

#include <sys/socket.h>

#include "symbols/names_child.h"

/* A child whose packets the test writes itself, into `far_end`. */
struct fake_child {
	struct names_child near_end;
	int far_end;
};

static void fake_child_release(struct fake_child *fake)
{
	cleanup_close(&fake->near_end.socket);
	cleanup_close(&fake->far_end);
}

static struct fake_child fake_child_make(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	return (struct fake_child){.near_end = {.pidfd = -1, .socket = ends[0]},
				   .far_end = ends[1]};
}

/* Sends the first `bytes` of a packet and returns what the recorder makes of it. */
static int say(struct fake_child *fake, const void *packet, size_t bytes,
	       struct names_answer *ret_answer)
{
	assert_int_equal(send(fake->far_end, packet, bytes, 0), bytes);
	return names_child_receive(&fake->near_end, deadline_after(1000), NULL, ret_answer);
}

static void a_proper_answer_is_taken(void **state)
{
	_cleanup_(fake_child_release) struct fake_child fake = fake_child_make();
	struct names_answer said = {
		.type = NAMES_DEMANGLED, .module = 3, .length = 4, .bytes = "main"};
	struct names_answer heard = {};

	(void)state;
	assert_int_equal(say(&fake, &said, NAMES_ANSWER_HEADER + 4, &heard), 0);
	assert_memory_equal(&heard, &said, NAMES_ANSWER_HEADER + 4);
	said.error = -4095;
	said.length = NAMES_NAME_MAX - 1;
	assert_int_equal(say(&fake, &said, NAMES_ANSWER_HEADER + said.length, &heard), 0);
	assert_int_equal(heard.error, -4095);
}

static void a_length_that_is_not_the_packets_is_refused(void **state)
{
	static const struct {
		uint32_t length;
		size_t bytes;
	} rows[] = {
		{4, NAMES_ANSWER_HEADER + 3},
		{4, NAMES_ANSWER_HEADER + 5},
		{0, NAMES_ANSWER_HEADER - 1},
		{0, 1},
		{UINT32_MAX, NAMES_ANSWER_HEADER + 4},
		{NAMES_NAME_MAX, NAMES_ANSWER_HEADER + NAMES_NAME_MAX},
		{NAMES_NAME_MAX + 8, NAMES_ANSWER_HEADER + NAMES_NAME_MAX + 8},
		{NAMES_NAME_MAX - 1, NAMES_ANSWER_HEADER + NAMES_NAME_MAX + 8},
	};
	_cleanup_(fake_child_release) struct fake_child fake = fake_child_make();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct names_answer heard = {.type = 77};
		struct {
			struct names_answer answer;
			char more[16];
		} said = {.answer = {.type = NAMES_DEMANGLED, .length = rows[i].length}};

		assert_int_equal(say(&fake, &said, rows[i].bytes, &heard), -EBADMSG);
		assert_int_equal(heard.type, 77);
	}
}

static void an_error_that_is_none_is_refused(void **state)
{
	static const int32_t errors[] = {1, INT32_MAX, -4096, INT32_MIN};
	_cleanup_(fake_child_release) struct fake_child fake = fake_child_make();
	struct names_answer heard;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct names_answer said = {.type = NAMES_READY, .error = errors[i]};

		assert_int_equal(say(&fake, &said, NAMES_ANSWER_HEADER, &heard), -EBADMSG);
	}
}

/* A hijacked child may send descriptors: none arrives. */
static void descriptors_are_dropped(void **state)
{
	_cleanup_(fake_child_release) struct fake_child fake = fake_child_make();
	struct names_child far_child = {.pidfd = -1, .socket = fake.far_end};
	struct names_request said = {.type = NAMES_READY};
	const int sent = STDERR_FILENO;
	_cleanup_close_ int next = -1;
	struct names_answer heard;
	int lowest = dup(STDERR_FILENO);

	(void)state;
	close(lowest);
	/* an empty request reads like an answer's header */
	assert_int_equal(NAMES_REQUEST_HEADER, NAMES_ANSWER_HEADER);
	assert_int_equal(names_child_send(&far_child, &said, &sent, 1), 0);
	assert_int_equal(names_child_receive(&fake.near_end, deadline_after(1000), NULL, &heard),
			 0);
	next = dup(STDERR_FILENO);
	assert_int_equal(next, lowest);
}

static void silence_ends_at_the_deadline(void **state)
{
	_cleanup_(fake_child_release) struct fake_child fake = fake_child_make();
	struct names_answer heard;

	(void)state;
	assert_int_equal(names_child_receive(&fake.near_end, deadline_after(20), NULL, &heard),
			 -ETIMEDOUT);
	assert_int_equal(names_child_receive(&fake.near_end, 0, NULL, &heard), -ETIMEDOUT);
}

static void the_end_of_the_child_is_noticed(void **state)
{
	_cleanup_(fake_child_release) struct fake_child fake = fake_child_make();
	struct names_request request = {.type = NAMES_IDENTIFY};
	struct names_answer heard;

	(void)state;
	close(TAKE_FD(fake.far_end));
	assert_int_equal(names_child_receive(&fake.near_end, deadline_after(1000), NULL, &heard),
			 -ECONNRESET);
	assert_int_equal(names_child_send(&fake.near_end, &request, NULL, 0), -ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proper_answer_is_taken),
		cmocka_unit_test(a_length_that_is_not_the_packets_is_refused),
		cmocka_unit_test(an_error_that_is_none_is_refused),
		cmocka_unit_test(descriptors_are_dropped),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(the_end_of_the_child_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
