// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroups are found, told with all above them, and keep their names. */
#include "test.h"

#include "capture/cgroups.h"
#include "fake_proc.h"

#define STAT(cache) "total_rss 4096\ntotal_shmem 0\ntotal_cache " cache "\n"

struct reading {
	struct fake_proc fake;
	struct event_queue queue;
	struct cgroups cgroups;
};

static void read_tree(struct reading *reading)
{
	char line[256];

	*reading = (struct reading){0};
	fake_proc_make(&reading->fake);
	snprintf(line, sizeof(line), "30 1 0:30 / %s/memory rw - cgroup cgroup rw,memory\n",
		 reading->fake.path);
	fake_proc_write(&reading->fake, "self/mountinfo", line);
	fake_proc_write(&reading->fake, "memory/memory.stat", STAT("40960"));
	fake_proc_write(&reading->fake, "memory/cgroup.procs", "");
	fake_proc_write(&reading->fake, "memory/app/memory.stat", STAT("8192"));
	fake_proc_write(&reading->fake, "memory/app/\x1b;x/memory.stat", STAT("4096"));
	fake_proc_write(&reading->fake, "memory/other/memory.stat", STAT("0"));
	assert_int_equal(cgroups_init(&reading->cgroups, &reading->fake.root, NULL), 0);
}

static void reading_close(struct reading *reading)
{
	cgroups_release(&reading->cgroups);
	event_queue_release(&reading->queue);
	fake_proc_remove(&reading->fake);
}

static uint64_t inode_of(const struct reading *reading, const char *name)
{
	struct stat status;

	assert_int_equal(fstatat(reading->fake.root.proc_fd, name, &status, 0), 0);
	return status.st_ino;
}

/* How many events there are; of the one with this path the figure of the page cache. */
static size_t count_events(struct reading *reading, const char *path, enum memory_when when,
			   uint64_t *ret_file_bytes)
{
	struct event event;
	size_t count = 0;

	*ret_file_bytes = UINT64_MAX;
	while (event_queue_pop(&reading->queue, &event)) {
		assert_int_equal(event.type, EVENT_CGROUP);
		assert_int_equal(event.cgroup.when, when);
		if (strcmp(event.cgroup.path, path) == 0)
			*ret_file_bytes = event.cgroup.bytes[KIND_FILE];
		count++;
	}
	return count;
}

static void test_all_are_told_at_the_start(void **state)
{
	struct reading reading;
	uint64_t bytes;

	(void)state;
	read_tree(&reading);
	cgroups_queue_start(&reading.cgroups, &reading.queue);
	assert_int_equal(count_events(&reading, "/app/\x1b;x", MEMORY_START, &bytes), 4);
	assert_int_equal(bytes, 4096);
	reading_close(&reading);
}

static void test_later_those_with_processes_and_all_above(void **state)
{
	struct reading reading;
	uint64_t bytes;
	uint32_t id;

	(void)state;
	read_tree(&reading);
	id = cgroups_id(&reading.cgroups, inode_of(&reading, "memory/app/\x1b;x"));
	assert_string_equal(cgroups_get(&reading.cgroups, id)->path, "/app/\x1b;x");
	cgroups_want(&reading.cgroups, id);
	cgroups_queue_wanted(&reading.cgroups, &reading.queue);
	assert_int_equal(count_events(&reading, "/", MEMORY_END, &bytes), 3);
	assert_int_equal(bytes, 40960);
	/* asked for anew each time */
	cgroups_queue_wanted(&reading.cgroups, &reading.queue);
	assert_int_equal(count_events(&reading, "/", MEMORY_END, &bytes), 0);
	reading_close(&reading);
}

static void test_one_that_is_new_is_found_and_one_that_is_gone_keeps_its_name(void **state)
{
	struct reading reading;
	char path[128];
	uint64_t inode;
	uint32_t id;

	(void)state;
	read_tree(&reading);
	fake_proc_write(&reading.fake, "memory/new/memory.stat", STAT("0"));
	inode = inode_of(&reading, "memory/new");
	assert_int_equal(cgroups_id(&reading.cgroups, inode), 0); /* looked for a moment ago */
	reading.cgroups.walked_ns = 0;
	id = cgroups_id(&reading.cgroups, inode);
	assert_string_equal(cgroups_get(&reading.cgroups, id)->path, "/new");
	snprintf(path, sizeof(path), "%s/memory/new/memory.stat", reading.fake.path);
	assert_int_equal(unlink(path), 0);
	reading.cgroups.walked_ns = 0;
	assert_int_equal(cgroups_id(&reading.cgroups, inode), id);
	assert_int_equal(cgroups_id(&reading.cgroups, 0), 0);
	assert_null(cgroups_get(&reading.cgroups, 0));
	assert_null(cgroups_get(&reading.cgroups, 99));
	reading_close(&reading);
}

/* As many as are told apart, in a directory of their own; or removes them again. */
static void make_many(const struct reading *reading, bool remove)
{
	char path[128];

	for (int i = 0; i < CGROUPS_MAX; i++) {
		snprintf(path, sizeof(path), "%s/memory/other/%d", reading->fake.path, i);
		assert_int_equal(remove ? rmdir(path) : mkdir(path, 0700), 0);
	}
}

