// SPDX-License-Identifier: GPL-2.0-or-later
/* Which kills are lives of one workload, and what is said of lives in a row. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "incidents.h"
#include "model/incident_builder.h"
#include "model/kill_history.h"
#include "model/workload.h"
#include "render/format.h"

/* --- names --------------------------------------------------------------------------------- */

static void test_what_differs_from_life_to_life_is_left_out_of_names(void **state)
{
	static const char *const names[][2] = {
		{"mailer-7d9f8b6c5-x2x4z", "mailer-*-*"},
		{"mailer-7d9f8b6c5-bcdfg", "mailer-*-*"},
		{"mailer-0", "mailer-*"},
		{"worker@3.service", "worker@*.service"},
		{"worker@blue-1.service", "worker@*.service"},
		{"worker@.service", "worker@.service"},
		{"run-r1f0c9d0e8a7b4c6d9e2f3a4b5c6d7e8f.scope", "run-*.scope"},
		{"/docker/3fe0c1d2b3a495867768594a3b2c1d0e", "/docker/*"},
		{"/machine.slice/libpod-deadbeefcafe.scope", "/machine.slice/libpod-*.scope"},
		{"/jobs/nightly-a1b2c3/slot12", "/jobs/nightly-*/slot*"},
		{"/tmp/tmp.Xa3F9Qz1kL", "/tmp/tmp.*"},
		{"nginx.service", "nginx.service"},
		{"facade-decade", "facade-decade"},
		{"h2o e2e i18n", "h*o e*e i*n"},
		{"", ""},
		{"@", "@"},
		{"\xff\x01@\xfe", "\xff\x01@*"},
	};
	char got[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		workload_generalise(names[i][0], got);
		assert_string_equal(got, names[i][1]);
	}
}

