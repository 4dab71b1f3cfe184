// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/atomic_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define ATOMIC_FILE_TRIES 16

struct atomic_file {
	FILE *stream;
	int dir_fd;         /* -1: written to directly, nothing to rename */
	char *name;         /* the final name, below dir_fd */
	char temporary[32]; /* "" once it has its final name */
};

static void atomic_file_free(struct atomic_file *file)
{
	if (file->stream && file->stream != stdout)
		fclose(file->stream);
	cleanup_close(&file->dir_fd);
	free(file->name);
	free(file);
}

void atomic_file_abort(struct atomic_file *file)
{
	if (file->temporary[0])
		unlinkat(file->dir_fd, file->temporary, 0);
	atomic_file_free(file);
}

/* Follows links, so that a link to a file keeps being one. NULL with errno set. */
static char *resolve(const char *path)
{
	char *resolved = realpath(path, NULL);

	/* a name that is not there yet; a dangling link is replaced, never followed */
	return resolved || errno != ENOENT ? resolved : strdup(path);
}

/* Opens the directory that `path` is in, and copies its last component. */
static int split_path(const char *path, int *ret_dir_fd, char **ret_name)
{
	_cleanup_free_ char *directory = NULL;
	_cleanup_close_ int dir_fd = -1;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *copy;

	if (!name[0])
		return -EISDIR;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	directory = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
	if (!directory)
		return -ENOMEM;
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	*ret_dir_fd = TAKE_FD(dir_fd);
	*ret_name = copy;
	return 0;
}

/* O_EXCL: whatever else is in that directory, the file is ours. Returns a descriptor. */
static int create_temporary(struct atomic_file *file)
{
	uint64_t number;
	int fd;

	for (int i = 0; i < ATOMIC_FILE_TRIES; i++) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -EIO;
		snprintf(file->temporary, sizeof(file->temporary), ".oomtrace.%016llx",
			 (unsigned long long)number);
		fd = openat(file->dir_fd, file->temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	file->temporary[0] = '\0';
	return errno == EEXIST ? -EEXIST : -errno;
}

static int open_beside(struct atomic_file *file, const char *path)
{
	_cleanup_free_ char *resolved = resolve(path);
	int err;

	if (!resolved)
		return -errno;
	err = split_path(resolved, &file->dir_fd, &file->name);
	return err ? err : create_temporary(file);
}

/* Returns a descriptor to write to, or -errno. */
static int open_path(struct atomic_file *file, const char *path)
{
	struct stat status;
	int fd;

	if (!path[0])
		return -ENOENT;
	if (stat(path, &status) != 0 || S_ISREG(status.st_mode))
		return open_beside(file, path);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int atomic_file_open(const char *path, struct atomic_file **ret_file)
{
	_cleanup_(atomic_file_abortp) struct atomic_file *file = NULL;
	_cleanup_close_ int fd = -1;

	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->dir_fd = -1;
	if (strcmp(path, "-") == 0) {
		file->stream = stdout;
	} else {
		fd = open_path(file, path);
		if (fd < 0)
			return fd;
		file->stream = fdopen(fd, "w");
		if (!file->stream)
			return -errno;
		TAKE_FD(fd);
	}
	*ret_file = TAKE_PTR(file);
	return 0;
}

FILE *atomic_file_stream(struct atomic_file *file)
{
	return file->stream;
}

static int flush(struct atomic_file *file)
{
	bool failed_earlier = ferror(file->stream);

	errno = 0;
	if (fflush(file->stream) != 0)
		return errno ? -errno : -EIO;
	return failed_earlier ? -EIO : 0;
}

int atomic_file_read_back(struct atomic_file *file, FILE **ret_stream)
{
	_cleanup_close_ int fd = -1;
	FILE *stream;
	int err;

	if (!file->temporary[0])
		return -ESPIPE;
	err = flush(file);
	if (err)
		return err;
	/* by its name: a duplicate would share the offset that is written at */
	fd = openat(file->dir_fd, file->temporary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	stream = fdopen(fd, "r");
	if (!stream)
		return -errno;
	TAKE_FD(fd);
	*ret_stream = stream;
	return 0;
}

/* The data first, then the name, then the directory that holds the name. */
static int publish(struct atomic_file *file)
{
	FILE *stream = file->stream;

	if (fsync(fileno(stream)) != 0)
		return -errno;
	file->stream = NULL;
	if (fclose(stream) != 0)
		return -errno;
	if (renameat(file->dir_fd, file->temporary, file->dir_fd, file->name) != 0)
		return -errno;
	file->temporary[0] = '\0';
	/* some file systems cannot sync a directory; the file itself is safe */
	fsync(file->dir_fd);
	return 0;
}

int atomic_file_commit(struct atomic_file *file)
{
	int err;

	err = flush(file);
	if (!err && file->dir_fd >= 0)
		err = publish(file);
	if (err)
		atomic_file_abort(file);
	else
		atomic_file_free(file);
	return err;
}
