// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ways to run out of memory: none of these comes back from `go` where its cgroup has less memory
 * than its second argument says, in MiB.
 */
#include "victim.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static char *map(size_t bytes, int flags)
{
	char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	if (pages == MAP_FAILED)
		err(1, "mmap");
	/* one page at a time: the last one that fits is the one that kills */
	madvise(pages, bytes, MADV_NOHUGEPAGE);
	return pages;
}

static void grow_hog(struct victim *victim)
{
	victim_touch(map(victim->size_bytes, MAP_PRIVATE), victim->size_bytes);
}

/* In huge pages, where whoever does not ask gets them. */
static void grow_huge(struct victim *victim)
{
	char *pages = mmap(NULL, victim->size_bytes, PROT_READ | PROT_WRITE,
			   MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);

	if (pages == MAP_FAILED)
		err(1, "mmap");
	victim_touch(pages, victim->size_bytes);
}

/* Half of it is there before anybody watches. */
static void grow_before(struct victim *victim)
{
	size_t half = victim->size_bytes / 8;

	victim_touch(map(half, MAP_PRIVATE), half);
	victim_say("filled\n");
	victim_expect("more");
	grow_hog(victim);
}

static void *grow_thread(void *context)
{
	struct victim *victim = context;

	victim_touch(map(victim->size_bytes / 4, MAP_PRIVATE), victim->size_bytes / 4);
	for (;;)
		pause();
	return NULL;
}

static void grow_threads(struct victim *victim)
{
	for (int i = 0; i < 4; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, grow_thread, victim))
			errx(1, "pthread_create");
	}
	for (;;)
		pause();
}

static int grow_sharer(void *context)
{
	prctl(PR_SET_NAME, "sharer");
	grow_hog(context);
	return 0;
}

/* A process of its own that has the same memory. */
static void grow_shared(struct victim *victim)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	pid_t child = clone(grow_sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, victim);

	if (child < 0)
		err(1, "clone");
	victim_say("child %d\n", child);
	for (;;)
		pause();
}

/* The parent filled it, a child writes the little that is too much. */
static void grow_inherited(struct victim *victim)
{
	size_t parents = victim->size_bytes / 2;

	victim_touch(map(parents, MAP_PRIVATE), parents);
	victim->child = fork();
	if (victim->child == 0) {
		prctl(PR_SET_NAME, "worker");
		grow_hog(victim);
		_exit(0);
	}
	victim_say("child %d\n", victim->child);
	for (;;)
		pause();
}

static void grow_preloaded(size_t bytes)
{
	victim_touch(map(bytes, MAP_PRIVATE), bytes);
}

/* A server that has loaded what all of its workers use, before it forks them. */
static void grow_prefork(struct victim *victim)
{
	grow_preloaded(victim->size_bytes / 8);
	for (int worker = 0; worker < 3; worker++) {
		pid_t child = fork();

		if (child == 0) {
			prctl(PR_SET_NAME, "worker");
			if (worker == 2)
				grow_hog(victim);
			for (;;)
				pause();
		}
	}
	for (;;)
		pause();
}

/* A daemon whose parent has gone: what that one had is all there is of it. */
static void grow_daemon(struct victim *victim)
{
	grow_preloaded(victim->size_bytes / 8);
	if (fork())
		_exit(0);
	prctl(PR_SET_NAME, "daemon");
	grow_hog(victim);
}

/* From one node alone, and no other: node 1. */
static void grow_bound(struct victim *victim)
{
	unsigned long nodes = 1UL << 1;

	if (syscall(SYS_set_mempolicy, 2 /* MPOL_BIND, linux/mempolicy.h */, &nodes, 64))
		err(1, "set_mempolicy");
	grow_hog(victim);
}

/* Nobody's address space has it. */
static void fill_file(size_t size_bytes)
{
	int fd = memfd_create("fill", 0);
	char block[64 * 1024];

	memset(block, 'x', sizeof(block));
	for (size_t bytes = 0; bytes < size_bytes; bytes += sizeof(block))
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			err(1, "memfd");
}

