// SPDX-License-Identifier: GPL-2.0-or-later
/* Lives that are not one process, one image, one leader: who holds the memory is not who began. */
#include "victim.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define STACK_BYTES (256UL << 10)
#define WORKERS 3

static __attribute__((noinline)) void grow_life(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	madvise(victim->memory, victim->size_bytes, MADV_NOHUGEPAGE);
	victim_touch(victim->memory, victim->size_bytes);
	victim_stay();
}

static void grow_here(struct victim *victim)
{
	grow_life(victim);
	victim_region("grow_life", "anon", getpid(), victim->memory, victim->size_bytes);
}

/* The image is replaced over and over; the last one grows. */
static void grow_after_execs(struct victim *victim)
{
	int left = victim->arguments[0] ? atoi(victim->arguments[0]) : 0;
	char size[32], count[32];

	if (left == 0) {
		grow_here(victim);
		return;
	}
	snprintf(size, sizeof(size), "%zu", victim->size_bytes / MIB);
	snprintf(count, sizeof(count), "%d", left - 1);
	execl("/proc/self/exe", "lives", "execs_go_on", size, count, NULL);
	err(1, "exec");
}

/* Takes another name when it is told to grow. */
static void grow_renamed(struct victim *victim)
{
	if (prctl(PR_SET_NAME, victim->arguments[0]))
		err(1, "prctl");
	grow_here(victim);
}

static int touch_in_child(void *argument)
{
	grow_life(argument);
	return 0;
}

/* A child shares the memory, is the first to touch it, and is gone: as posix_spawn's children are.
 */
static void grow_in_short_sharer(struct victim *victim)
{
	char *stack = victim_map(STACK_BYTES, MAP_PRIVATE | MAP_ANONYMOUS);
	pid_t child = clone(touch_in_child, stack + STACK_BYTES, CLONE_VM | SIGCHLD, victim);

	if (child < 0 || waitpid(child, NULL, 0) != child)
		err(1, "clone");
	victim_region("grow_life", "anon", getpid(), victim->memory, victim->size_bytes);
}

static void *speak_for_leader(void *argument)
{
	struct victim *victim = argument;

	victim_say("ready\n");
	victim_expect("go");
	grow_here(victim);
	victim_say("grown\n");
	victim_expect("free");
	victim_unmap(victim);
	victim_say("freed\n");
	victim_expect("quit");
	exit(0);
}

/* The first thread ends, the process goes on. */
static void leave_leader(struct victim *victim)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, speak_for_leader, victim))
		errx(1, "pthread_create");
	pthread_exit(NULL);
}

/* Workers are there before the test looks, and grow when it says so. */
static void start_workers(struct victim *victim)
{
	int start[2], done[2];

	if (pipe(start) || pipe(done))
		err(1, "pipe");
	for (int i = 0; i < WORKERS; i++) {
		char byte;

		if (fork())
			continue;
		close(start[1]);
		if (read(start[0], &byte, 1) != 1)
			_exit(0);
		grow_life(victim);
		victim_region("grow_life", "anon", getpid(), victim->memory, victim->size_bytes);
		if (write(done[1], "", 1) != 1)
			_exit(1);
		/* until the parent is gone */
		_exit(read(start[0], &byte, 1) != 0);
	}
	victim->fds[0] = done[0];
	victim->fds[1] = start[1];
}

static void grow_workers(struct victim *victim)
{
	char bytes[WORKERS] = {0};

	if (write(victim->fds[1], bytes, WORKERS) != WORKERS)
		err(1, "pipe");
	for (int i = 0; i < WORKERS; i++)
		if (read(victim->fds[0], bytes, 1) != 1)
			err(1, "pipe");
}

static void end_workers(struct victim *victim)
{
	close(victim->fds[1]);
	for (int i = 0; i < WORKERS; i++)
		wait(NULL);
}

static const struct victim_case cases[] = {
	{"execs", NULL, grow_after_execs, victim_unmap},
	{"short_sharer", NULL, grow_in_short_sharer, victim_unmap},
	{"leader_gone", leave_leader, grow_here, victim_unmap},
	{"renamed", NULL, grow_renamed, victim_unmap},
	{"workers", start_workers, grow_workers, end_workers},
};

/* What grow_after_execs becomes: `ready` and `go` were before. */
static void go_on(int argc, char **argv)
{
	struct victim victim = {.size_bytes = strtoul(argv[2], NULL, 10) * MIB,
				.arguments = argc > 3 ? argv + 3 : argv + argc};

	grow_after_execs(&victim);
	victim_say("grown\n");
	victim_expect("free");
	victim_unmap(&victim);
	victim_say("freed\n");
	victim_expect("quit");
	exit(0);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "execs_go_on"))
		go_on(argc, argv);
	return victim_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
