// SPDX-License-Identifier: GPL-2.0-or-later
/* What its cgroup and the host were set to. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "capture/facts.h"
#include "capture/procfs.h"

struct setting {
	const char *file, *key;
};

/* Of both versions; what is not there is not told. */
static const struct setting cgroup_settings[] = {
	{"memory.high", "memory.high"},
	{"memory.swap.max", "memory.swap.max"},
	{"memory.oom.group", "memory.oom.group"},
	{"memory.swappiness", "memory.swappiness"},
	{"memory.soft_limit_in_bytes", "memory.soft_limit_in_bytes"},
	{"memory.memsw.limit_in_bytes", "memory.memsw.limit_in_bytes"},
};

static const struct setting proc_settings[] = {
	{"sys/vm/overcommit_memory", "vm.overcommit_memory"},
	{"sys/vm/overcommit_ratio", "vm.overcommit_ratio"},
	{"sys/vm/swappiness", "vm.swappiness"},
};

static const struct setting sys_settings[] = {
	{"kernel/mm/transparent_hugepage/enabled", "transparent_hugepage"},
	{"kernel/mm/transparent_hugepage/defrag", "transparent_hugepage.defrag"},
};

/* One line, without its end. */
static bool read_line(int dir_fd, const char *name, char line[128])
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t len = fd < 0 ? -1 : read(fd, line, 127);

	if (len <= 0)
		return false;
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* "always [madvise] never": the chosen word. Anything else is itself. */
static const char *chosen(char *line)
{
	char *begin = strchr(line, '['), *end = begin ? strchr(begin, ']') : NULL;

	if (!end)
		return line;
	*end = '\0';
	return begin + 1;
}

static void take(struct facts *facts, int dir_fd, uint32_t level, const struct setting *setting)
{
	char line[128], *end;
	const char *text;
	uint64_t value;

	if (!read_line(dir_fd, setting->file, line))
		return;
	text = chosen(line);
	value = strtoull(text, &end, 10);
	if (end != text && !*end)
		facts_add(facts, level, FIGURE_SETTING, setting->key, value);
	else
		facts_add_text(facts, level, FIGURE_SETTING, setting->key, text, strlen(text));
}

#define TAKE_ALL(facts, dir_fd, level, settings)                              \
	for (size_t i = 0; i < sizeof(settings) / sizeof((settings)[0]); i++) \
	take(facts, dir_fd, level, &(settings)[i])

/*
 * "4:memory:/a/b" of v1 goes first: where it is mounted, the memory controller is that one's; else
 * "0::/a/b".
 */
static bool path_of_cgroup(const struct sysroot *root, uint32_t pid, char path[PATH_MAX])
{
	_cleanup_fclose_ FILE *stream = procfs_open(root, pid, "cgroup");
	char line[PATH_MAX];
	bool found = false;

	while (stream && fgets(line, sizeof(line), stream)) {
		char *controllers = strchr(line, ':');
		char *in = controllers ? strchr(controllers + 1, ':') : NULL;
		bool v1;

		if (!in)
			continue;
		*in++ = '\0';
		in[strcspn(in, "\n")] = '\0';
		v1 = strcmp(controllers + 1, "memory") == 0;
		if (!v1 && (found || controllers[1]))
			continue;
		found = snprintf(path, PATH_MAX, "%s%s", v1 ? "fs/cgroup/memory" : "fs/cgroup",
				 in) < PATH_MAX;
		if (v1)
			break;
	}
	return found;
}

/*
 * What sockets of it are charged: v2 has it in memory.stat. Of v1 it is counted where somebody has
 * set its limit (mem_cgroup_sockets_enabled), so that 0 says nothing.
 */
static void take_sockets(struct facts *facts, int dir_fd)
{
	_cleanup_close_ int fd = openat(dir_fd, "memory.stat", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");
	char line[128];
	uint64_t bytes = 0;

	if (stream)
		TAKE_FD(fd);
	while (stream && fgets(line, sizeof(line), stream))
		if (sscanf(line, "sock %" SCNu64, &bytes) == 1) {
			facts_add(facts, 0, FIGURE_SETTING, "socket_bytes", bytes);
			return;
		}
	if (read_line(dir_fd, "memory.kmem.tcp.usage_in_bytes", line))
		bytes = strtoull(line, NULL, 10);
	if (bytes)
		facts_add(facts, 0, FIGURE_SETTING, "socket_bytes", bytes);
}

static void take_cgroup(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	char path[PATH_MAX];
	_cleanup_close_ int fd = -1;

	if (!path_of_cgroup(root, pid, path))
		return;
	fd = openat(root->sys_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	TAKE_ALL(facts, fd, 0, cgroup_settings);
	take_sockets(facts, fd);
}

void facts_of_settings(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	take_cgroup(facts, root, pid);
	TAKE_ALL(facts, root->proc_fd, LEVEL_HOST, proc_settings);
	TAKE_ALL(facts, root->sys_fd, LEVEL_HOST, sys_settings);
}
