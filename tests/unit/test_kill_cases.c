// SPDX-License-Identifier: GPL-2.0-or-later
/* Which kills belong together, and what a kill's chain of cgroups says. */
#include "test.h"

#include <string.h>

#include "capture/incident_files.h"
#include "capture/incident_levels.h"
#include "capture/kill_cases.h"

#define TRIGGER 100

static struct kill_cases cases;

static int set_up(void **state)
{
	(void)state;
	return kill_cases_init(&cases);
}

static int tear_down(void **state)
{
	(void)state;
	kill_cases_release(&cases);
	return 0;
}

static void add(uint32_t tid, uint64_t life, uint64_t time_ns, bool group)
{
	static struct ot_kill_record record;

	record = (struct ot_kill_record){
		.time_ns = time_ns,
		.life = life,
		.tid = tid,
		.tgid = tid,
		.threads = 1,
		.mm_users = 1,
		.trigger_tid = TRIGGER,
		.level_count = 1,
		.levels = {{.oom_group = group}},
	};
	kill_cases_add(&cases, &record);
}

static void mark(uint32_t tid, uint64_t time_ns)
{
	const struct ot_mark_record record = {
		.tid = tid, .trigger_tid = TRIGGER, .time_ns = time_ns};

	kill_cases_mark(&cases, &record);
}

static void expect_next(const struct kill_case *item, uint32_t *place, uint32_t tid,
			enum victim_role role)
{
	assert_int_not_equal(*place, KILL_NONE);
	assert_int_equal(cases.records[*place].tid, tid);
	assert_int_equal(cases.roles[*place], role);
	*place = cases.next[*place];
	(void)item;
}

static void test_a_marked_kill_is_a_case_at_once(void **state)
{
	const struct kill_case *item;
	uint32_t place;

	(void)state;
	add(7, 70, 1000, false);
	assert_null(kill_cases_ready(&cases, 1001));
	mark(7, 1001);
	item = kill_cases_ready(&cases, 1002);
	assert_non_null(item);
	place = item->first;
	expect_next(item, &place, 7, VICTIM_CHOSEN);
	assert_int_equal(place, KILL_NONE);
	assert_int_equal(kill_cases_untold(&cases), 1);
	kill_cases_done(&cases);
	assert_int_equal(kill_cases_untold(&cases), 0);
	assert_int_equal(cases.told, 1);
	assert_null(kill_cases_ready(&cases, 1003));
	assert_false(kill_cases_wait(&cases));
	assert_int_equal(cases.marks, 1);
}

/* A namespace that ends kills its processes in the same way, without a mark. */
static void test_an_unmarked_kill_is_none(void **state)
{
	(void)state;
	add(7, 70, 1000, false);
	assert_true(kill_cases_wait(&cases));
	assert_null(kill_cases_ready(&cases, 1000 + KILL_QUIET_NS + 1));
	assert_false(kill_cases_wait(&cases));
}

static void test_a_kill_is_put_together_until_it_is_taken_or_no_mark_comes(void **state)
{
	(void)state;
	assert_false(kill_cases_gather(&cases, 0));
	/* a signal: until it is too old for a mark */
	add(7, 70, 1000, true);
	assert_true(kill_cases_gather(&cases, 999));
	assert_false(kill_cases_gather(&cases, 1000));
	/* a case of a group: however long it waits for the others */
	mark(7, 1001);
	assert_true(kill_cases_gather(&cases, 5000));
	assert_non_null(kill_cases_ready(&cases, UINT64_MAX));
	kill_cases_done(&cases);
	assert_false(kill_cases_gather(&cases, 0));
}

