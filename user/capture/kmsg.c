// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/kmsg.h"

#include <fcntl.h>

#include "base/cleanup.h"

/* kernel/printk/printk.c: PRINTKRB_RECORD_MAX, CONSOLE_EXT_LOG_MAX before */
#define RECORD_MAX 8192
#define RECORDS_AT_ONCE 20000

int kmsg_open(void)
{
	_cleanup_close_ int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		return -errno;
	return TAKE_FD(fd);
}

void kmsg_read(int fd, struct kmsg_oom *oom)
{
	char record[RECORD_MAX + 1];

	for (int i = 0; fd >= 0 && i < RECORDS_AT_ONCE; i++) {
		ssize_t len = read(fd, record, RECORD_MAX);

		/* what was next has been overwritten: the next read is of what is there */
		if (len < 0 && errno == EPIPE) {
			oom->overruns++;
			continue;
		}
		if (len <= 0)
			return;
		/* a dictionary follows after the line */
		record[len] = '\0';
		for (ssize_t at = 0; at < len; at++)
			if (record[at] == '\n')
				record[at] = '\0';
		kmsg_oom_feed(oom, record);
	}
}