/* Knows as many as can be known, of which the last is one of many. */
static void read_many(struct reading *reading)
{
	read_tree(reading);
	make_many(reading, false);
	reading->cgroups.walked_ns = reading->cgroups.walk_took_ns = 0;
	cgroups_look(&reading->cgroups);
	assert_int_equal(reading->cgroups.count, CGROUPS_MAX);
}

/* One that is made now: its id, or 0. */
static uint32_t find_new(struct reading *reading)
{
	fake_proc_write(&reading->fake, "memory/new/memory.stat", STAT("0"));
	reading->cgroups.walked_ns = reading->cgroups.walk_took_ns = 0;
	return cgroups_id(&reading->cgroups, inode_of(reading, "memory/new"));
}

static void expect_refused(struct reading *reading, uint64_t count)
{
	struct event event;

	cgroups_queue_refused(&reading->cgroups, &reading->queue);
	assert_true(event_queue_pop(&reading->queue, &event));
	assert_int_equal(event.type, EVENT_LOST);
	assert_int_equal(event.lost.count, count);
	assert_true(event.lost.data);
}

static void test_one_too_many_is_counted_and_has_the_room_of_those_that_are_gone(void **state)
{
	struct known_cgroup *left, *wanted;
	struct reading reading;
	uint32_t last, id;

	(void)state;
	read_many(&reading);
	last = reading.cgroups.last_id;
	left = &reading.cgroups.items[CGROUPS_MAX / 2];
	wanted = &reading.cgroups.items[CGROUPS_MAX - 1];
	left->legacy_account = 7;
	wanted->wanted = true;
	id = left->id;
	reading.cgroups.refused = 0;
	assert_int_equal(find_new(&reading), 0);
	assert_int_equal(reading.cgroups.count, CGROUPS_MAX);
	expect_refused(&reading, 1);
	make_many(&reading, true);
	assert_int_equal(find_new(&reading), last + 1);
	expect_refused(&reading, 1);
	assert_string_equal(cgroups_get(&reading.cgroups, last + 1)->path, "/new");
	/* who is there, who is needed, and the new one; each by its old id */
	assert_int_equal(reading.cgroups.count, 4 + 2 + 1);
	assert_int_equal(cgroups_get(&reading.cgroups, id)->legacy_account, 7);
	assert_true(cgroups_get(&reading.cgroups, last)->wanted);
	assert_null(cgroups_get(&reading.cgroups, id + 1));
	reading_close(&reading);
}

static void test_a_walk_that_took_long_is_not_taken_again_at_once(void **state)
{
	struct reading reading;
	uint64_t walked_ns;

	(void)state;
	read_tree(&reading);
	walked_ns = reading.cgroups.walked_ns -= 2000000000;
	reading.cgroups.walk_took_ns = 1000000000;
	cgroups_look(&reading.cgroups);
	assert_int_equal(reading.cgroups.walked_ns, walked_ns);
	reading.cgroups.walk_took_ns = 1000000;
	cgroups_look(&reading.cgroups);
	assert_int_not_equal(reading.cgroups.walked_ns, walked_ns);
	reading_close(&reading);
}

static void test_the_chosen_one_is_told_with_those_below_it_and_no_other(void **state)
{
	struct cgroup chosen = CGROUP_NONE;
	struct failure failure;
	struct reading reading;
	struct event event;

	(void)state;
	read_tree(&reading);
	cgroups_release(&reading.cgroups);
	fake_proc_write(&reading.fake, "memory/app/cgroup.procs", "");
	assert_int_equal(cgroup_open(&reading.fake.root, "app", &chosen, &failure), 0);
	assert_int_equal(cgroups_init(&reading.cgroups, &reading.fake.root, &chosen), 0);
	assert_int_equal(reading.cgroups.count, 2);
	assert_int_equal(cgroups_id(&reading.cgroups, chosen.id), CGROUPS_CHOSEN);
	/* nobody is in it, and it is told all the same */
	cgroups_queue_wanted(&reading.cgroups, &reading.queue);
	assert_true(event_queue_pop(&reading.queue, &event));
	assert_true(event.cgroup.chosen);
	assert_string_equal(event.cgroup.path, "/app");
	assert_int_equal(event.cgroup.bytes[KIND_FILE], 8192);
	assert_false(event_queue_pop(&reading.queue, &event));
	cgroup_close(&chosen);
	reading_close(&reading);
}

static void test_without_the_controller_there_are_none(void **state)
{
	struct reading reading = {0};

	(void)state;
	fake_proc_make(&reading.fake);
	fake_proc_write(&reading.fake, "self/mountinfo", "1 1 0:1 / / rw - ext4 /dev/root rw\n");
	assert_int_equal(cgroups_init(&reading.cgroups, &reading.fake.root, NULL), 0);
	assert_int_equal(reading.cgroups.count, 0);
	assert_int_equal(cgroups_id(&reading.cgroups, 7), 0);
	reading_close(&reading);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_told_at_the_start),
		cmocka_unit_test(test_later_those_with_processes_and_all_above),
		cmocka_unit_test(test_one_that_is_new_is_found_and_one_that_is_gone_keeps_its_name),
		cmocka_unit_test(
			test_one_too_many_is_counted_and_has_the_room_of_those_that_are_gone),
		cmocka_unit_test(test_a_walk_that_took_long_is_not_taken_again_at_once),
		cmocka_unit_test(test_the_chosen_one_is_told_with_those_below_it_and_no_other),
		cmocka_unit_test(test_without_the_controller_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
