// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom an incident is about, in words. */
#include "test.h"

#include "commands/told_victims.h"
#include "incidents.h"

static void note(const struct event *event, void *victims)
{
	told_victims_note(victims, event);
}

/* Each is declared, and then told of, as an incident has it. */
static void play_kill(const struct stage *stage, uint32_t id, const char *comm,
		      enum victim_role role)
{
	play_process(stage, id, 500 + id, 1, comm, true, true);
	play_victim(stage, (struct victim_event){.process = id, .role = role});
}

static void expect(const struct told_victims *victims, const char *wanted)
{
	char words[TOLD_VICTIMS_MAX];

	told_victims_words(victims, words);
	assert_string_equal(words, wanted);
}

static void test_the_one_that_was_chosen_is_named(void **state)
{
	struct told_victims victims = {.count = 0};
	const struct stage stage = {note, &victims};

	(void)state;
	play_kill(&stage, 1, "fifteen letters", VICTIM_CHOSEN);
	/* its parent, say */
	play_process(&stage, 2, 1, 0, "init", false, false);
	expect(&victims, "fifteen letters (pid 501)");
}

static void test_those_that_went_with_it_are_counted(void **state)
{
	struct told_victims victims = {.count = 0};
	const struct stage stage = {note, &victims};

	(void)state;
	play_kill(&stage, 1, "sharer", VICTIM_SHARER);
	play_kill(&stage, 2, "hog", VICTIM_CHOSEN);
	play_kill(&stage, 3, "other", VICTIM_GROUP);
	expect(&victims, "hog (pid 502) and 2 more");
}

static void test_nobody_is_named_whom_nobody_knows(void **state)
{
	(void)state;
	expect(&(struct told_victims){.count = 0}, "a process that is not known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_one_that_was_chosen_is_named),
		cmocka_unit_test(test_those_that_went_with_it_are_counted),
		cmocka_unit_test(test_nobody_is_named_whom_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
