// SPDX-License-Identifier: GPL-2.0-or-later
/* Page cache: filled by reading, and by touching a mapping. ARGUMENT: a name, not there yet. */
#include "victim.h"

/* On the disk and out of the page cache, so that all of it has to be brought in again. */
static void evict(int fd)
{
	if (fsync(fd))
		err(1, "fsync");
	if ((errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)))
		err(1, "posix_fadvise");
}

static void prepare_file(struct victim *victim)
{
	static const char block[16 * PAGE_BYTES];
	const char *name = victim->arguments[0];

	if (!name)
		errx(64, "the name of a file is missing");
	victim->fds[0] = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (victim->fds[0] < 0)
		err(1, "%s", name);
	for (size_t done = 0; done < victim->size_bytes; done += sizeof(block))
		if (write(victim->fds[0], block, sizeof(block)) != (ssize_t)sizeof(block))
			err(1, "%s", name);
	evict(victim->fds[0]);
}

/* Not to the end of the file: 5.10 brings in a page beyond it when a read finds the end. */
VICTIM_SYSCALL_WRAPPER void read_all(int fd, size_t bytes)
{
	static char block[16 * PAGE_BYTES];
	ssize_t got;

	while (bytes > 0 && (got = read(fd, block, sizeof(block))) > 0) {
		victim_stay();
		bytes -= got;
	}
}

static void grow_by_read(struct victim *victim)
{
	lseek(victim->fds[0], 0, SEEK_SET);
	read_all(victim->fds[0], victim->size_bytes);
	victim_say("region grow_by_read file %d %s %zu\n", getpid(), victim->arguments[0],
		   victim->size_bytes);
}

static void grow_by_mmap(struct victim *victim)
{
	volatile char *memory =
		mmap(NULL, victim->size_bytes, PROT_READ, MAP_SHARED, victim->fds[0], 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	for (size_t offset = 0; offset < victim->size_bytes; offset += PAGE_BYTES)
		(void)memory[offset];
	victim->memory = (char *)memory;
	victim_say("region grow_by_mmap file %d %s %zu\n", getpid(), victim->arguments[0],
		   victim->size_bytes);
}

static void shed_file(struct victim *victim)
{
	if (victim->memory)
		victim_unmap(victim);
	if (ftruncate(victim->fds[0], 0))
		err(1, "ftruncate");
	unlink(victim->arguments[0]);
	close(victim->fds[0]);
}

static const struct victim_case cases[] = {
	{"read", prepare_file, grow_by_read, shed_file},
	{"mmap", prepare_file, grow_by_mmap, shed_file},
};

VICTIM_MAIN(cases)