static void grow_tmpfs(struct victim *victim)
{
	fill_file(victim->size_bytes);
}

/* The kernel has it: full pipes. */
static void grow_pipes(struct victim *victim)
{
	char block[64 * 1024];

	memset(block, 'x', sizeof(block));
	for (size_t bytes = 0; bytes < victim->size_bytes; bytes += sizeof(block)) {
		int ends[2];

		if (pipe2(ends, O_NONBLOCK))
			err(1, "pipe");
		for (ssize_t put = 0; put >= 0; put = write(ends[1], block, 4096))
			;
	}
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool open_pair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0;
}

/* The kernel has it: what was written to sockets and nobody reads. */
static void grow_sockets(struct victim *victim)
{
	char block[4096];
	int pair[2];

	(void)victim;
	raise_descriptor_limit();
	memset(block, 'x', sizeof(block));
	while (open_pair(pair))
		while (write(pair[1], block, sizeof(block)) > 0)
			;
	err(1, "socketpair");
}

/* The kernel has it: objects, for sockets that nobody uses. */
static void grow_slab(struct victim *victim)
{
	int pair[2];

	(void)victim;
	raise_descriptor_limit();
	while (open_pair(pair))
		;
	err(1, "socketpair");
}

/* Many children with a little each. */
static void grow_crowd(struct victim *victim)
{
	const size_t each = 2 * MIB;

	for (size_t bytes = 0; bytes < victim->size_bytes; bytes += each) {
		pid_t child = fork();

		if (child == 0) {
			prctl(PR_SET_NAME, "crowd");
			victim_touch(map(each, MAP_PRIVATE), each);
			for (;;)
				pause();
		}
	}
	for (;;)
		pause();
}

static void adjust(const char *value)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(1, "oom_score_adj");
	close(fd);
}

/* The one who grows is not killed; a child that has little of it is. */
static void grow_protected(struct victim *victim)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NAME, "scapegoat");
		adjust("1000");
		victim_touch(map(4 * MIB, MAP_PRIVATE), 4 * MIB);
		victim_say("child %d\n", getpid());
		for (;;)
			pause();
	}
	victim_expect("more");
	grow_hog(victim);
}

/* Goes on forking children that end at once. */
static void fork_for_ever(void)
{
	for (;;) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

static void execute_for_ever(size_t bytes)
{
	char mib[32];

	grow_preloaded(bytes);
	snprintf(mib, sizeof(mib), "%zu", bytes / MIB);
	execl("/proc/self/exe", "executed", "execs", mib, "now", NULL);
	err(1, "exec");
}

/* One that is always about to fork, or to execute something, is killed for another's growth. */
static void grow_restless(struct victim *victim, void (*restless)(void))
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NAME, "restless");
		adjust("1000");
		victim_say("child %d\n", getpid());
		restless();
	}
	/* between two images the other one has next to nothing: so that it is chosen even then */
	fill_file(16 * MIB);
	victim_expect("more");
	grow_hog(victim);
}

static void fork_with_some_memory(void)
{
	grow_preloaded(8 * MIB);
	fork_for_ever();
}

static void execute_with_some_memory(void)
{
	execute_for_ever(8 * MIB);
}

static void grow_forks(struct victim *victim)
{
	grow_restless(victim, fork_with_some_memory);
}

static void grow_execs(struct victim *victim)
{
	grow_restless(victim, execute_with_some_memory);
}

/* Executes itself as soon as it has half of it: what is killed is the second image. */
static void grow_exec(struct victim *victim)
{
	char mib[32];

	victim_touch(map(victim->size_bytes / 2, MAP_PRIVATE), victim->size_bytes / 2);
	snprintf(mib, sizeof(mib), "%zu", victim->size_bytes / MIB);
	execl("/proc/self/exe", "executed", "hog", mib, "now", NULL);
	err(1, "exec");
}