static void test_a_generalised_name_is_never_longer(void **state)
{
	static const char letters[] = "a5F@.-/ x9\xff";
	char name[24], got[25];

	(void)state;
	srand(1);
	for (int round = 0; round < 200000; round++) {
		size_t len = (size_t)rand() % sizeof(name);

		for (size_t i = 0; i < len; i++)
			name[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		name[len] = '\0';
		memset(got, '#', sizeof(got));
		workload_generalise(name, got);
		assert_true(strlen(got) <= len);
		assert_int_equal(got[sizeof(got) - 1], '#');
	}
}

#define DOCKER(digit) \
	"/docker/" digit "fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"

/* --- lives --------------------------------------------------------------------------------- */

/* One kill; what is zero or NULL is as in `usual`. */
struct spec {
	double start, death; /* seconds */
	const char *cgroup, *exe, *script, *leaf;
	const char *pod;
	const char *image, *container; /* of no pod */
	uint64_t early_mib; /* of its stack, a tenth of its life after its start; 0: not seen */
	uint64_t memory_mib;
	bool unknown_start;
	bool incomplete; /* its stack */
};

static const struct spec usual = {
	.cgroup = "/jobs/import-3f9a1c",
	.exe = "/usr/bin/python3",
	.script = "/srv/import.py",
	.leaf = "load_rows",
	.memory_mib = 90,
};

static uint64_t ns_of(double seconds)
{
	return (uint64_t)(seconds * 1e9);
}

static void play_spec(const struct stage *stage, const struct spec *spec, const char *id)
{
	struct event process = {
		.type = EVENT_PROCESS,
		.process = {.id = 1,
			    .pid = 77,
			    .comm = "python3",
			    .start_time_ns = spec->unknown_start ? 0 : ns_of(spec->start),
			    .exe = spec->exe ? spec->exe : usual.exe}};
	uint64_t memory_mib = spec->memory_mib ? spec->memory_mib : usual.memory_mib;

	play_session(stage, 1, "--watch-oom-kills");
	play(stage,
	     (struct event){.type = EVENT_INCIDENT,
			    .incident = {.kind = INCIDENT_OOM_KILL,
					 .scope = SCOPE_MEMCG,
					 .id = id,
					 .sequence = 1,
					 .realtime_ns = 1700000000000000000ULL + ns_of(spec->death),
					 .monotonic_ns = ns_of(spec->death)}});
	play(stage, process);
	play_victim(stage,
		    (struct victim_event){.process = 1,
					  .role = VICTIM_CHOSEN,
					  .known = VICTIM_RSS,
					  .cgroup = spec->cgroup ? spec->cgroup : usual.cgroup,
					  .rss_anon_bytes = MIB(memory_mib)});
	play_word(stage, 1, 0, "python3", false);
	play_word(stage, 1, 1, spec->script ? spec->script : usual.script, false);
	if (spec->pod)
		play(stage, (struct event){.type = EVENT_WORKLOAD,
					   .workload = {1, "shop", spec->pod, "worker"}});
	if (spec->image)
		play(stage, (struct event){.type = EVENT_WORKLOAD,
					   .workload = {.process = 1,
							.container = spec->container,
							.image = spec->image}});
	for (int i = 10; i > 0 && !spec->unknown_start; i--)
		play_moment(stage, ns_of((spec->death - spec->start) * i / 10), 1,
			    MIB(memory_mib) * (uint64_t)(10 - i) / 10);
	play_module(stage, 1, "/usr/bin/python3");
	play(stage,
	     (struct event){
		     .type = EVENT_STACK,
		     .stack = {.id = 1,
			       .end = spec->incomplete ? STACK_END_NO_DATA : STACK_END_COMPLETE,
			       .comm = "python3",
			       .frame_count = spec->incomplete ? 1 : 2,
			       .frames = (const struct event_frame[]){{1, 0x100}, {1, 0x200}}}});
	if (spec->early_mib)
		play(stage,
		     (struct event){.type = EVENT_EARLY,
				    .early = {.process = 1,
					      .stack = 1,
					      .before_ns = ns_of((spec->death - spec->start) * 0.9),
					      .held_bytes = MIB(spec->early_mib + 1),
					      .bytes = MIB(spec->early_mib)}});
	play_snapshot(stage, 100, true);
	play_held(stage, 1, 1, KIND_ANON, MIB(memory_mib) / 4096, MIB(memory_mib) / 4096);
	play_name(stage, 0x100, spec->leaf ? spec->leaf : usual.leaf);
	play_name(stage, 0x200, "main");
	play_end(stage, END_INTERRUPTED);
}

static void into_builder(const struct event *event, void *builder)
{
	assert_int_equal(incident_builder_add(builder, event), 0);
}

struct built {
	struct incident_builder *builder;
	struct incident *incident;
};

/* The finisher does the same: the incident is added to, and made. */
static struct built build(const struct spec *spec, const char *id, const struct life_event *lives,
			  size_t count)
{
	const struct growth_options options = {0};
	struct built built;

	assert_int_equal(incident_builder_new(&built.builder), 0);
	play_spec(&(struct stage){into_builder, built.builder}, spec, id);
	for (size_t i = 0; i < count; i++)
		into_builder(&(struct event){.type = EVENT_LIFE, .life = lives[i]}, built.builder);
	assert_int_equal(incident_builder_finish(built.builder, &options, &built.incident), 0);
	return built;
}

static void release(struct built *built)
{
	incident_free(built->incident);
	incident_builder_free(built->builder);
}

/* Plays kills one after the other; the last of them, as it would be read from the spool. */
static struct built play_all(const struct spec *specs, size_t count)
{
	_cleanup_(kill_history_freep) struct kill_history *history = NULL;
	struct built built = {0};

	assert_int_equal(kill_history_new(&history), 0);
	for (size_t i = 0; i < count; i++) {
		struct life_event lives[LIVES_MAX];
		size_t before = 0;
		char id[16];

		snprintf(id, sizeof(id), "kill-%zu", i);
		built = build(&specs[i], id, NULL, 0);
		assert_int_equal(kill_history_add(history, built.incident, lives, &before), 0);
		release(&built);
		built = build(&specs[i], id, lives, before);
		if (i + 1 < count)
			release(&built);
	}
	return built;
}

#define COUNT(specs) (sizeof(specs) / sizeof((specs)[0]))

static uint32_t number_of(const struct spec *specs, size_t count)
{
	struct built built = play_all(specs, count);
	uint32_t number = built.incident->loop.life_count ? built.incident->loop.number : 1;

	release(&built);
	return number;
}

static void test_three_lives_in_a_row_are_a_crash_loop(void **state)
{
	static const struct spec specs[] = {
		{.start = 10, .death = 50},
		{.start = 51, .death = 92, .cgroup = "/jobs/import-77b0e2"},
		{.start = 93, .death = 133.5, .cgroup = "/jobs/import-0a4d51", .memory_mib = 92},
	};
	struct built built = play_all(specs, COUNT(specs));
	const struct crash_loop *loop = &built.incident->loop;

	(void)state;
	assert_int_equal(loop->life_count, 3);
	assert_int_equal(loop->number, 3);
	assert_string_equal(loop->lives[0].id, "kill-0");
	assert_int_equal(loop->lives[0].lived_ns, ns_of(40));
	assert_int_equal(loop->lives[1].lived_ns, ns_of(41));
	assert_int_equal(loop->lives[2].lived_ns, ns_of(40.5));
	assert_int_equal(loop->lived_ns.median, ns_of(40.5));
	assert_int_equal(loop->lived_ns.trend, LOOP_STEADY);
	assert_int_equal(loop->memory_bytes.most, MIB(92));
	assert_int_equal(loop->span_ns, ns_of(83.5));
	/* half of it was there at half of the time */
	assert_int_equal(loop->half_ns.most, ns_of(20.5));
	assert_int_equal(loop->stack_count, 1);
	assert_string_equal(loop->stacks[0].row->frames[1], "load_rows");
	assert_int_equal(loop->stacks[0].bytes[0], MIB(90));
	assert_int_equal(loop->stacks[0].bytes[2], MIB(92));
	assert_int_equal(built.incident->verdict.kind, VERDICT_CRASH_LOOP);
	release(&built);
}

static void test_what_each_life_did_first_is_told_as_far_as_it_was_seen(void **state)
{
	static const struct spec specs[] = {
		{.start = 10, .death = 50, .early_mib = 20},
		{.start = 51, .death = 91},
		{.start = 92, .death = 132, .early_mib = 22},
	};
	static const struct spec others[] = {
		{.start = 10, .death = 50, .early_mib = 20, .leaf = "parse_flags"},
		{.start = 51, .death = 91, .early_mib = 20},
	};
	struct built built = play_all(specs, COUNT(specs)),
		     unlike = play_all(others, COUNT(others));
	const struct crash_loop *loop = &built.incident->loop;

	(void)state;
	assert_int_equal(loop->early_ns.count, 2);
	assert_int_equal(loop->early_ns.most, ns_of(4));
	assert_int_equal(loop->early_count, 1);
	assert_string_equal(loop->early[0].row->frames[1], "load_rows");
	assert_int_equal(loop->early[0].bytes[0], MIB(20));
	assert_int_equal(loop->early[0].bytes[1], 0);
	assert_int_equal(loop->early[0].bytes[2], MIB(22));
	assert_int_equal(built.incident->early.held_bytes, MIB(23));
	assert_int_equal(unlike.incident->loop.early_ns.count, 2);
	assert_int_equal(unlike.incident->loop.early_count, 0);
	release(&built);
	release(&unlike);
}

static void test_a_life_whose_stacks_are_not_known_hides_no_common_stack(void **state)
{
	static const struct spec specs[] = {
		{.start = 10, .death = 50},
		{.start = 51, .death = 92, .incomplete = true},
		{.start = 93, .death = 133},
	};
	static const struct spec unknown[] = {
		{.start = 10, .death = 50, .incomplete = true},
		{.start = 51, .death = 92},
	};
	struct built built = play_all(specs, COUNT(specs));

	(void)state;
	assert_int_equal(built.incident->loop.stack_count, 1);
	assert_int_equal(built.incident->loop.stacks[0].bytes[0], MIB(90));
	assert_int_equal(built.incident->loop.stacks[0].bytes[1], 0);
	assert_int_equal(built.incident->loop.stacks[0].bytes[2], MIB(90));
	release(&built);
	/* of one life alone nothing is common */
	built = play_all(unknown, COUNT(unknown));
	assert_int_equal(built.incident->loop.life_count, 2);
	assert_int_equal(built.incident->loop.stack_count, 0);
	release(&built);
}

static void test_two_lives_are_told_and_are_no_loop_yet(void **state)
{
	static const struct spec specs[] = {{.start = 10, .death = 50}, {.start = 51, .death = 92}};
	struct built built = play_all(specs, COUNT(specs));

	(void)state;
	assert_int_equal(built.incident->loop.number, 2);
	assert_int_equal(built.incident->loop.lived_ns.trend, LOOP_TREND_UNKNOWN);
	assert_int_not_equal(built.incident->verdict.kind, VERDICT_CRASH_LOOP);
	release(&built);
}

static void test_lives_that_grow_longer_are_said_to(void **state)
{
	static const struct spec specs[] = {
		{.start = 10, .death = 20, .memory_mib = 95},
		{.start = 21, .death = 36, .memory_mib = 95},
		{.start = 37, .death = 60, .memory_mib = 95},
		{.start = 61, .death = 101, .memory_mib = 95},
	};
	struct built built = play_all(specs, COUNT(specs));

	(void)state;
	assert_int_equal(built.incident->loop.lived_ns.trend, LOOP_RISING);
	assert_int_equal(built.incident->loop.memory_bytes.trend, LOOP_STEADY);
	release(&built);
}

static void test_long_lives_have_a_cause_that_says_more(void **state)
{
	static const struct spec specs[] = {
		{.start = 10, .death = 20010},
		{.start = 20011, .death = 40011},
		{.start = 40012, .death = 60012},
	};
	struct built built = play_all(specs, COUNT(specs));

	(void)state;
	assert_int_equal(built.incident->loop.number, 3);
	assert_int_not_equal(built.incident->verdict.kind, VERDICT_CRASH_LOOP);
	release(&built);
}

/* What differs in the second of two kills, which would follow the first otherwise. */
static void test_only_the_same_workload_is_linked(void **state)
{
	static const struct {
		const char *what;
		struct spec first, second;
		uint32_t number;
	} pairs[] = {
		{"nothing", {.exe = NULL}, {.exe = NULL}, 2},
		{"a new hash", {.exe = NULL}, {.cgroup = "/jobs/import-9c2e44"}, 2},
		{"another job", {.exe = NULL}, {.cgroup = "/jobs/export-9c2e44"}, 1},
		{"another program of that name", {.exe = NULL}, {.exe = "/opt/bin/python3"}, 1},
		{"another script", {.exe = NULL}, {.script = "/srv/other.py"}, 1},
		{"another script in a new cgroup",
		 {.exe = NULL},
		 {.script = "/srv/other.py", .cgroup = "/jobs/import-9c2e44"},
		 1},
		{"the same script, dying of something else, in a new cgroup",
		 {.exe = NULL},
		 {.leaf = "render", .cgroup = "/jobs/import-9c2e44"},
		 1},
		{"the same script, dying of something else", {.exe = NULL}, {.leaf = "render"}, 2},
		{"a new hash, and stacks that are not complete",
		 {.exe = NULL},
		 {.cgroup = "/jobs/import-9c2e44", .incomplete = true},
		 2},
		{"a pod that was replaced",
		 {.pod = "mailer-7d9f8b6c5-x2x4z", .cgroup = "/a"},
		 {.pod = "mailer-7d9f8b6c5-9kqwl", .cgroup = "/b", .leaf = "render"},
		 2},
		{"another pod",
		 {.pod = "mailer-7d9f8b6c5-x2x4z"},
		 {.pod = "crawler-7d9f8b6c5-x2x4z"},
		 1},
		{"a container of the same image, elsewhere",
		 {.image = "shop/mailer:1.4", .cgroup = DOCKER("3")},
		 {.image = "shop/mailer:1.5@sha256:0b", .cgroup = "/jobs" DOCKER("4")},
		 2},
		{"a container of that name and image, dying of something else",
		 {.image = "shop/mailer:1.4", .container = "web", .cgroup = DOCKER("3")},
		 {.image = "shop/mailer:1.5",
		  .container = "web",
		  .cgroup = DOCKER("4"),
		  .leaf = "render"},
		 2},
		{"a container with a name that was made up, dying of something else",
		 {.image = "shop/mailer:1.4", .container = "calm_hopper", .cgroup = DOCKER("3")},
		 {.image = "shop/mailer:1.4",
		  .container = "bold_noether",
		  .cgroup = DOCKER("4"),
		  .leaf = "render"},
		 1},
		{"another image",
		 {.image = "reg:5000/shop/mailer", .container = "web", .cgroup = DOCKER("3")},
		 {.image = "reg:5000/shop/crawler", .container = "web", .cgroup = DOCKER("4")},
		 1},
		{"another image that is known by its id alone",
		 {.image = "sha256:0b", .cgroup = DOCKER("3")},
		 {.image = "sha256:0c", .cgroup = DOCKER("4")},
		 1},
		{"an image that is not known",
		 {.image = "shop/mailer:1.4", .cgroup = DOCKER("3")},
		 {.cgroup = DOCKER("4")},
		 2},
		{"a unit",
		 {.cgroup = "/system.slice/app.service"},
		 {.cgroup = "/system.slice/app.service", .leaf = "render"},
		 2},
		{"another unit",
		 {.cgroup = "/system.slice/app.service"},
		 {.cgroup = "/system.slice/db.service"},
		 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct spec specs[] = {pairs[i].first, pairs[i].second};

		specs[0].start = 10;
		specs[0].death = 50;
		specs[1].start = 52;
		specs[1].death = 90;
		if (number_of(specs, 2) != pairs[i].number)
			fail_msg("%s: not %u", pairs[i].what, pairs[i].number);
	}
}

static void test_runs_far_apart_and_side_by_side_are_no_loop(void **state)
{
	static const struct spec apart[] = {{.start = 10, .death = 50},
					    {.start = 7000, .death = 7040}};
	static const struct spec replicas[] = {{.start = 10, .death = 50},
					       {.start = 11, .death = 52}};
	static const struct spec burst[] = {{.start = 10, .death = 10.8},
					    {.start = 10.2, .death = 11.1}};
	static const struct spec unknown_burst[] = {
		{.start = 10, .death = 10.8},
		{.start = 10.2, .death = 11.1, .unknown_start = true}};
	static const struct spec at_once[] = {{.start = 10, .death = 10.8},
					      {.start = 10.8, .death = 11.1}};
	static const struct spec unknown_apart[] = {
		{.start = 10, .death = 50}, {.start = 52, .death = 7040, .unknown_start = true}};
	static const struct spec unknown_near[] = {
		{.start = 10, .death = 50}, {.start = 52, .death = 90, .unknown_start = true}};

	(void)state;
	assert_int_equal(number_of(apart, 2), 1);
	assert_int_equal(number_of(replicas, 2), 1);
	assert_int_equal(number_of(burst, 2), 1);
	assert_int_equal(number_of(unknown_burst, 2), 1);
	assert_int_equal(number_of(at_once, 2), 2);
	assert_int_equal(number_of(unknown_apart, 2), 1);
	assert_int_equal(number_of(unknown_near, 2), 2);
}

/* Each replica follows the one of before that had ended when it began. */
static void test_replicas_that_loop_are_counted_each(void **state)
{
	static const struct spec specs[] = {
		{.start = 10, .death = 20}, {.start = 11, .death = 23}, {.start = 21, .death = 31},
		{.start = 24, .death = 36}, {.start = 32, .death = 42},
	};

	(void)state;
	assert_int_equal(number_of(specs, 5), 3);
}

static void test_a_long_row_tells_its_latest_and_counts_all(void **state)
{
	struct spec specs[40] = {0};
	struct built built;

	(void)state;
	for (int i = 0; i < 40; i++)
		specs[i] = (struct spec){.start = 10 * i + 1, .death = 10 * i + 9};
	built = play_all(specs, 40);
	assert_int_equal(built.incident->loop.number, 40);
	assert_int_equal(built.incident->loop.life_count, LIVES_MAX + 1);
	assert_string_equal(built.incident->loop.lives[0].id, "kill-24");
	release(&built);
}

static void test_history_is_bounded(void **state)
{
	_cleanup_(kill_history_freep) struct kill_history *history = NULL;
	struct life_event lives[LIVES_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(kill_history_new(&history), 0);
	for (int i = 0; i < 1000; i++) {
		char cgroup[32];
		struct spec spec = {.start = i, .death = i + 0.5, .cgroup = cgroup};
		struct built built;

		/* letters alone: each is another workload */
		snprintf(cgroup, sizeof(cgroup), "/jobs/%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
			 'g' + i / 676);
		built = build(&spec, "kill", NULL, 0);
		assert_int_equal(kill_history_add(history, built.incident, lives, &count), 0);
		assert_int_equal(count, 0);
		release(&built);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_differs_from_life_to_life_is_left_out_of_names),
		cmocka_unit_test(test_a_generalised_name_is_never_longer),
		cmocka_unit_test(test_three_lives_in_a_row_are_a_crash_loop),
		cmocka_unit_test(test_what_each_life_did_first_is_told_as_far_as_it_was_seen),
		cmocka_unit_test(test_a_life_whose_stacks_are_not_known_hides_no_common_stack),
		cmocka_unit_test(test_two_lives_are_told_and_are_no_loop_yet),
		cmocka_unit_test(test_lives_that_grow_longer_are_said_to),
		cmocka_unit_test(test_long_lives_have_a_cause_that_says_more),
		cmocka_unit_test(test_only_the_same_workload_is_linked),
		cmocka_unit_test(test_runs_far_apart_and_side_by_side_are_no_loop),
		cmocka_unit_test(test_replicas_that_loop_are_counted_each),
		cmocka_unit_test(test_a_long_row_tells_its_latest_and_counts_all),
		cmocka_unit_test(test_history_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
