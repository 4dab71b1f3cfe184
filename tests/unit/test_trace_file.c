// SPDX-License-Identifier: GPL-2.0-or-later
/* A long recording stays below its size, and still reaches from its start to its end. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/trace_file.h"
#include "capture/trace_reader.h"
#include "scenes.h"

#define CELLS 50

static char directory[] = "/tmp/oomtrace-trace-file-XXXXXX";
static char path[sizeof(directory) + 16];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/x.oomtrace", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	/* fails, and so tells, where a temporary file was left */
	return rmdir(directory);
}

static void into_file(const struct event *event, void *file)
{
	assert_int_equal(trace_file_add(file, event), 0);
}

static void play_figures(const struct stage *stage, uint64_t second, bool last)
{
	play_snapshot(stage, second, last);
	for (uint32_t i = 0; i < CELLS; i++)
		play_cell(stage, 1, 1, KIND_ANON, second, second);
	play_rss(stage, 1, MEMORY_END, second);
	play_host(stage, MEMORY_END, second, second);
	play_lost(stage, "cause", "meaning", 0, true);
}

/* Returns how often the snapshots were halved. */
static unsigned int record(const char *name, uint64_t max_bytes, uint64_t seconds)
{
	struct trace_file *file = NULL;
	struct stage stage = {into_file, NULL};
	unsigned int halvings;

	assert_int_equal(trace_file_open(name, max_bytes, &file), 0);
	stage.context = file;
	play_session(&stage, 1, "-i 1 -p 5");
	play_process(&stage, 1, 5, 1, "x", true, false);
	play_rss(&stage, 1, MEMORY_START, 1);
	play_host(&stage, MEMORY_START, 1, 1);
	play_label(&stage, 1, STACK_NO_STACK);
	for (uint64_t second = 0; second < seconds; second++)
		play_figures(&stage, second, false);
	play_figures(&stage, seconds, true);
	play_end(&stage, END_DURATION);
	assert_int_equal(trace_file_commit(file, &halvings), 0);
	return halvings;
}

struct contents {
	uint64_t times[4096];
	size_t snapshots, cells, memories, hosts, processes, ends;
};

static struct contents read_contents(void)
{
	static struct contents contents;
	struct source *source = NULL;
	struct event event;
	int more;

	memset(&contents, 0, sizeof(contents));
	assert_int_equal(trace_reader_new(fopen(path, "re"), &source), 0);
	while ((more = source->next(source, &event)) > 0) {
		if (event.type == EVENT_SNAPSHOT)
			contents.times[contents.snapshots++] = event.snapshot.time_ns / 1000000000;
		contents.cells += event.type == EVENT_CELL;
		contents.memories += event.type == EVENT_MEMORY;
		contents.hosts += event.type == EVENT_HOST;
		contents.processes += event.type == EVENT_PROCESS;
		contents.ends += event.type == EVENT_END;
	}
	assert_int_equal(more, 0);
	source->close(source);
	return contents;
}

static off_t size_of_file(void)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_size;
}

static void test_what_fits_is_kept_whole(void **state)
{
	struct contents contents;

	(void)state;
	assert_int_equal(record(path, 1 << 20, 20), 0);
	contents = read_contents();
	assert_int_equal(contents.snapshots, 21);
	assert_int_equal(contents.cells, 21 * CELLS);
	assert_int_equal(contents.memories, 22);
	assert_int_equal(contents.hosts, 22);
	assert_int_equal(contents.ends, 1);
}

/* Whatever the length: below the size, from 0 to the end, in even steps of a power of two. */
static void test_what_does_not_fit_is_thinned_evenly(void **state)
{
	(void)state;
	for (uint64_t seconds = 100; seconds < 3000; seconds += 371) {
		unsigned int halvings = record(path, 200000, seconds);
		struct contents contents = read_contents();
		uint64_t step = 1ULL << halvings;

		assert_true(size_of_file() <= 200000);
		assert_true(contents.snapshots > 20);
		assert_int_equal(contents.hosts, contents.snapshots + 1);
		for (size_t i = 0; i + 1 < contents.snapshots; i++)
			assert_int_equal(contents.times[i], i * step);
		assert_int_equal(contents.times[contents.snapshots - 1], seconds);
		assert_true((contents.snapshots - 1) * step >= seconds);
		assert_int_equal(contents.cells, contents.snapshots * CELLS);
		assert_int_equal(contents.memories, contents.snapshots + 1);
		assert_int_equal(contents.processes, 1);
		assert_int_equal(contents.ends, 1);
	}
}

