// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel memory that a process makes the kernel hold: no mapping shows it. */
#include "victim.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* One page in every 2 MiB: as many page tables as pages. SIZE is what the tables hold. */
static void grow_page_tables(struct victim *victim)
{
	size_t tables = victim->size_bytes / PAGE_BYTES;

	victim->memory_bytes = tables * HUGE_BYTES;
	victim->memory =
		victim_map(victim->memory_bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	for (size_t i = 0; i < tables; i++)
		victim_touch(victim->memory + i * HUGE_BYTES, PAGE_BYTES);
	victim_say("region grow_page_tables page_tables %d - %zu\n", getpid(), tables * PAGE_BYTES);
}

#define PIPE_BYTES (64UL << 10)

static void raise_files_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "setrlimit");
}

/* All descriptors exist before tracing: what grows then are the buffers alone. */
static void prepare_pipes(struct victim *victim)
{
	size_t count = victim->size_bytes / PIPE_BYTES;
	int(*pipes)[2] = calloc(count, sizeof(*pipes));

	raise_files_limit();
	for (size_t i = 0; i < count; i++)
		if (pipe(pipes[i]))
			err(1, "pipe");
	victim->more = pipes;
}

VICTIM_SYSCALL_WRAPPER void fill_pipe(int fd)
{
	static const char block[PIPE_BYTES];

	if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
		err(1, "pipe");
	victim_stay();
}

static void grow_pipes(struct victim *victim)
{
	int(*pipes)[2] = victim->more;

	for (size_t i = 0; i < victim->size_bytes / PIPE_BYTES; i++)
		fill_pipe(pipes[i][1]);
	victim_say("region grow_pipes pipe %d - %zu\n", getpid(), victim->size_bytes);
}

static void shed_pipes(struct victim *victim)
{
	int(*pipes)[2] = victim->more;

	for (size_t i = 0; i < victim->size_bytes / PIPE_BYTES; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

/* A socket pair is a few slab objects and nothing else. */
#define SOCKET_PAIRS 8192
/* Objects of earlier lives lie free in slabs that are held already: so many pairs fill those. */
#define FILLING_PAIRS (4 * SOCKET_PAIRS)

VICTIM_SYSCALL_WRAPPER void open_sockets(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "socketpair");
	victim_stay();
}

/* Lives as long as the victim, and is not traced: what the victim grows by needs new slabs. */
static void fill_slabs(void)
{
	int done[2];
	char byte;

	if (pipe(done))
		err(1, "pipe");
	if (fork() == 0) {
		int pair[2];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0; i < FILLING_PAIRS; i++)
			if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
				break; /* as many as the limit on descriptors allows */
		close(done[0]);
		close(done[1]);
		for (;;)
			pause();
	}
	close(done[1]);
	if (read(done[0], &byte, 1) < 0)
		err(1, "pipe");
	close(done[0]);
}

static void prepare_slab(struct victim *victim)
{
	raise_files_limit();
	fill_slabs();
	victim->more = calloc(SOCKET_PAIRS, sizeof(int[2]));
	for (size_t i = 0; i < SOCKET_PAIRS * sizeof(int[2]); i += PAGE_BYTES)
		((volatile char *)victim->more)[i] = 0;
	/* The descriptor table grows by vmalloc, which has no event: it is grown beforehand. */
	if (dup2(STDIN_FILENO, 2 * SOCKET_PAIRS + 64) < 0)
		err(1, "dup2");
}

static void grow_slab(struct victim *victim)
{
	int(*pairs)[2] = victim->more;

	for (size_t i = 0; i < SOCKET_PAIRS; i++)
		open_sockets(pairs[i]);
	victim_say("region grow_slab slab %d - 0\n", getpid());
}

static void shed_slab(struct victim *victim)
{
	int(*pairs)[2] = victim->more;

	for (size_t i = 0; i < SOCKET_PAIRS; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

static const struct victim_case cases[] = {
	{"page_tables", NULL, grow_page_tables, victim_unmap},
	{"pipes", prepare_pipes, grow_pipes, shed_pipes},
	{"slab", prepare_slab, grow_slab, shed_slab},
};

VICTIM_MAIN(cases)
