// SPDX-License-Identifier: GPL-2.0-or-later
/* Who waits is asked before what a process had mapped is forgotten for other code. */
#include "test.h"

#include "bpf/oomtrace.h"
#include "capture/lives.h"
#include "capture/modules.h"
#include "fake_proc.h"

#define PID 100
#define ACCOUNT (OT_ACCOUNT_NOBODY + 1)
#define FIRST "7f0000000000-7f0000001000 r-xp 00000000 08:01 11 /lib/first.so\n"
#define SECOND "7f0000000000-7f0000001000 r-xp 00000000 08:01 12 /lib/second.so\n"
/* its code begins further behind its start: not where the first one's does */
#define SHIFTED "7f0000000800-7f0000002000 r-xp 00001000 08:01 12 /lib/second.so\n"
#define ANOTHER "7f0000100000-7f0000101000 r-xp 00000000 08:01 13 /lib/another.so\n"
#define IN_FIRST 0x7f0000000100
#define IN_ANOTHER 0x7f0000100100

struct scene {
	struct fake_proc proc;
	struct event_queue queue;
	struct modules *modules;
	struct ot_account accounts[ACCOUNT + 1];
	struct ledger ledger;
	struct lives lives;
	uint32_t asked;     /* how often */
	uint32_t seen_then; /* the module of IN_FIRST when asked */
};

static uint32_t module_at(struct scene *scene, uint64_t address)
{
	struct event_frame frame = {0};

	mappings_find(&lives_known(&scene->lives, ACCOUNT)->mappings, address, &frame);
	return frame.module;
}

static void note(void *context, uint32_t account)
{
	struct scene *scene = context;

	assert_int_equal(account, ACCOUNT);
	scene->asked++;
	scene->seen_then = module_at(scene, IN_FIRST);
}

static void show(struct scene *scene, const char *maps)
{
	fake_proc_write(&scene->proc, "100/maps", maps);
}

static void begin(struct scene *scene)
{
	fake_proc_make(&scene->proc);
	assert_int_equal(modules_new(&scene->proc.root, &scene->queue, NULL, &scene->modules), 0);
	scene->accounts[ACCOUNT] = (struct ot_account){
		.in_use = OT_ACCOUNT_LIFE, .tgid = PID, .user_tid = PID, .life = 1};
	scene->ledger.accounts = scene->accounts;
	scene->ledger.account_count = ACCOUNT + 1;
	assert_int_equal(lives_init(&scene->lives, NULL, &scene->proc.root, NULL, &scene->ledger,
				    scene->modules, &scene->queue),
			 0);
	scene->lives.before_other_code = note;
	scene->lives.context = scene;
}

static void end(struct scene *scene)
{
	lives_release(&scene->lives);
	modules_freep(&scene->modules);
	event_queue_release(&scene->queue);
	fake_proc_remove(&scene->proc);
}

/* A walk through `address`; what was read a moment ago is read again. */
static uint32_t meet(struct scene *scene, uint64_t address)
{
	__u64 frame = address;
	struct event_frame resolved;

	lives_get(&scene->lives, ACCOUNT)->mappings.read_ns = 0;
	lives_resolve(&scene->lives, ACCOUNT, &frame, 1, &resolved);
	return resolved.module;
}

static void replace_first_by(const char *maps, uint64_t in_second)
{
	struct scene scene = {0};
	uint32_t first, second;

	begin(&scene);
	show(&scene, FIRST);
	first = meet(&scene, IN_FIRST);
	assert_int_not_equal(first, 0);
	show(&scene, maps);
	assert_int_not_equal(meet(&scene, IN_ANOTHER), 0);
	assert_int_equal(scene.asked, 1);
	assert_int_equal(scene.seen_then, first);
	second = module_at(&scene, in_second);
	assert_int_not_equal(second, 0);
	assert_int_not_equal(second, first);
	end(&scene);
}

static void test_asked_before_another_file_takes_the_place(void **state)
{
	(void)state;
	replace_first_by(SECOND ANOTHER, IN_FIRST);
}

static void test_asked_before_another_file_takes_a_part_of_the_place(void **state)
{
	(void)state;
	replace_first_by(SHIFTED ANOTHER, 0x7f0000000900);
}

static void test_what_waited_is_named_by_what_was_known_then(void **state)
{
	const __u64 frames[] = {IN_FIRST, 0xdead};
	struct event_frame resolved[2];
	struct scene scene = {0};
	uint32_t first;

	(void)state;
	begin(&scene);
	show(&scene, FIRST);
	first = meet(&scene, IN_FIRST);
	show(&scene, SECOND);
	/* an address that nobody knows is no reason to read them again */
	lives_get(&scene.lives, ACCOUNT)->mappings.read_ns = 0;
	lives_resolve_known(&scene.lives, ACCOUNT, frames, 2, resolved);
	assert_int_equal(resolved[0].module, first);
	assert_int_equal(resolved[1].module, 0);
	assert_int_equal(scene.asked, 0);
	end(&scene);
}

static void test_nobody_is_asked_for_what_came_or_went(void **state)
{
	struct scene scene = {0};

	(void)state;
	begin(&scene);
	show(&scene, FIRST);
	assert_int_not_equal(meet(&scene, IN_FIRST), 0);
	show(&scene, FIRST ANOTHER);
	assert_int_not_equal(meet(&scene, IN_ANOTHER), 0);
	show(&scene, ANOTHER);
	meet(&scene, 0x1000);
	assert_int_equal(module_at(&scene, IN_FIRST), 0);
	assert_int_equal(scene.asked, 0);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_before_another_file_takes_the_place),
		cmocka_unit_test(test_asked_before_another_file_takes_a_part_of_the_place),
		cmocka_unit_test(test_what_waited_is_named_by_what_was_known_then),
		cmocka_unit_test(test_nobody_is_asked_for_what_came_or_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
