// SPDX-License-Identifier: GPL-2.0-or-later
/* What the model makes of a kill: who, why, and a limit accounted for to the byte. */
#include "test.h"

#include <stdio.h>
#include <errno.h>
#include <stdlib.h>

#include "incidents.h"
#include "model/incident_builder.h"
#include "render/format.h"

struct built {
	struct incident_builder *builder;
	struct incident *incident;
};

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(incident_builder_add(builder, event), 0);
}

static struct built build(void (*scene)(const struct stage *stage))
{
	const struct growth_options options = {0};
	struct built built = {0};

	assert_int_equal(incident_builder_new(&built.builder), 0);
	scene(&(struct stage){into_builder, built.builder});
	assert_int_equal(incident_builder_finish(built.builder, &options, &built.incident), 0);
	return built;
}

static void release(struct built *built)
{
	incident_free(built->incident);
	incident_builder_free(built->builder);
}

static void test_the_limit_is_accounted_for_to_the_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < INCIDENT_COUNT; i++) {
		struct built built = build(incidents[i].play);
		const struct incident_account *account = &built.incident->account;
		int64_t sum = 0;

		assert_int_not_equal(account->known, incident_is_brief(built.incident));
		for (size_t term = 0; term < account->term_count; term++) {
			sum += account->terms[term].bytes;
			if (strcmp(account->terms[term].key, "unexplained") != 0)
				assert_true(account->terms[term].bytes > 0);
		}
		assert_int_equal(sum, account->limit_bytes);
		release(&built);
	}
}

static int64_t term_bytes(const struct incident *incident, const char *key, uint32_t pid)
{
	const struct incident_account *account = &incident->account;

	for (size_t i = 0; i < account->term_count; i++)
		if (strcmp(account->terms[i].key, key) == 0 && account->terms[i].pid == pid)
			return account->terms[i].bytes;
	return 0;
}

static void test_parts_of_a_sum_count_once(void **state)
{
	struct built built = build(scene_pod);

	(void)state;
	assert_int_equal(term_bytes(built.incident, "anon", 1234), MIB(200));
	assert_int_equal(term_bytes(built.incident, "anon", 1235), 0); /* shares the mm */
	assert_int_equal(term_bytes(built.incident, "anon", 1300), MIB(30));
	assert_int_equal(term_bytes(built.incident, "anon", 0), MIB(6));
	assert_int_equal(term_bytes(built.incident, "page_cache", 0), MIB(6));
	assert_int_equal(term_bytes(built.incident, "shmem", 0), MIB(4));
	assert_int_equal(term_bytes(built.incident, "kernel_other", 0), MIB(2));
	assert_int_equal(term_bytes(built.incident, "unexplained", 0), MIB(1));
	release(&built);
}

#define SERVER_PID 900
#define SERVER_MIB 64

/* A server and two workers that were forked when it had loaded all: is it killed, does anybody know
 * it? */
static void play_prefork(const struct stage *stage, bool server_dies, bool server_known)
{
	uint64_t slots = SERVER_MIB * SCENE_MIB_PAGES, told = server_dies ? 0 : slots;

	play_session(stage, 1, "--watch-oom-kills");
	play_incident(stage,
		      (struct incident_event){.scope = SCOPE_MEMCG, .id = "x", .sequence = 1});
	for (uint32_t id = 1; id <= 3; id++) {
		play_process(stage, id, SERVER_PID + id - 1, 1, "server", true, true);
		if (id > 1 || server_dies)
			play_victim(stage, (struct victim_event){
						   .process = id,
						   .role = id == 2 ? VICTIM_CHOSEN : VICTIM_GROUP,
						   .known = VICTIM_RSS,
						   .rss_anon_bytes = MIB(id > 1 ? SERVER_MIB + id
										: SERVER_MIB)});
	}
	play_level(stage, (struct level_event){.path = "/server",
					       .known = LEVEL_USAGE | LEVEL_LIMIT,
					       .usage_bytes = MIB(70),
					       .limit_bytes = MIB(70),
					       .fired = true});
	play_figure(stage, 0, "anon", MIB(70), FIGURE_MEMORY_STAT, TAKEN_AT_KILL);
	if (server_known)
		play_candidate(stage, "server", (struct candidate_event){.pid = SERVER_PID});
	play_moment(stage, SECOND_NS, 1, MIB(SERVER_MIB));
	play_module(stage, 1, "/usr/bin/server");
	play_stack(stage, 1, "server", STACK(0x100));
	play_snapshot(stage, 1, true);
	for (uint32_t id = 2; id <= 3; id++)
		play_inherited(stage, id, server_dies ? 1 : 0, SERVER_PID, 1, slots,
			       id == 2 ? told : 0);
	play_end(stage, END_INTERRUPTED);
}

