// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory in tmpfs, with and without a name. */
#include "victim.h"

static void grow_shared(struct victim *victim)
{
	victim->memory = victim_map(victim->size_bytes, MAP_SHARED | MAP_ANONYMOUS);
	victim_touch(victim->memory, victim->size_bytes);
	victim_region("grow_shared", "shmem", getpid(), victim->memory, victim->size_bytes);
}

VICTIM_SYSCALL_WRAPPER void write_bytes(int fd, size_t bytes)
{
	static const char block[16 * PAGE_BYTES];

	for (size_t done = 0; done < bytes; done += sizeof(block))
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			err(1, "write");
}

static void grow_memfd(struct victim *victim)
{
	victim->fds[0] = memfd_create("victim", 0);
	write_bytes(victim->fds[0], victim->size_bytes);
	victim_say("region grow_memfd shmem_file %d /proc/%d/fd/%d %zu\n", getpid(), getpid(),
		   victim->fds[0], victim->size_bytes);
}

static void shed_memfd(struct victim *victim)
{
	close(victim->fds[0]);
}

/* ARGUMENT: a name on a tmpfs, not there yet. */
static void prepare_tmpfs(struct victim *victim)
{
	if (!victim->arguments[0])
		errx(64, "tmpfs wants the name of a file");
	victim->fds[0] = open(victim->arguments[0], O_RDWR | O_CREAT | O_EXCL, 0600);
	if (victim->fds[0] < 0)
		err(1, "%s", victim->arguments[0]);
}

static void grow_tmpfs(struct victim *victim)
{
	write_bytes(victim->fds[0], victim->size_bytes);
	victim_say("region grow_tmpfs shmem_file %d %s %zu\n", getpid(), victim->arguments[0],
		   victim->size_bytes);
}

static void shed_tmpfs(struct victim *victim)
{
	unlink(victim->arguments[0]);
	close(victim->fds[0]);
}

static const struct victim_case cases[] = {
	{"shared", NULL, grow_shared, victim_unmap},
	{"memfd", NULL, grow_memfd, shed_memfd},
	{"tmpfs", prepare_tmpfs, grow_tmpfs, shed_tmpfs},
};

VICTIM_MAIN(cases)
