// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/meminfo.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const keys[] = {
	[HOST_TOTAL] = "MemTotal",
	[HOST_FREE] = "MemFree",
	[HOST_BUFFERS] = "Buffers",
	[HOST_CACHED] = "Cached",
	[HOST_SWAP_CACHED] = "SwapCached",
	[HOST_ANON] = "AnonPages",
	[HOST_SHMEM] = "Shmem",
	[HOST_SLAB] = "Slab",
	[HOST_KERNEL_STACKS] = "KernelStack",
	[HOST_PAGE_TABLES] = "PageTables",
	[HOST_OTHER_TABLES] = "SecPageTables",
	[HOST_PERCPU] = "Percpu",
};

_Static_assert(sizeof(keys) / sizeof(keys[0]) == HOST_FIGURE_COUNT, "every figure has its key");

static void take_figure(struct host_event *host, const char *key, uint64_t kib)
{
	for (int figure = 0; figure < HOST_FIGURE_COUNT; figure++) {
		if (strcmp(keys[figure], key) != 0)
			continue;
		host->bytes[figure] = kib * 1024;
		host->known |= 1U << figure;
	}
}

int meminfo_read(const struct sysroot *root, struct host_event *ret_host)
{
	int fd = openat(root->proc_fd, "meminfo", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
	struct host_event host = {.when = ret_host->when};
	char line[256], key[64];
	uint64_t kib;

	if (!stream)
		return -errno;
	while (fgets(line, sizeof(line), stream))
		if (sscanf(line, "%63[^:]: %" SCNu64 " kB", key, &kib) == 2)
			take_figure(&host, key, kib);
	if (!host.known)
		return -ENODATA;
	*ret_host = host;
	return 0;
}
