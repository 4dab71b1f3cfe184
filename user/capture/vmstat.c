// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/vmstat.h"

#include <fcntl.h>
#include <string.h>

/* 4 to 6 KiB; read by one call, into no memory that has to be asked for. */
#define VMSTAT_MAX 16384

int vmstat_oom_kills(const struct sysroot *root, uint64_t *ret_kills)
{
	_cleanup_close_ int fd = openat(root->proc_fd, "vmstat", O_RDONLY | O_CLOEXEC);
	char text[VMSTAT_MAX];
	const char *line;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < sizeof(text) - 1) {
		ssize_t bytes = read(fd, text + len, sizeof(text) - 1 - len);

		if (bytes < 0)
			return -errno;
		if (bytes == 0)
			break;
		len += bytes;
	}
	text[len] = '\0';
	line = strstr(text, "\noom_kill ");
	if (!line)
		return -ENOENT;
	*ret_kills = strtoull(line + strlen("\noom_kill "), NULL, 10);
	return 0;
}
