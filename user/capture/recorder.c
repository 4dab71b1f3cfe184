// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/log.h"

static int lock_memory(void)
{
	/* pages as they are touched: most of what is mapped never is */
	return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ? -errno : 0;
}

static int set_oom_score_adj(int adj)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d", adj) < 0)
		return -errno;
	return 0;
}

void recorder_outlive_readers(void)
{
	signal(SIGPIPE, SIG_IGN);
	log_set_patience_ms(RECORDER_PATIENCE_MS);
}

void recorder_trim(void)
{
	/* free bytes that the kernel has back already, at most */
	static size_t given_back;
	size_t free_bytes = mallinfo2().fordblks;

	if (free_bytes < given_back)
		given_back = free_bytes;
	if (free_bytes - given_back < RECORDER_SPARE_BYTES)
		return;
	malloc_trim(0);
	given_back = mallinfo2().fordblks;
}

struct recorder_protection recorder_protect(void)
{
	/* what opening everything has needed for a while */
	malloc_trim(0);
	return (struct recorder_protection){
		.lock_error = lock_memory(),
		.adj_error = set_oom_score_adj(RECORDER_OOM_SCORE_ADJ),
	};
}