static void test_an_unmarked_kill_is_handed_out_once(void **state)
{
	const struct ot_kill_record *record;

	(void)state;
	add(7, 70, 1000, false);
	add(8, 80, 1000, false);
	mark(8, 1001);
	assert_null(kill_cases_unmarked(&cases, 1000 + KILL_QUIET_NS));
	record = kill_cases_unmarked(&cases, 1000 + KILL_QUIET_NS + 1);
	assert_non_null(record);
	assert_int_equal(record->tid, 7);
	assert_null(kill_cases_unmarked(&cases, UINT64_MAX));
	assert_non_null(kill_cases_ready(&cases, UINT64_MAX));
}

/* --- of OOM daemons -------------------------------------------------------------------------- */

#define DAEMON 300

static void add_sent(uint32_t sender, uint32_t tid, uint64_t time_ns)
{
	static struct ot_sigkill_record record;

	record = (struct ot_sigkill_record){
		.kill = {.time_ns = time_ns, .tid = tid, .tgid = tid, .trigger_tid = sender},
		.sender = {.uid = sender},
	};
	kill_cases_add_sent(&cases, &record);
}

static void test_what_a_daemon_kills_at_once_is_one_case(void **state)
{
	const struct kill_case *item;
	uint32_t place;

	(void)state;
	add_sent(DAEMON, 7, 1000);
	add_sent(DAEMON + 1, 8, 1001);
	add_sent(DAEMON, 9, 1002);
	assert_null(kill_cases_ready(&cases, 1002));
	item = kill_cases_ready(&cases, 1002 + KILL_QUIET_NS);
	assert_non_null(item);
	assert_int_equal(item->sender->uid, DAEMON);
	place = item->first;
	expect_next(item, &place, 7, VICTIM_CHOSEN);
	expect_next(item, &place, 9, VICTIM_GROUP);
	kill_cases_done(&cases);
	assert_int_equal(cases.told, 0);
	item = kill_cases_ready(&cases, UINT64_MAX);
	assert_int_equal(item->sender->uid, DAEMON + 1);
	kill_cases_done(&cases);
	assert_int_equal(cases.sent, 0);
	assert_false(kill_cases_wait(&cases));
}

/* The daemon may itself run out of memory meanwhile. */
static void test_a_daemons_case_holds_none_of_the_kernels_up(void **state)
{
	const struct kill_case *item;

	(void)state;
	add_sent(TRIGGER, 7, 1000);
	add(8, 80, 1001, false);
	mark(8, 1002);
	item = kill_cases_ready(&cases, 1003);
	assert_non_null(item);
	assert_null(item->sender);
	kill_cases_done(&cases);
	assert_null(kill_cases_ready(&cases, 1003));
	assert_non_null(kill_cases_ready(&cases, UINT64_MAX)->sender);
}

static void test_daemons_cannot_take_all_the_room(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		add_sent(DAEMON + i % 16, 1000 + i, 1000 + i);
	assert_int_equal(cases.sent_crowded, 10000 - KILL_SENT_RECORDS_MAX);
	add(7, 70, 20000, false);
	mark(7, 20001);
	assert_null(kill_cases_ready(&cases, 20002)->sender);
	assert_int_equal(cases.crowded, 0);
}

static void test_a_mark_without_a_kill_is_of_a_process_that_was_ending(void **state)
{
	(void)state;
	mark(7, 1000);
	assert_null(kill_cases_ready(&cases, UINT64_MAX));
	assert_int_equal(cases.dying, 1);
	assert_int_equal(cases.marks, 0);
}

static void test_who_shares_the_memory_belongs_to_the_case(void **state)
{
	const struct kill_case *item;
	uint32_t place;

	(void)state;
	add(7, 70, 1000, false);
	cases.records[0].mm_users = 2;
	mark(7, 1001);
	assert_null(kill_cases_ready(&cases, 1002));
	add(8, 70, 1100, false);
	item = kill_cases_ready(&cases, 1100 + KILL_QUIET_NS);
	assert_non_null(item);
	place = item->first;
	expect_next(item, &place, 7, VICTIM_CHOSEN);
	expect_next(item, &place, 8, VICTIM_SHARER);
	assert_int_equal(place, KILL_NONE);
	kill_cases_done(&cases);
	assert_int_equal(cases.told, 1);
}