/* Of a file that is too small for anything the start and the end are left. */
static void test_start_and_end_are_never_dropped(void **state)
{
	struct contents contents;

	(void)state;
	record(path, 1, 100);
	contents = read_contents();
	assert_int_equal(contents.snapshots, 2);
	assert_int_equal(contents.times[0], 0);
	assert_int_equal(contents.times[1], 100);
}

/* A process that a dropped snapshot declared is not there before the next one that is kept. */
static void test_what_dropped_snapshots_declare_comes_with_the_next(void **state)
{
	struct trace_file *file = NULL;
	struct stage stage = {into_file, NULL};
	struct source *source = NULL;
	struct event event;
	uint64_t second = 0;
	size_t processes = 0;
	unsigned int halvings;

	(void)state;
	assert_int_equal(trace_file_open(path, 10000, &file), 0);
	stage.context = file;
	play_session(&stage, 1, "-i 1 -p 5");
	play_label(&stage, 1, STACK_NO_STACK);
	for (; second < 100; second++) {
		play_snapshot(&stage, second, second == 99);
		play_process(&stage, 1 + (uint32_t)second, 1000 + (uint32_t)second, 1, "x", false,
			     false);
		play_cell(&stage, 1 + (uint32_t)second, 1, KIND_ANON, 1, 1);
		play_lost(&stage, "cause", "a meaning that makes it larger than the rest", 1, true);
	}
	play_end(&stage, END_DURATION);
	assert_int_equal(trace_file_commit(file, &halvings), 0);
	assert_true(halvings > 0);

	assert_int_equal(trace_reader_new(fopen(path, "re"), &source), 0);
	while (source->next(source, &event) > 0) {
		if (event.type == EVENT_SNAPSHOT)
			second = event.snapshot.time_ns / 1000000000;
		if (event.type != EVENT_PROCESS)
			continue;
		assert_int_equal(event.process.pid, 1000 + processes++);
		assert_true(event.process.pid <= 1000 + second);
	}
	source->close(source);
	assert_int_equal(processes, 100);
}

/* Each second two processes, each with a stack: one lives for ten seconds, one not at all. */
static void play_short_lives(const struct stage *stage, uint32_t second)
{
	uint32_t stays = 10 + 2 * second, goes = stays + 1;

	for (uint32_t id = stays; id <= goes; id++) {
		play_process(stage, id, id, 1, "short", false, false);
		play_rss(stage, id, MEMORY_START, 0);
		play_label(stage, id, STACK_NO_STACK);
	}
	play_forgotten(stage, goes, 0);
	play_forgotten(stage, 0, goes);
	if (second >= 10) {
		play_forgotten(stage, stays - 20, 0);
		play_forgotten(stage, 0, stays - 20);
	}
}

static void record_short_lives(uint64_t max_bytes, uint32_t seconds)
{
	struct trace_file *file = NULL;
	struct stage stage = {into_file, NULL};
	unsigned int halvings;

	assert_int_equal(trace_file_open(path, max_bytes, &file), 0);
	stage.context = file;
	play_session(&stage, 1, "-i 1 --all");
	play_process(&stage, 1, 5, 1, "x", false, false);
	play_label(&stage, 1, STACK_NO_STACK);
	for (uint32_t second = 0; second <= seconds; second++) {
		play_figures(&stage, second, second == seconds);
		for (uint32_t age = 0; age < 9 && age + 1 < second; age++)
			play_cell(&stage, 10 + 2 * (second - 1 - age), 10 + 2 * (second - 1 - age),
				  KIND_ANON, 1, 1);
		if (second == seconds)
			break;
		play_whole(&stage, second);
		play_short_lives(&stage, second);
	}
	play_end(&stage, END_DURATION);
	assert_int_equal(trace_file_commit(file, &halvings), 0);
}

struct ids {
	uint8_t processes[1 << 15], stacks[1 << 15]; /* 1: declared, 2: forgotten */
};

/* What a record names is declared before it and was not forgotten. */
static void expect_known(const struct ids *ids, const struct event *event)
{
	if (event->type == EVENT_CELL) {
		assert_int_equal(ids->processes[event->cell.process], 1);
		assert_int_equal(ids->stacks[event->cell.stack], 1);
	} else if (event->type == EVENT_MEMORY) {
		assert_int_equal(ids->processes[event->memory.process], 1);
	} else if (event->type == EVENT_FORGOTTEN) {
		assert_int_equal(ids->processes[event->forgotten.process],
				 event->forgotten.process > 0);
		assert_int_equal(ids->stacks[event->forgotten.stack], event->forgotten.stack > 0);
	}
}

