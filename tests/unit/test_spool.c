// SPDX-License-Identifier: GPL-2.0-or-later
/* The spool: incidents are there whole or not at all, whoever kills their writer, and whenever. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "capture/trace_reader.h"
#include "fleet/spool_state.h"
#include "fleet/spool_writer.h"
#include "incidents.h"

static char directory[64];

static int directory_make(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/oomtrace-spool-XXXXXX");
	/* removed again, so that the spool makes it as it should be */
	return mkdtemp(directory) ? rmdir(directory) : -1;
}

static int directory_remove(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

static void into_spool(const struct event *event, void *writer)
{
	assert_int_equal(spool_writer_add(writer, event), 0);
}

static int write_incident(struct spool_writer *writer, const char *id)
{
	int err = spool_writer_begin(writer);

	if (err)
		return err;
	scene_pod(&(struct stage){into_spool, writer});
	return spool_writer_commit(writer, id);
}

static struct spool *open_writing(void)
{
	struct spool *spool = NULL;

	assert_int_equal(spool_open_writing(directory, &spool), 0);
	return spool;
}

static struct spool_writer *writer_of(const struct spool *spool)
{
	struct spool_writer *writer = NULL;

	assert_int_equal(spool_writer_new(spool, SPOOL_RAW, &writer), 0);
	return writer;
}

/* Every file with an incident's name must be whole. */
static size_t expect_all_whole(const struct spool *spool)
{
	struct spool_ids ids;
	size_t count;

	assert_int_equal(spool_list(spool, &ids), 0);
	for (size_t i = 0; i < ids.count; i++) {
		struct source *source;
		struct event event;
		FILE *stream;
		int more;

		assert_int_equal(spool_read(spool, ids.ids[i], &stream), 0);
		assert_int_equal(trace_reader_new(stream, &source), 0);
		while ((more = source->next(source, &event)) > 0)
			;
		assert_int_equal(more, 0);
		source->close(source);
	}
	count = ids.count;
	spool_ids_release(&ids);
	return count;
}

static void test_an_incident_is_private_and_whole(void **state)
{
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);
	struct stat status;

	(void)state;
	assert_int_equal(write_incident(writer, "20231114T221500Z-4a7d-7"), 0);
	assert_int_equal(expect_all_whole(spool), 1);
	assert_int_equal(fstat(spool_fd(spool), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(fstatat(spool_fd(spool), "20231114T221500Z-4a7d-7.oomtrace", &status, 0),
			 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	spool_writer_free(writer);
	spool_close(spool);
}

static void test_what_is_finished_takes_the_place_of_what_is_raw(void **state)
{
	static const char id[] = "20231114T221500Z-4a7d-7";
	struct spool *spool = open_writing();
	struct spool_writer *raw = writer_of(spool), *finished = NULL;

	(void)state;
	assert_int_equal(spool_writer_new(spool, SPOOL_FINISHED, &finished), 0);
	assert_int_equal(write_incident(raw, id), 0);
	assert_true(spool_is_raw(spool, id));
	/* while the next raw one is being written */
	assert_int_equal(spool_writer_begin(raw), 0);
	assert_int_equal(write_incident(finished, id), 0);
	assert_false(spool_is_raw(spool, id));
	scene_pod(&(struct stage){into_spool, raw});
	assert_int_equal(spool_writer_commit(raw, "20231114T221500Z-4a7d-8"), 0);
	assert_true(spool_is_raw(spool, "20231114T221500Z-4a7d-8"));
	assert_false(spool_is_raw(spool, "20231114T221500Z-4a7d-9"));
	assert_int_equal(expect_all_whole(spool), 2);
	spool_writer_free(raw);
	spool_writer_free(finished);
	spool_close(spool);
}

static void test_a_copy_is_put_in_place_as_what_is_written_is(void **state)
{
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);
	char bytes[65536];
	size_t len_bytes;
	FILE *stream;

	(void)state;
	assert_int_equal(write_incident(writer, "a-1"), 0);
	assert_int_equal(spool_read(spool, "a-1", &stream), 0);
	len_bytes = fread(bytes, 1, sizeof(bytes), stream);
	fclose(stream);
	assert_int_equal(spool_writer_put(writer, "../x", bytes, len_bytes), -EINVAL);
	assert_int_equal(spool_writer_put(writer, "a-2", bytes, len_bytes), 0);
	assert_true(spool_is_raw(spool, "a-2"));
	assert_int_equal(expect_all_whole(spool), 2);
	spool_writer_free(writer);
	spool_close(spool);
}

static void test_what_is_not_committed_leaves_nothing(void **state)
{
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);

	(void)state;
	assert_int_equal(spool_writer_begin(writer), 0);
	scene_pod(&(struct stage){into_spool, writer});
	spool_writer_abort(writer);
	assert_int_equal(spool_writer_begin(writer), 0);
	assert_int_equal(spool_writer_commit(writer, "../x"), -EINVAL);
	assert_int_equal(expect_all_whole(spool), 0);
	/* and the next one is not spoilt by it */
	assert_int_equal(write_incident(writer, "a-1"), 0);
	assert_int_equal(expect_all_whole(spool), 1);
	spool_writer_free(writer);
	spool_close(spool);
	assert_int_not_equal(access(directory, F_OK), -1);
}

static void test_one_watcher_writes_at_a_time(void **state)
{
	struct spool *spool = open_writing(), *other = NULL;

	(void)state;
	assert_int_equal(spool_open_writing(directory, &other), -EBUSY);
	spool_close(spool);
	spool_close(open_writing());
}

static void test_a_directory_that_others_may_write_to_is_refused(void **state)
{
	struct spool *spool = NULL;

	(void)state;
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(chmod(directory, 0777), 0);
	assert_int_equal(spool_open_writing(directory, &spool), -EPERM);
}

static void test_ids_are_no_paths(void **state)
{
	static const char *const bad[] = {"", ".", "..", "a/b", "-1", "a b", "\n", ".state"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(spool_id_is_valid(bad[i]));
	assert_true(spool_id_is_valid("20231114T221500Z-4a7d-7"));
}

static void test_the_oldest_go_first_and_the_newest_stays(void **state)
{
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);
	unsigned int dropped;
	struct spool_ids ids;
	char id[64];

	(void)state;
	for (int i = 1; i <= 50; i++) {
		snprintf(id, sizeof(id), "20231114T221500Z-4a7d-%d", i);
		assert_int_equal(write_incident(writer, id), 0);
	}
	assert_int_equal(spool_prune(spool, UINT64_MAX, 0, &dropped), 0);
	assert_int_equal(dropped, 0);
	assert_int_equal(spool_prune(spool, 10 * 12288, 0, &dropped), 0);
	assert_int_equal(spool_list(spool, &ids), 0);
	assert_int_equal(ids.count + dropped, 50);
	assert_true(ids.count >= 1 && ids.count <= 15);
	assert_string_equal(ids.ids[ids.count - 1], "20231114T221500Z-4a7d-50");
	snprintf(id, sizeof(id), "20231114T221500Z-4a7d-%u", dropped + 1);
	assert_string_equal(ids.ids[0], id);
	spool_ids_release(&ids);
	assert_int_equal(spool_prune(spool, 0, 0, &dropped), 0);
	assert_int_equal(expect_all_whole(spool), 1);
	spool_writer_free(writer);
	spool_close(spool);
}

static void test_a_full_disk_fails_one_incident_alone(void **state)
{
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);
	const struct rlimit small = {4096, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(spool_writer_begin(writer), 0);
	scene_pod(&(struct stage){into_spool, writer}); /* the buffer takes it */
	assert_int_equal(spool_writer_commit(writer, "a-1"), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
	assert_int_equal(expect_all_whole(spool), 0);
	assert_int_equal(write_incident(writer, "a-2"), 0);
	assert_int_equal(expect_all_whole(spool), 1);
	spool_writer_free(writer);
	spool_close(spool);
}

static void test_state_is_read_as_it_was_written(void **state)
{
	const struct spool_state wanted = {"4a7d3e6c-0000-4000-8000-000000000000", 7, 812};
	struct spool *spool = open_writing();
	struct spool_state got;

	(void)state;
	assert_int_equal(spool_state_read(spool, &got), -ENOENT);
	assert_int_equal(spool_state_write(spool, &wanted), 0);
	assert_int_equal(spool_state_read(spool, &got), 0);
	assert_string_equal(got.boot_id, wanted.boot_id);
	assert_int_equal(got.sequence, 7);
	assert_int_equal(got.kills, 812);
	spool_close(spool);
}

/* --- killed at any moment ----------------------------------------------------------------- */

static void write_until_killed(void)
{
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);
	char id[64];

	for (int i = 1;; i++) {
		snprintf(id, sizeof(id), "a-%d", i % 8);
		if (write_incident(writer, id))
			_exit(1);
	}
}

/* Ended by the nth system call's time, so to say: each round lets it live a little longer. */
static void kill_after(useconds_t us)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		write_until_killed();
	usleep(us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void test_a_writer_that_is_killed_leaves_no_torn_incident(void **state)
{
	(void)state;
	for (useconds_t us = 100; us < 6000; us += 59) {
		struct spool *spool;

		kill_after(us);
		spool = open_writing(); /* which sweeps */
		expect_all_whole(spool);
		assert_int_equal(faccessat(spool_fd(spool), ".unfinished", F_OK, 0), -1);
		spool_close(spool);
	}
}

/* --- no memory is asked for --------------------------------------------------------------- */

static void test_writing_allocates_nothing(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)state;
	skip();
#else
	struct spool *spool = open_writing();
	struct spool_writer *writer = writer_of(spool);
	struct mallinfo2 before, after;

	(void)state;
	before = mallinfo2();
	for (int i = 0; i < 20; i++)
		assert_int_equal(write_incident(writer, "a-1"), 0);
	after = mallinfo2();
	assert_int_equal(after.arena + after.hblkhd, before.arena + before.hblkhd);
	assert_int_equal(after.uordblks, before.uordblks);
	spool_writer_free(writer);
	spool_close(spool);
#endif
}

#define IN_SPOOL(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SPOOL(test_an_incident_is_private_and_whole),
		IN_SPOOL(test_what_is_finished_takes_the_place_of_what_is_raw),
		IN_SPOOL(test_a_copy_is_put_in_place_as_what_is_written_is),
		IN_SPOOL(test_what_is_not_committed_leaves_nothing),
		IN_SPOOL(test_one_watcher_writes_at_a_time),
		IN_SPOOL(test_a_directory_that_others_may_write_to_is_refused),
		IN_SPOOL(test_ids_are_no_paths),
		IN_SPOOL(test_the_oldest_go_first_and_the_newest_stays),
		IN_SPOOL(test_a_full_disk_fails_one_incident_alone),
		IN_SPOOL(test_state_is_read_as_it_was_written),
		IN_SPOOL(test_a_writer_that_is_killed_leaves_no_torn_incident),
		IN_SPOOL(test_writing_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
