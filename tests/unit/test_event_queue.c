// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue keeps what it is given: values, strings, frames, descriptors. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capture/event_queue.h"

static void test_strings_and_frames_are_copied(void **state)
{
	struct event_frame frames[2] = {{1, 0x10}, {2, 0x20}};
	struct event_queue queue = {0};
	char exe[] = "/bin/first";
	struct event process = {.type = EVENT_PROCESS, .process = {.id = 1, .exe = exe}};
	struct event stack = {.type = EVENT_STACK,
			      .stack = {.id = 9, .frame_count = 2, .frames = frames}};
	struct event popped;

	(void)state;
	event_queue_push(&queue, &process);
	event_queue_push(&queue, &stack);
	memset(exe, 'x', strlen(exe));
	memset(frames, 0, sizeof(frames));

	assert_true(event_queue_pop(&queue, &popped));
	assert_string_equal(popped.process.exe, "/bin/first");
	assert_true(event_queue_pop(&queue, &popped));
	assert_int_equal(popped.stack.frames[1].module, 2);
	assert_int_equal(popped.stack.frames[1].offset, 0x20);
	assert_false(event_queue_pop(&queue, &popped));
	event_queue_push(&queue, &stack);
	event_queue_release(&queue);
}

struct taken {
	const struct event *event;
	int fd;
	int answer;
};

static int take(void *context, const struct event *event)
{
	struct taken *taken = context;

	taken->event = event;
	taken->fd = event->module.fd;
	return taken->answer;
}

static void test_a_taker_gets_each_event_itself_and_nothing_waits(void **state)
{
	struct taken taken = {.answer = 0};
	struct event_queue queue = {.take = take, .context = &taken};
	struct event event = {.type = EVENT_MODULE,
			      .module = {.id = 1, .path = "/x", .fd = open("/dev/null", O_RDONLY)}};
	struct event popped;

	(void)state;
	assert_true(event.module.fd >= 0);
	assert_null(event_queue_push(&queue, &event));
	assert_ptr_equal(taken.event, &event);
	assert_int_equal(fcntl(taken.fd, F_GETFD), -1);
	assert_false(event_queue_pop(&queue, &popped));
	assert_int_equal(queue.error, 0);
	taken.answer = -ENOSPC;
	event.module.fd = -1;
	event_queue_push(&queue, &event);
	taken.answer = 0;
	event_queue_push(&queue, &event);
	assert_int_equal(queue.error, -ENOSPC);
	event_queue_release(&queue);
}

static void test_what_is_removed_is_not_popped(void **state)
{
	struct event_queue queue = {0};
	struct queued_event *pushed[4];
	struct event event = {.type = EVENT_PROCESS}, popped;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		event.process.id = i;
		pushed[i] = event_queue_push(&queue, &event);
	}
	event_queue_remove(&queue, pushed[0]);
	event_queue_remove(&queue, pushed[2]);
	event_queue_remove(&queue, pushed[3]);
	event.process.id = 4;
	event_queue_push(&queue, &event);
	assert_true(event_queue_pop(&queue, &popped));
	assert_int_equal(popped.process.id, 1);
	assert_true(event_queue_pop(&queue, &popped));
	assert_int_equal(popped.process.id, 4);
	assert_false(event_queue_pop(&queue, &popped));
	event_queue_release(&queue);
}

/* A descriptor lives until the next pop, and no longer. */
static void test_descriptors_are_closed_in_time(void **state)
{
	struct event_queue queue = {0};
	struct event module = {.type = EVENT_MODULE, .module = {.id = 1, .path = "x"}};
	struct event popped;
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	module.module.fd = fd;
	event_queue_push(&queue, &module);
	assert_true(event_queue_pop(&queue, &popped));
	assert_int_equal(fcntl(popped.module.fd, F_GETFD) >= 0, 1);
	assert_false(event_queue_pop(&queue, &popped));
	assert_int_equal(fcntl(fd, F_GETFD), -1);

	module.module.fd = fd = open("/dev/null", O_RDONLY);
	event_queue_push(&queue, &module);
	event_queue_release(&queue);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_absent_strings_stay_absent(void **state)
{
	struct event process = {.type = EVENT_PROCESS, .process = {.id = 1}};
	struct event_queue queue = {0};
	struct event popped;

	(void)state;
	event_queue_push(&queue, &process);
	assert_true(event_queue_pop(&queue, &popped));
	assert_null(popped.process.exe);
	event_queue_release(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings_and_frames_are_copied),
		cmocka_unit_test(test_a_taker_gets_each_event_itself_and_nothing_waits),
		cmocka_unit_test(test_what_is_removed_is_not_popped),
		cmocka_unit_test(test_descriptors_are_closed_in_time),
		cmocka_unit_test(test_absent_strings_stay_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