static void test_a_cgroup_that_is_killed_as_a_whole_is_one_case(void **state)
{
	const struct kill_case *item;
	uint32_t place;

	(void)state;
	for (uint32_t tid = 7; tid < 10; tid++) {
		add(tid, tid * 10, tid * 1000, true);
		mark(tid, tid * 1000 + 1);
	}
	assert_null(kill_cases_ready(&cases, 9002));
	item = kill_cases_ready(&cases, 9000 + KILL_QUIET_NS);
	assert_non_null(item);
	place = item->first;
	expect_next(item, &place, 7, VICTIM_CHOSEN);
	expect_next(item, &place, 8, VICTIM_GROUP);
	expect_next(item, &place, 9, VICTIM_GROUP);
	kill_cases_done(&cases);
	assert_int_equal(cases.told, 3);
	assert_null(kill_cases_ready(&cases, UINT64_MAX));
}

/* It is the first to die, and has done so before its turn in the group comes. */
static void test_who_is_killed_again_with_its_group_is_told_once(void **state)
{
	const struct kill_case *item;
	uint32_t place;

	(void)state;
	add(7, 70, 1000, true);
	mark(7, 1001);
	add(8, 80, 2000, true);
	mark(8, 2001);
	add(7, 70, 3000, true);
	mark(7, 3001);
	item = kill_cases_ready(&cases, 3001 + KILL_QUIET_NS);
	assert_non_null(item);
	place = item->first;
	expect_next(item, &place, 7, VICTIM_CHOSEN);
	expect_next(item, &place, 8, VICTIM_GROUP);
	assert_int_equal(place, KILL_NONE);
	assert_int_equal(cases.dying, 1);
	assert_int_equal(cases.marks, 2);
}

static void test_two_kills_for_one_trigger_are_two_cases(void **state)
{
	(void)state;
	add(7, 70, 1000, false);
	mark(7, 1001);
	add(8, 80, 2000, false);
	mark(8, 2001);
	assert_int_equal(cases.records[kill_cases_ready(&cases, 3000)->first].tid, 7);
	kill_cases_done(&cases);
	assert_int_equal(cases.records[kill_cases_ready(&cases, 3000)->first].tid, 8);
}

static void test_what_finds_no_room_is_counted(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < KILL_RECORDS_MAX + 5; i++)
		add(i, i, 1000, false);
	/* signals alone are nobody's kill yet */
	assert_int_equal(cases.crowded, 0);
	for (uint32_t i = KILL_RECORDS_MAX; i < KILL_RECORDS_MAX + 5; i++)
		mark(i, 1001);
	assert_int_equal(cases.crowded, 5);
	assert_int_equal(cases.marks, 0);
	mark(KILL_RECORDS_MAX + 5, 1002);
	assert_int_equal(cases.dying, 1);
}

static void test_what_the_log_tells_is_claimed_once_for_each_mark(void **state)
{
	(void)state;
	assert_false(kill_cases_claim(&cases, 7));
	add(7, 70, 1000, false);
	mark(7, 1001);
	add(7, 71, 2000, false);
	mark(7, 2001);
	assert_true(kill_cases_claim(&cases, 7));
	assert_true(kill_cases_claim(&cases, 7));
	assert_false(kill_cases_claim(&cases, 7));
	/* a signal that no mark followed was not the OOM killer's */
	add(8, 80, 3000, false);
	assert_false(kill_cases_claim(&cases, 8));
	/* nor is a mark of who was ending by itself a kill */
	mark(9, 3001);
	assert_false(kill_cases_claim(&cases, 9));
}

/* --- cgroups -------------------------------------------------------------------------------- */

static struct ot_kill_record chain(void)
{
	struct ot_kill_record record = {
		.level_count = 3,
		.levels = {{.usage = 100, .max = INT64_MAX / 4096, .name = "leaf"},
			   {.usage = 990, .max = 1000, .name = "a b"},
			   {.usage = 5000, .max = INT64_MAX / 4096, .name = "/"}},
	};