/* A name that is meant for whoever prints it. */
static void grow_hostile(struct victim *victim)
{
	prctl(PR_SET_NAME, "a;b\n\x1b[31mX 9");
	grow_hog(victim);
}

static __attribute__((noinline)) void hold_much(size_t bytes)
{
	victim_touch(map(bytes, MAP_PRIVATE), bytes);
}

static __attribute__((noinline)) void leak_a_little(size_t bytes)
{
	victim_touch(map(bytes, MAP_PRIVATE), bytes);
}

/* Much that stays, and then four times a second a little that is kept, and said when. */
static void grow_steady(struct victim *victim)
{
	const size_t step = MIB / 4;
	struct timespec next, now;

	hold_much(victim->size_bytes / 8);
	victim_say("filled\n");
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		leak_a_little(step);
		clock_gettime(CLOCK_REALTIME, &now);
		victim_say("leaked %zu %ld.%09ld\n", step, (long)now.tv_sec, now.tv_nsec);
		next.tv_nsec += 250000000;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		/* behind its schedule it catches up */
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

#define LOADERS 4

static __attribute__((noinline)) void load_table(size_t bytes)
{
	victim_touch(map(bytes, MAP_PRIVATE), bytes);
}

static void *load(void *bytes)
{
	load_table(*(size_t *)bytes);
	return NULL;
}

static __attribute__((noinline)) void serve_requests(size_t bytes)
{
	for (size_t done = 0; done < bytes; done += MIB) {
		victim_touch(map(MIB, MAP_PRIVATE), MIB);
		usleep(1000);
	}
}

/* Its threads load the same table each, none of them waits for the others'; memory is lost
 * elsewhere. */
static void grow_starts(struct victim *victim)
{
	size_t table = victim->size_bytes / 64;
	pthread_t threads[LOADERS];

	for (int i = 0; i < LOADERS; i++)
		pthread_create(&threads[i], NULL, load, &table);
	for (int i = 0; i < LOADERS; i++)
		pthread_join(threads[i], NULL);
	/* the watcher looks twice a second */
	usleep(800000);
	serve_requests(victim->size_bytes);
}

static const struct victim_case cases[] = {
	{"before", NULL, grow_before, NULL},       {"hog", NULL, grow_hog, NULL},
	{"threads", NULL, grow_threads, NULL},     {"shared", NULL, grow_shared, NULL},
	{"inherited", NULL, grow_inherited, NULL}, {"tmpfs", NULL, grow_tmpfs, NULL},
	{"pipes", NULL, grow_pipes, NULL},         {"sockets", NULL, grow_sockets, NULL},
	{"slab", NULL, grow_slab, NULL},           {"crowd", NULL, grow_crowd, NULL},
	{"protected", NULL, grow_protected, NULL}, {"exec", NULL, grow_exec, NULL},
	{"hostile", NULL, grow_hostile, NULL},     {"bound", NULL, grow_bound, NULL},
	{"huge", NULL, grow_huge, NULL},           {"forks", NULL, grow_forks, NULL},
	{"execs", NULL, grow_execs, NULL},         {"prefork", NULL, grow_prefork, NULL},
	{"daemon", NULL, grow_daemon, NULL},       {"steady", NULL, grow_steady, NULL},
	{"starts", NULL, grow_starts, NULL},
};

int main(int argc, char **argv)
{
	/* after exec nobody speaks to us any more */
	if (argc > 3 && !strcmp(argv[3], "now")) {
		struct victim victim = {.size_bytes = strtoul(argv[2], NULL, 10) * MIB};

		if (!strcmp(argv[1], "execs"))
			execute_for_ever(victim.size_bytes);
		grow_hog(&victim);
		return 0;
	}
	return victim_main(cases, sizeof(cases) / sizeof(cases[0]), argc, argv);
}
