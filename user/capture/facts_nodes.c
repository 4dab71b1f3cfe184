// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much each memory node has left: where a cpuset or a policy is the constraint, one node is
 * full while the host is not. Which nodes the process may use is in its status (facts_process.c);
 * on which its pages lie only numa_maps says, which walks all of them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "capture/facts.h"

/* The first ones: keys are words of ours, and room is bounded. */
static const struct {
	const char *meminfo, *total, *free;
} nodes[] = {
#define NODE(n)                                                                     \
	{                                                                           \
		"devices/system/node/node" #n "/meminfo", "node" #n ".total_bytes", \
			"node" #n ".free_bytes"                                     \
	}
	NODE(0), NODE(1), NODE(2), NODE(3), NODE(4), NODE(5), NODE(6), NODE(7),
#undef NODE
};

static FILE *open_file(const struct sysroot *root, const char *name)
{
	int fd = openat(root->sys_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");

	if (fd >= 0 && !stream)
		close(fd);
	return stream;
}

/* "0", "0-1", "0,2" */
static bool has_several(const struct sysroot *root)
{
	_cleanup_fclose_ FILE *stream = open_file(root, "devices/system/node/online");
	char line[128];

	return stream && fgets(line, sizeof(line), stream) && strpbrk(line, ",-");
}

/* "Node 1 MemFree:   123 kB" */
static void take_node(struct facts *facts, const struct sysroot *root, size_t node)
{
	_cleanup_fclose_ FILE *stream = open_file(root, nodes[node].meminfo);
	char line[128];
	uint64_t kib;

	while (stream && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "Node %*u MemTotal: %" SCNu64, &kib) == 1)
			facts_add(facts, LEVEL_HOST, FIGURE_SETTING, nodes[node].total, kib * 1024);
		else if (sscanf(line, "Node %*u MemFree: %" SCNu64, &kib) == 1)
			facts_add(facts, LEVEL_HOST, FIGURE_SETTING, nodes[node].free, kib * 1024);
	}
}

void facts_of_nodes(struct facts *facts, const struct sysroot *root)
{
	if (!has_several(root))
		return;
	for (size_t node = 0; node < sizeof(nodes) / sizeof(nodes[0]); node++)
		take_node(facts, root, node);
}
