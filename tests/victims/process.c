// SPDX-License-Identifier: GPL-2.0-or-later
/* Lives: who owns a page when processes fork, share their memory, and replace themselves. */
#include "victim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

/* A line over a pipe, so that the other process has surely got there. */
static void wait_for(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		exit(0);
}

static void tell(int fd)
{
	if (write(fd, "", 1) != 1)
		err(1, "pipe");
}

static void make_pipe(int fds[2])
{
	if (pipe(fds))
		err(1, "pipe");
}

/* A child's stack is a copy too, page by page: made here, it is not on a grow function's account.
 */
static void copy_stack(void)
{
	char below[8 * PAGE_BYTES];

	victim_touch(below, sizeof(below));
}

static void grow_before_fork(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
}

static void grow_by_copy(struct victim *victim)
{
	victim_touch(victim->memory, victim->size_bytes / 2);
}

/* The child writes to half of what it was given; that half exists twice then. */
static void grow_fork(struct victim *victim)
{
	int to_parent[2], to_child[2];

	grow_before_fork(victim);
	make_pipe(to_parent);
	make_pipe(to_child);
	victim->child = fork();
	if (!victim->child) {
		close(to_child[1]);
		copy_stack();
		grow_by_copy(victim);
		tell(to_parent[1]);
		wait_for(to_child[0]);
		exit(0);
	}
	close(to_child[0]);
	wait_for(to_parent[0]);
	victim->fds[1] = to_child[1];
	victim_region("grow_before_fork", "anon", getpid(), victim->memory, victim->size_bytes);
	victim_region("grow_by_copy", "anon", victim->child, victim->memory,
		      victim->size_bytes / 2);
}

static void shed_fork(struct victim *victim)
{
	close(victim->fds[1]);
	waitpid(victim->child, NULL, 0);
	victim_unmap(victim);
}

/* What a child was given is all that is left of it. */
static void grow_left(struct victim *victim)
{
	int to_child[2];

	grow_before_fork(victim);
	make_pipe(to_child);
	victim->child = fork();
	if (!victim->child) {
		close(to_child[1]);
		wait_for(to_child[0]);
		exit(0);
	}
	close(to_child[0]);
	victim->fds[1] = to_child[1];
	victim_region("grow_before_fork", "heir", victim->child, victim->memory,
		      victim->size_bytes);
	victim_unmap(victim);
}

static void shed_left(struct victim *victim)
{
	close(victim->fds[1]);
	waitpid(victim->child, NULL, 0);
}

struct heir {
	pid_t pid;
	char *memory; /* an address in the heir */
};

/* A worker grows, leaves its memory to a worker of its own, and exits. */
static void grow_in_middle(struct victim *victim, int to_first, int from_first)
{
	struct heir heir;

	copy_stack();
	grow_before_fork(victim);
	if (fork())
		_exit(0);
	heir = (struct heir){getpid(), victim->memory};
	if (write(to_first, &heir, sizeof(heir)) != sizeof(heir))
		err(1, "pipe");
	wait_for(from_first);
	exit(0);
}

static void grow_prefork(struct victim *victim)
{
	int to_parent[2], to_child[2];
	struct heir heir;
	pid_t middle;

	make_pipe(to_parent);
	make_pipe(to_child);
	middle = fork();
	if (!middle) {
		close(to_child[1]);
		grow_in_middle(victim, to_parent[1], to_child[0]);
	}
	close(to_child[0]);
	victim->fds[1] = to_child[1];
	waitpid(middle, NULL, 0);
	close(to_parent[1]);
	if (read(to_parent[0], &heir, sizeof(heir)) != sizeof(heir))
		err(1, "pipe");
	victim->fds[0] = to_parent[0];
	victim_region("grow_before_fork", "heir", heir.pid, heir.memory, victim->size_bytes);
}

/* The last worker holds the other end of the pipe for as long as it lives. */
static void shed_prefork(struct victim *victim)
{
	char byte;

	close(victim->fds[1]);
	if (read(victim->fds[0], &byte, 1))
		errx(1, "the last worker should be gone");
}

static void grow_after_exec(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	victim_region("grow_after_exec", "anon", getpid(), victim->memory, victim->size_bytes);
}

/* The new image carries on where the protocol is: after `go`. */
static void grow_exec(struct victim *victim)
{
	char size[32];

	grow_before_fork(victim);
	victim_say("region grow_before_fork gone %d - 0\n", getpid());
	snprintf(size, sizeof(size), "%zu", victim->size_bytes / MIB);
	execl("/proc/self/exe", "process", "after_exec", size, NULL);
	err(1, "exec");
}

struct sharer {
	struct victim *victim;
	size_t offset;
	size_t bytes;
};

static int grow_in_sharer(void *argument)
{
	struct sharer *sharer = argument;

	victim_touch(sharer->victim->memory + sharer->offset, sharer->bytes);
	return 0;
}

static void run_sharer(struct victim *victim, int flags)
{
	struct sharer sharer = {victim, 0, victim->size_bytes};
	char *stack = victim_map(MIB, MAP_PRIVATE | MAP_ANONYMOUS);
	pid_t child;

	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	child = clone(grow_in_sharer, stack + MIB, flags | SIGCHLD, &sharer);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		err(1, "clone");
	munmap(stack, MIB);
	victim_region("grow_in_sharer", "anon", getpid(), victim->memory, victim->size_bytes);
}

static void grow_vfork(struct victim *victim)
{
	run_sharer(victim, CLONE_VM | CLONE_VFORK);
}

static void grow_clone_vm(struct victim *victim)
{
	run_sharer(victim, CLONE_VM);
}

#define THREADS 8

static void *grow_in_thread(void *argument)
{
	grow_in_sharer(argument);
	victim_stay();
	return NULL;
}

static void grow_threads(struct victim *victim)
{
	size_t share = victim->size_bytes / THREADS;
	struct sharer sharers[THREADS];
	pthread_t threads[THREADS];

	victim->memory = victim_map(victim->size_bytes, MAP_PRIVATE | MAP_ANONYMOUS);
	for (size_t i = 0; i < THREADS; i++) {
		sharers[i] = (struct sharer){victim, i * share, share};
		if (pthread_create(&threads[i], NULL, grow_in_thread, &sharers[i]))
			errx(1, "pthread_create");
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	victim_region("grow_in_thread", "anon", getpid(), victim->memory, victim->size_bytes);
}

static const struct victim_case cases[] = {
	{"fork", NULL, grow_fork, shed_fork},
	{"left", NULL, grow_left, shed_left},
	{"prefork", NULL, grow_prefork, shed_prefork},
	{"exec", NULL, grow_exec, victim_unmap},
	{"vfork", NULL, grow_vfork, victim_unmap},
	{"clone_vm", NULL, grow_clone_vm, victim_unmap},
	{"threads", NULL, grow_threads, victim_unmap},
};

/* What grow_exec becomes: `ready` and `go` were before. */
static int carry_on(size_t size_bytes)
{
	struct victim victim = {.size_bytes = size_bytes};

	grow_after_exec(&victim);
	victim_say("grown\n");
	victim_expect("free");
	victim_unmap(&victim);
	victim_say("freed\n");
	victim_expect("quit");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "after_exec"))
		return carry_on(strtoul(argv[2], NULL, 10) * MIB);
	return victim_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
