// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/perf_maps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <linux/openat2.h>

#include "base/lines.h"
#include "capture/mount_types.h"
#include "capture/procfs.h"
#include "capture/target_path.h"

#define DIRECTORY "tmp"

struct owner {
	uint32_t uid;
	uint32_t pid; /* in its innermost namespace */
};

/* The last number of a line: "NStgid:\t4711\t12" */
static bool last_number(const char *line, uint32_t *ret_number)
{
	const char *tab = strrchr(line, '\t');

	return tab && sscanf(tab, "%" SCNu32, ret_number) == 1;
}

/* NStgid and not NSpid, for `pid` may be a thread's. */
static int owner_read(const struct sysroot *root, uint32_t pid, struct owner *ret_owner)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "status", O_RDONLY);
	bool uid_known = false, pid_known = false;
	struct lines lines;
	const char *line;

	if (fd < 0)
		return fd;
	lines_begin(&lines, fd);
	while ((line = lines_next(&lines))) {
		if (strncmp(line, "Uid:", 4) == 0)
			uid_known = sscanf(line, "Uid: %*u %" SCNu32, &ret_owner->uid) == 1;
		else if (strncmp(line, "NStgid:", 7) == 0)
			pid_known = last_number(line, &ret_owner->pid);
	}
	return uid_known && pid_known ? 0 : -ESRCH;
}

static int open_beneath(int directory, const char *name, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/*
 * One step at a time, each asked for its file system before anything is looked up in it: what is
 * held by a descriptor cannot be exchanged for something else meanwhile. /tmp may be a mount of its
 * own, what is in it may not.
 */
static int find(const struct sysroot *root, uint32_t pid, const char *name)
{
	_cleanup_close_ int top = procfs_open_fd(root, pid, "root", O_PATH);
	_cleanup_close_ int directory = -1;

	if (top < 0)
		return top;
	if (!mount_answers_fd(root, pid, top))
		return -EREMOTE;
	directory = open_beneath(top, DIRECTORY, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT);
	if (directory < 0)
		return directory;
	if (!mount_answers_fd(root, pid, directory))
		return -EREMOTE;
	return open_beneath(directory, name, O_PATH | O_NOFOLLOW,
			    RESOLVE_BENEATH | RESOLVE_NO_XDEV);
}

static bool may_be_read(const struct stat *status, const struct owner *owner)
{
	return S_ISREG(status->st_mode) && (status->st_uid == owner->uid || status->st_uid == 0);
}

int perf_map_find(const struct sysroot *root, uint32_t pid, struct perf_map *ret_map)
{
	struct perf_map map = {.fd = -1};
	_cleanup_close_ int fd = -1;
	struct owner owner = {};
	int r;

	r = owner_read(root, pid, &owner);
	if (r < 0)
		return r;
	snprintf(map.path, sizeof(map.path), "/" DIRECTORY "/perf-%" PRIu32 ".map", owner.pid);
	fd = find(root, pid, map.path + strlen("/" DIRECTORY "/"));
	if (fd < 0)
		return fd;
	if (fstat(fd, &map.status) < 0)
		return -errno;
	if (!may_be_read(&map.status, &owner))
		return -EPERM;
	map.fd = TAKE_FD(fd);
	*ret_map = map;
	return 0;
}

int perf_map_open(const struct sysroot *root, const struct perf_map *map)
{
	return target_path_open(root, map->fd);
}
