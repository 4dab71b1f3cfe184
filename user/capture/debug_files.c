// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/debug_files.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/procfs.h"
#include "capture/target_path.h"

#define DEBUG_DIRECTORY "usr/lib/debug"
/* SHA-256, the longest that is in use. */
#define BUILD_ID_BYTES_MAX 32

struct search {
	const struct sysroot *root;
	const struct debug_wanted *wanted;
	struct debug_files *files;
	struct stat program; /* st_ino 0: unknown */
	uint32_t pid;        /* whose root is searched */
	int top;             /* that root */
};

/* Who could have written the program itself could have put anything into it. */
static bool may_be_read(const struct search *search, const struct stat *status)
{
	const struct stat *program = &search->program;

	if (program->st_ino == status->st_ino && program->st_dev == status->st_dev)
		return false;
	return status->st_uid == 0 || (program->st_ino && status->st_uid == program->st_uid);
}

/* What was found already, by another way to the same root or by a link, is not found again. */
static bool is_found(const struct debug_files *files, const struct stat *status)
{
	struct stat found;

	for (size_t i = 0; i < files->count; i++)
		if (fstat(files->fds[i], &found) == 0 && found.st_ino == status->st_ino &&
		    found.st_dev == status->st_dev)
			return true;
	return false;
}

static void try_path(const struct search *search, const char *path)
{
	struct debug_files *files = search->files;
	_cleanup_close_ int found = -1;
	struct stat status;
	int fd;

	if (files->count == DEBUG_FILES_MAX)
		return;
	found = target_path_find(search->root, search->pid, search->top, path, &status);
	if (found < 0 || !may_be_read(search, &status) || is_found(files, &status))
		return;
	fd = target_path_open(search->root, found);
	if (fd >= 0)
		files->fds[files->count++] = fd;
}

/* .build-id/ab/cdef….debug */
static void search_build_id(const struct search *search)
{
	const struct debug_wanted *wanted = search->wanted;
	char digits[2 * BUILD_ID_BYTES_MAX + 1] = "", path[256];

	if (wanted->build_id_bytes < 2 || wanted->build_id_bytes > BUILD_ID_BYTES_MAX)
		return;
	for (size_t i = 1; i < wanted->build_id_bytes; i++)
		snprintf(digits + 2 * (i - 1), 3, "%02x", wanted->build_id[i]);
	snprintf(path, sizeof(path), DEBUG_DIRECTORY "/.build-id/%02x/%s.debug",
		 wanted->build_id[0], digits);
	try_path(search, path);
}

/*
 * Mappings are told as we see them: of a process in a chroot its root comes first; from another
 * mount namespace there is nothing to take off.
 */
static const char *path_inside(const struct search *search)
{
	char name[32], top[PROCFS_PATH_MAX];
	const char *path = search->wanted->path;
	ssize_t length;

	snprintf(name, sizeof(name), "self/fd/%d", search->top);
	length = readlinkat(search->root->proc_fd, name, top, sizeof(top));
	if (length > 1 && strncmp(path, top, (size_t)length) == 0 && path[length] == '/')
		path += length;
	return path;
}

static void search_name(const struct search *search)
{
	static const char *const forms[] = {"%.*s/%s", "%.*s/.debug/%s",
					    DEBUG_DIRECTORY "/%.*s/%s"};
	const char *name = search->wanted->name, *path, *slash;
	char tried[2 * PROCFS_PATH_MAX];

	if (!name || !search->wanted->path || search->wanted->path[0] != '/')
		return;
	path = path_inside(search);
	slash = strrchr(path, '/');
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		snprintf(tried, sizeof(tried), forms[i], (int)(slash - path), path, name);
		try_path(search, tried);
	}
}

static void search_root(struct search *search, bool by_name)
{
	_cleanup_close_ int top = target_root_open(search->root, search->pid);

	if (top < 0)
		return;
	search->top = top;
	search_build_id(search);
	if (by_name)
		search_name(search);
}

void debug_files_find(const struct sysroot *root, const struct debug_wanted *wanted,
		      struct debug_files *ret_files)
{
	struct search search = {
		.root = root, .wanted = wanted, .files = ret_files, .pid = wanted->pid};

	*ret_files = (struct debug_files){};
	if (wanted->fd >= 0 && fstat(wanted->fd, &search.program) < 0)
		search.program.st_ino = 0;
	search_root(&search, true);
	/* the host's packages have what its containers run more often than the containers have */
	search.pid = 0;
	if (wanted->pid)
		search_root(&search, false);
}

void debug_files_release(struct debug_files *files)
{
	while (files->count > 0)
		close(files->fds[--files->count]);
}
