// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes into a tmpfs file and cuts it off again. */
#include "loop.h"

#include <err.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_BYTES (16UL << 20)
#define FILES_PER_ROUND 4

static void write_and_truncate(void *state)
{
	static char block[64 << 10];
	int fd = *(int *)state;

	for (int i = 0; i < FILES_PER_ROUND; i++) {
		for (size_t done = 0; done < FILE_BYTES; done += sizeof(block))
			if (pwrite(fd, block, sizeof(block), done) != (ssize_t)sizeof(block))
				err(1, "write");
		if (ftruncate(fd, 0))
			err(1, "ftruncate");
	}
}

int main(void)
{
	int fd = memfd_create("bench", 0);

	if (fd < 0)
		err(1, "memfd_create");
	loop_run(write_and_truncate, &fd);
	return 0;
}