	return record;
}

static void test_a_path_begins_at_the_root(void **state)
{
	struct ot_kill_record record = chain();
	char path[INCIDENT_PATH_MAX];

	(void)state;
	incident_level_path(&record, 0, path);
	assert_string_equal(path, "/a b/leaf");
	incident_level_path(&record, 1, path);
	assert_string_equal(path, "/a b");
	incident_level_path(&record, 2, path);
	assert_string_equal(path, "/");
	record.flags = OT_KILL_CHAIN_CUT;
	strcpy(record.levels[2].name, "c");
	incident_level_path(&record, 1, path);
	assert_string_equal(path, "/.../c/a b");
}

static void test_the_first_full_level_has_fired(void **state)
{
	struct ot_kill_record record = chain();

	(void)state;
	assert_int_equal(incident_level_fired(&record), 1);
	record.levels[0].max = 120;
	assert_int_equal(incident_level_fired(&record), 0);
	record.levels[0].max = record.levels[1].max = 100000;
	assert_int_equal(incident_level_fired(&record), 3);
	/* full no more, for others have been killed: but no other one can have been */
	record = chain();
	record.levels[1].usage = 500;
	assert_int_equal(incident_level_fired(&record), 1);
	record.flags = OT_KILL_CHAIN_CUT;
	assert_int_equal(incident_level_fired(&record), 3);
}

/* --- files ---------------------------------------------------------------------------------- */

static char seen[512];

static void see(const char *key, uint64_t value, void *context)
{
	size_t len = strlen(seen);

	(void)context;
	snprintf(seen + len, sizeof(seen) - len, "[%s=%llu]", key, (unsigned long long)value);
}

static void expect_figures(enum figure_source source, const char *text, const char *expected)
{
	struct incident_file file = {.source = source};

	seen[0] = '\0';
	strcpy(file.text, text);
	incident_file_each(&file, see, NULL);
	assert_string_equal(seen, expected);
}

static void test_files_are_read_by_key(void **state)
{
	(void)state;
	expect_figures(FIGURE_MEMORY_STAT, "anon 4096\nslab_reclaimable 8\n",
		       "[anon=4096][slab_reclaimable=8]");
	expect_figures(FIGURE_MEMINFO, "MemTotal:       16 kB\nHugePages_Total:     3\n",
		       "[MemTotal=16384][HugePages_Total=3]");
	expect_figures(FIGURE_PSI, "some avg10=1.25 total=77\n", "[some avg10=125][some total=77]");
	expect_figures(FIGURE_MEMORY_STAT, "nonsense\n\nkey value\n \n", "");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_a_marked_kill_is_a_case_at_once),
		CASE(test_an_unmarked_kill_is_none),
		CASE(test_a_kill_is_put_together_until_it_is_taken_or_no_mark_comes),
		CASE(test_an_unmarked_kill_is_handed_out_once),
		CASE(test_what_a_daemon_kills_at_once_is_one_case),
		CASE(test_a_daemons_case_holds_none_of_the_kernels_up),
		CASE(test_daemons_cannot_take_all_the_room),
		CASE(test_a_mark_without_a_kill_is_of_a_process_that_was_ending),
		CASE(test_who_shares_the_memory_belongs_to_the_case),
		CASE(test_a_cgroup_that_is_killed_as_a_whole_is_one_case),
		CASE(test_who_is_killed_again_with_its_group_is_told_once),
		CASE(test_two_kills_for_one_trigger_are_two_cases),
		CASE(test_what_finds_no_room_is_counted),
		CASE(test_what_the_log_tells_is_claimed_once_for_each_mark),
		cmocka_unit_test(test_a_path_begins_at_the_root),
		cmocka_unit_test(test_the_first_full_level_has_fired),
		cmocka_unit_test(test_files_are_read_by_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
