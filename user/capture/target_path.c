// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/target_path.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include <linux/openat2.h>

#include "capture/mount_types.h"
#include "capture/procfs.h"

#define DEPTH_MAX 64
#define LINKS_MAX 8

/* A walk: the directories from the root on, so that ".." leads back and never beyond it. */
struct walk {
	const struct sysroot *root;
	uint32_t pid;
	int fds[DEPTH_MAX];
	size_t depth;
	uint32_t mount; /* that answers, as was asked last; 0: none */
	unsigned int links;
	char rest[PROCFS_PATH_MAX]; /* what is to be followed yet */
};

static void walk_release(struct walk *walk)
{
	/* the root is the caller's */
	while (walk->depth > 1)
		close(walk->fds[--walk->depth]);
}

/* Most steps stay on the mount that the step before was on. */
static bool step_answers(struct walk *walk, int fd)
{
	uint32_t mount = mount_of_fd(walk->root, fd);

	if (mount == 0 || (mount != walk->mount && !mount_answers(walk->root, walk->pid, mount)))
		return false;
	walk->mount = mount;
	return true;
}

/* Takes the first name off what is left; false at the end. */
static bool name_take(struct walk *walk, char name[NAME_MAX + 1])
{
	size_t slashes = strspn(walk->rest, "/");
	size_t length = strcspn(walk->rest + slashes, "/");

	if (length == 0 || length > NAME_MAX)
		return false;
	memcpy(name, walk->rest + slashes, length);
	name[length] = '\0';
	memmove(walk->rest, walk->rest + slashes + length,
		strlen(walk->rest + slashes + length) + 1);
	return true;
}

/* What a link says comes before what is left. */
static int link_follow(struct walk *walk, int link)
{
	char target[PROCFS_PATH_MAX];
	size_t rest_bytes = strlen(walk->rest) + 1;
	ssize_t length = readlinkat(link, "", target, sizeof(target));

	if (length < 0)
		return -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)length + rest_bytes > sizeof(walk->rest))
		return -ENAMETOOLONG;
	if (length > 0 && target[0] == '/')
		walk_release(walk);
	memmove(walk->rest + length, walk->rest, rest_bytes);
	memcpy(walk->rest, target, (size_t)length);
	return 0;
}

static int step_open(int directory, const char *name)
{
	/* of a link the link itself */
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int step(struct walk *walk, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat status;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		if (walk->depth > 1)
			close(walk->fds[--walk->depth]);
		return 0;
	}
	if (walk->depth == DEPTH_MAX)
		return -ENAMETOOLONG;
	fd = step_open(walk->fds[walk->depth - 1], name);
	if (fd < 0)
		return fd;
	/* before its file system is asked for anything */
	if (!step_answers(walk, fd))
		return -EREMOTE;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISLNK(status.st_mode))
		return link_follow(walk, fd);
	walk->fds[walk->depth++] = TAKE_FD(fd);
	return 0;
}

int target_root_open(const struct sysroot *root, uint32_t pid)
{
	return procfs_open_fd(root, pid ? pid : (uint32_t)getpid(), "root", O_PATH | O_DIRECTORY);
}

int target_path_find(const struct sysroot *root, uint32_t pid, int top, const char *path,
		     struct stat *ret_status)
{
	_cleanup_(walk_release) struct walk walk = {
		.root = root,
		.pid = pid ? pid : (uint32_t)getpid(),
		.fds = {top},
		.depth = 1,
	};
	char name[NAME_MAX + 1];
	int r = 0;

	if (strlen(path) >= sizeof(walk.rest))
		return -ENAMETOOLONG;
	memcpy(walk.rest, path, strlen(path) + 1);
	if (!step_answers(&walk, top))
		return -EREMOTE;
	while (r == 0 && name_take(&walk, name))
		r = step(&walk, name);
	if (r < 0)
		return r;
	if (walk.depth == 1 || fstat(walk.fds[walk.depth - 1], ret_status) < 0 ||
	    !S_ISREG(ret_status->st_mode))
		return -ENOENT;
	return walk.fds[--walk.depth];
}

int target_path_open(const struct sysroot *root, int found_fd)
{
	char name[32];

	snprintf(name, sizeof(name), "fd/%d", found_fd);
	return procfs_open_fd(root, (uint32_t)getpid(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}