static void scene_prefork_group(const struct stage *stage)
{
	play_prefork(stage, true, true);
}

static void scene_prefork_server_stays(const struct stage *stage)
{
	play_prefork(stage, false, true);
}

static void scene_prefork_server_gone(const struct stage *stage)
{
	play_prefork(stage, false, false);
}

/* In whose term it is, and what it leaves of the two workers', in MiB. */
static void test_what_was_inherited_counts_once(void **state)
{
	static const struct {
		void (*scene)(const struct stage *stage);
		uint64_t server_mib, first_mib, second_mib;
	} cases[] = {
		{scene_prefork_group, SERVER_MIB, 2, 3},
		{scene_prefork_server_stays, SERVER_MIB, 2, 3},
		{scene_prefork_server_gone, 0, SERVER_MIB + 2, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct built built = build(cases[i].scene);
		const struct incident *incident = built.incident;

		assert_int_equal(term_bytes(incident, "anon", SERVER_PID),
				 MIB(cases[i].server_mib));
		assert_int_equal(term_bytes(incident, "anon", SERVER_PID + 1),
				 MIB(cases[i].first_mib));
		assert_int_equal(term_bytes(incident, "anon", SERVER_PID + 2),
				 MIB(cases[i].second_mib));
		assert_int_equal(term_bytes(incident, "anon", 0), MIB(1));
		assert_int_equal(term_bytes(incident, "unexplained", 0), 0);
		release(&built);
	}
}

static void test_frozen_pages_count_whether_torn_down_or_not(void **state)
{
	struct built built = build(scene_pod);
	const struct growth *held = &built.incident->held;

	(void)state;
	assert_int_equal(held->kind_bytes[KIND_ANON], MIB(201));
	assert_int_equal(held->rows[0].bytes, MIB(170));
	assert_string_equal(held->rows[0].frames[2], "bytes_grow");
	release(&built);
}

static void test_stacks_of_others_are_not_the_victims(void **state)
{
	struct built built = build(scene_pod);

	(void)state;
	for (size_t i = 0; i < built.incident->held.row_count; i++)
		assert_int_equal(built.incident->held.rows[i].process->pid, 1234);
	assert_int_equal(built.incident->other_count, 1);
	assert_int_equal(built.incident->other[0].process->pid, 1300);
	release(&built);
}

static void test_the_trigger_is_not_the_victim(void **state)
{
	struct built built = build(scene_pod);
	const struct incident *incident = built.incident;

	(void)state;
	assert_int_equal(incident->event.trigger_pid, 1300);
	assert_int_equal(incident->victims[0].pid, 1234);
	assert_int_equal(incident->trigger.user.frame_count, 2);
	assert_string_equal(incident->trigger.user.frames[1], "scrape");
	assert_int_equal(incident->trigger.kernel.frame_count, 2);
	assert_string_equal(incident->trigger.kernel.frames[1], "mem_cgroup_oom");
	release(&built);
}

static void test_the_level_that_fired_is_found(void **state)
{
	struct built built = build(scene_pod);

	(void)state;
	assert_ptr_equal(built.incident->fired, &built.incident->levels[1]);
	assert_ptr_equal(built.incident->account.level, built.incident->fired);
	release(&built);
}

static void test_growth_is_the_victims_and_ends_at_the_kill(void **state)
{
	struct built built = build(scene_pod);
	const struct incident_growth *growth = &built.incident->growth_rate;

	(void)state;
	assert_true(growth->known && !growth->of_level);
	assert_int_equal(growth->bytes, MIB(203 - 8));
	assert_int_equal(growth->span_ns, 40 * SECOND_NS);
	assert_int_equal(growth->recent_bytes, MIB(203 - 158));
	assert_int_equal(growth->recent_ns, 10 * SECOND_NS);
	release(&built);
}

static void test_without_a_curve_of_the_victim_the_cgroups_counts(void **state)
{
	struct built built = build(scene_group);

	(void)state;
	assert_true(built.incident->growth_rate.known && built.incident->growth_rate.of_level);
	/* its usage at the kill ends it */
	assert_int_equal(built.incident->growth_rate.bytes, MIB(100));
	release(&built);
}

static void test_what_is_unknown_is_absent(void **state)
{
	struct built built = build(scene_log_only);
	const struct incident *incident = built.incident;

	(void)state;
	assert_false(incident->growth_rate.known);
	assert_null(incident->fired);
	assert_null(incident->account.level);
	assert_int_equal(incident->trigger.user.frame_count, 0);
	assert_int_equal(incident->victims[0].word_count, 0);
	assert_null(incident->victims[0].place.unit);
	release(&built);
}

static void test_a_recording_of_growth_is_no_incident(void **state)
{
	const struct growth_options options = {0};
	struct incident_builder *builder;
	struct incident *incident = NULL;

	(void)state;
	assert_int_equal(incident_builder_new(&builder), 0);
	scene_server(&(struct stage){into_builder, builder});
	assert_false(incident_builder_has_incident(builder));
	assert_int_equal(incident_builder_finish(builder, &options, &incident), -ENODATA);
	incident_builder_free(builder);
}

static void test_a_file_has_one_incident(void **state)
{
	const struct event second = {.type = EVENT_INCIDENT,
				     .incident = {.kind = INCIDENT_OOM_KILL, .id = "x"}};
	struct built built = build(scene_log_only);

	(void)state;
	assert_int_equal(incident_builder_add(built.builder, &second), -EBADMSG);
	release(&built);
}

/* Ends the program's life at every event: nothing that came before may be lost, or crash. */
struct cut {
	struct incident_builder *builder;
	size_t left;
};

static void into_cut(const struct event *event, void *context)
{
	struct cut *cut = context;

	if (!cut->left)
		return;
	cut->left--;
	assert_int_equal(incident_builder_add(cut->builder, event), 0);
}

static bool render_cut(void (*scene)(const struct stage *stage), size_t events)
{
	const struct growth_options options = {0};
	const struct render_options render = {.top = 20};
	FILE *nowhere = fopen("/dev/null", "we");
	struct cut cut = {.left = events};
	struct incident *incident = NULL;
	int err;

	assert_int_equal(incident_builder_new(&cut.builder), 0);
	scene(&(struct stage){into_cut, &cut});
	err = incident_builder_finish(cut.builder, &options, &incident);
	assert_int_equal(err, events < 2 ? -ENODATA : 0);
	if (!err) {
		assert_int_equal(
			format_incident(format_get(FORMAT_TEXT), incident, &render, nowhere), 0);
		assert_int_equal(
			format_incident(format_get(FORMAT_JSON), incident, &render, nowhere), 0);
		incident_free(incident);
	}
	incident_builder_free(cut.builder);
	fclose(nowhere);
	return cut.left == 0;
}

static void test_every_beginning_of_an_incident_can_be_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < INCIDENT_COUNT; i++)
		for (size_t events = 0; render_cut(incidents[i].play, events); events++)
			;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_limit_is_accounted_for_to_the_byte),
		cmocka_unit_test(test_parts_of_a_sum_count_once),
		cmocka_unit_test(test_what_was_inherited_counts_once),
		cmocka_unit_test(test_frozen_pages_count_whether_torn_down_or_not),
		cmocka_unit_test(test_stacks_of_others_are_not_the_victims),
		cmocka_unit_test(test_the_trigger_is_not_the_victim),
		cmocka_unit_test(test_the_level_that_fired_is_found),
		cmocka_unit_test(test_growth_is_the_victims_and_ends_at_the_kill),
		cmocka_unit_test(test_without_a_curve_of_the_victim_the_cgroups_counts),
		cmocka_unit_test(test_what_is_unknown_is_absent),
		cmocka_unit_test(test_a_recording_of_growth_is_no_incident),
		cmocka_unit_test(test_a_file_has_one_incident),
		cmocka_unit_test(test_every_beginning_of_an_incident_can_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
