// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of those whom the kernel could have killed. */
#include "test.h"

#include "capture/incident.h"

#define DOMAIN_PAGES 16384
#define RSS_PAGES 5000

static struct kmsg_dump dump;

static void list(int32_t oom_score_adj)
{
	dump.tasks[dump.task_count++] = (struct kmsg_task){
		.pid = 100 + dump.task_count,
		.tid = 100 + dump.task_count,
		.oom_score_adj = oom_score_adj,
		.rss_pages = RSS_PAGES,
		.page_table_bytes = 3 * sysconf(_SC_PAGESIZE),
		.has_page_tables = true,
	};
}

static struct candidate_event next(struct event_queue *queue)
{
	struct event event = {0};

	assert_true(event_queue_pop(queue, &event));
	assert_int_equal(event.type, EVENT_CANDIDATE);
	return event.candidate;
}

static void is_rated(struct event_queue *queue, int32_t oom_score_adj, int64_t badness_pages)
{
	struct candidate_event candidate = next(queue);

	assert_int_equal(candidate.oom_score_adj, oom_score_adj);
	assert_true(candidate.known & CANDIDATE_BADNESS);
	assert_int_equal(candidate.badness_pages, badness_pages);
}

/* OOM_SCORE_ADJ_MIN (include/uapi/linux/oom.h): whoever has it is passed over before points are
 * given. */
static void test_who_is_never_chosen_has_no_points(void **state)
{
	struct event_queue queue = {0};
	struct candidate_event candidate;

	(void)state;
	dump = (struct kmsg_dump){.pid = 101};
	list(1000);
	list(0);
	list(-1000);
	list(-999);
	incident_queue_tasks(&queue, &dump, DOMAIN_PAGES);
	is_rated(&queue, 1000, RSS_PAGES + 3 + 1000 * (DOMAIN_PAGES / 1000));
	is_rated(&queue, 0, RSS_PAGES + 3);
	candidate = next(&queue);
	assert_int_equal(candidate.oom_score_adj, -1000);
	assert_false(candidate.known & CANDIDATE_BADNESS);
	assert_true(candidate.known & CANDIDATE_PAGE_TABLES);
	is_rated(&queue, -999, RSS_PAGES + 3 - 999 * (DOMAIN_PAGES / 1000));
	event_queue_release(&queue);
}

static void test_without_the_domain_nobody_has_points(void **state)
{
	struct event_queue queue = {0};

	(void)state;
	dump = (struct kmsg_dump){.pid = 101};
	list(0);
	incident_queue_tasks(&queue, &dump, 0);
	assert_false(next(&queue).known & CANDIDATE_BADNESS);
	event_queue_release(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_never_chosen_has_no_points),
		cmocka_unit_test(test_without_the_domain_nobody_has_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