static size_t count_processes(void)
{
	static struct ids ids;
	struct source *source = NULL;
	struct event event;
	size_t processes = 0;

	memset(&ids, 0, sizeof(ids));
	assert_int_equal(trace_reader_new(fopen(path, "re"), &source), 0);
	while (source->next(source, &event) > 0) {
		expect_known(&ids, &event);
		if (event.type == EVENT_PROCESS) {
			ids.processes[event.process.id] = 1;
			processes++;
			/* those that do not live */
			assert_true(event.process.id == 1 || event.process.id % 2 == 0);
		} else if (event.type == EVENT_STACK) {
			ids.stacks[event.stack.id] = 1;
		} else if (event.type == EVENT_FORGOTTEN) {
			ids.processes[event.forgotten.process] = 2 * (event.forgotten.process > 0);
			ids.stacks[event.forgotten.stack] = 2 * (event.forgotten.stack > 0);
		}
	}
	source->close(source);
	return processes;
}

static void test_who_is_in_no_snapshot_is_not_in_the_file(void **state)
{
	size_t snapshots;

	(void)state;
	record_short_lives(64 << 20, 1000);
	assert_int_equal(count_processes(), 1 + 1000);
	/* each snapshot that is left names ten at most */
	record_short_lives(400000, 10000);
	assert_true(size_of_file() <= 400000);
	snapshots = read_contents().snapshots;
	assert_in_range(snapshots, 20, 1000);
	assert_in_range(count_processes(), 5 * snapshots, 10 * snapshots + 20);
}

/* Bytes that this process has read from anywhere. */
static uint64_t bytes_read(void)
{
	_cleanup_fclose_ FILE *io = fopen("/proc/self/io", "re");
	unsigned long long bytes = 0;

	assert_non_null(io);
	assert_int_equal(fscanf(io, "rchar: %llu", &bytes), 1);
	return bytes;
}

struct patience {
	struct trace_file *file;
	uint64_t most_bytes; /* read back for one event */
};

static void into_file_patiently(const struct event *event, void *context)
{
	struct patience *patience = context;
	uint64_t before = bytes_read(), bytes;

	assert_int_equal(trace_file_add(patience->file, event), 0);
	bytes = bytes_read() - before;
	if (bytes > patience->most_bytes)
		patience->most_bytes = bytes;
}

/* Whoever records must look at the kernel's ring in between. */
static void test_no_event_waits_for_the_whole_file_to_be_thinned(void **state)
{
	struct patience patience = {NULL, 0};
	const struct stage stage = {into_file_patiently, &patience};
	unsigned int halvings;

	(void)state;
	assert_int_equal(trace_file_open(path, 2 << 20, &patience.file), 0);
	play_session(&stage, 1, "-i 1 -p 5");
	play_process(&stage, 1, 5, 1, "x", true, false);
	play_label(&stage, 1, STACK_NO_STACK);
	for (uint64_t second = 0; second < 800; second++)
		play_figures(&stage, second, second == 799);
	play_end(&stage, END_DURATION);
	assert_int_equal(trace_file_commit(patience.file, &halvings), 0);
	assert_true(halvings > 0);
	/* what is copied at once at the end of it, and what the stream and bytes_read() read ahead
	 */
	assert_in_range(patience.most_bytes, 1, (256 << 10) + (16 << 10));
	assert_true(size_of_file() <= 2 << 20);
	/* not by waiting until the end, either */
	assert_true(size_of_file() > 1 << 19);
}

static void test_what_is_no_file_has_no_size(void **state)
{
	(void)state;
	assert_int_equal(record("/dev/null", 1000, 100), 0);
}

static void test_a_recording_given_up_leaves_nothing(void **state)
{
	struct trace_file *file = NULL;

	(void)state;
	unlink(path);
	assert_int_equal(trace_file_open(path, 1, &file), 0);
	play_session(&(struct stage){into_file, file}, 1, "x");
	trace_file_abort(file);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(trace_file_open("/no/such/directory/x", 1, &file), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_fits_is_kept_whole),
		cmocka_unit_test(test_what_does_not_fit_is_thinned_evenly),
		cmocka_unit_test(test_start_and_end_are_never_dropped),
		cmocka_unit_test(test_what_dropped_snapshots_declare_comes_with_the_next),
		cmocka_unit_test(test_who_is_in_no_snapshot_is_not_in_the_file),
		cmocka_unit_test(test_no_event_waits_for_the_whole_file_to_be_thinned),
		cmocka_unit_test(test_what_is_no_file_has_no_size),
		cmocka_unit_test(test_a_recording_given_up_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
