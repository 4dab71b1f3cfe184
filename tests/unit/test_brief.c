// SPDX-License-Identifier: GPL-2.0-or-later
/* What is not in the spool is told from a copy: what finds no room there is left out, and counted.
 */
#include "test.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "capture/trace_reader.h"
#include "commands/brief.h"
#include "commands/finisher_wire.h"
#include "incidents.h"

static void into_brief(const struct event *event, void *brief)
{
	brief_add(brief, event);
}

static struct brief *brief_of_nobody(void)
{
	struct brief *brief = NULL;

	assert_int_equal(brief_new(NULL, &brief), 0);
	return brief;
}

/* What a reader finds in it. */
struct found {
	uint64_t events, left_out;
	bool victim, level, stack, end;
};

static void find(const struct event *event, struct found *found)
{
	found->events++;
	found->victim |= event->type == EVENT_VICTIM;
	found->level |= event->type == EVENT_LEVEL;
	found->stack |= event->type == EVENT_STACK;
	found->end |= event->type == EVENT_END;
	if (event->type == EVENT_LOST && strcmp(event->lost.cause, "copy-full") == 0)
		found->left_out = event->lost.count;
}

static struct found read_brief(const struct brief *brief)
{
	struct source *source = NULL;
	struct found found = {0};
	struct event event;
	size_t len_bytes;
	const void *bytes = brief_bytes(brief, &len_bytes);
	int more;

	assert_non_null(bytes);
	assert_true(len_bytes <= FINISHER_BRIEF_MAX);
	assert_int_equal(trace_reader_new(fmemopen((void *)bytes, len_bytes, "r"), &source), 0);
	while ((more = source->next(source, &event)) > 0)
		find(&event, &found);
	assert_int_equal(more, 0);
	source->close(source);
	return found;
}

static void count_event(const struct event *event, void *count)
{
	(void)event;
	++*(uint64_t *)count;
}

static void test_an_incident_that_fits_is_whole(void **state)
{
	struct brief *brief = brief_of_nobody();
	struct found found;
	uint64_t count = 0;

	(void)state;
	scene_pod(&(struct stage){count_event, &count});
	scene_pod(&(struct stage){into_brief, brief});
	found = read_brief(brief);
	assert_int_equal(found.events, count);
	assert_int_equal(found.left_out, 0);
	brief_free(brief);
}

/* As scene_pod(), with so many candidates of the log ahead of the stacks. */
struct crowd {
	struct brief *brief;
	uint32_t candidates;
	bool begun;
};

static void into_crowded_brief(const struct event *event, void *context)
{
	struct crowd *crowd = context;

	for (uint32_t i = 0; event->type == EVENT_STACK && !crowd->begun && i < crowd->candidates;
	     i++)
		brief_add(crowd->brief, &(struct event){.type = EVENT_CANDIDATE,
							.candidate = {.pid = i + 1,
								      .comm = "crowd",
								      .when = TAKEN_AT_KILL}});
	crowd->begun |= event->type == EVENT_STACK;
	brief_add(crowd->brief, event);
}

static void test_who_and_why_are_there_where_not_all_of_it_fits(void **state)
{
	struct brief *brief = brief_of_nobody();
	struct crowd crowd = {brief, 5000, false};
	uint64_t count = 0;
	struct found found;

	(void)state;
	scene_pod(&(struct stage){count_event, &count});
	scene_pod(&(struct stage){into_crowded_brief, &crowd});
	found = read_brief(brief);
	assert_true(found.victim && found.level && found.end);
	assert_false(found.stack);
	assert_true(found.left_out > 0);
	/* that event aside, each is in it or counted */
	assert_int_equal(found.events - 1 + found.left_out, count + crowd.candidates);
	/* and the next one is not spoilt by it */
	scene_pod(&(struct stage){into_brief, brief});
	found = read_brief(brief);
	assert_int_equal(found.events, count);
	brief_free(brief);
}

static void test_copying_allocates_nothing(void **state)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)state;
	skip();
#else
	struct brief *brief = brief_of_nobody();
	struct mallinfo2 before, after;

	(void)state;
	before = mallinfo2();
	for (int i = 0; i < 20; i++)
		scene_pod(&(struct stage){into_brief, brief});
	after = mallinfo2();
	assert_int_equal(after.arena + after.hblkhd, before.arena + before.hblkhd);
	assert_int_equal(after.uordblks, before.uordblks);
	brief_free(brief);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_incident_that_fits_is_whole),
		cmocka_unit_test(test_who_and_why_are_there_where_not_all_of_it_fits),
		cmocka_unit_test(test_copying_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
