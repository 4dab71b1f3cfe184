// SPDX-License-Identifier: GPL-2.0-or-later
#include "fleet/spool.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define LOCK_NAME ".lock"
/* What spool_writer.c calls what it writes begins so. */
#define UNFINISHED_PREFIX ".unfinished"

struct spool {
	int fd;
	int lock_fd; /* -1: read only */
};

static int open_directory(const char *path, struct spool **ret_spool)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int err;

	if (!spool)
		return -ENOMEM;
	spool->lock_fd = -1;
	spool->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->fd < 0) {
		err = -errno;
		free(spool);
		return err;
	}
	*ret_spool = spool;
	return 0;
}

int spool_open(const char *path, struct spool **ret_spool)
{
	return open_directory(path, ret_spool);
}

static int lock(struct spool *spool)
{
	spool->lock_fd = openat(spool->fd, LOCK_NAME,
				O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (spool->lock_fd < 0)
		return -errno;
	if (flock(spool->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* Incidents name processes and their arguments, and the names of files here are trusted. */
static int check_owner(const struct spool *spool)
{
	struct stat status;

	if (fstat(spool->fd, &status) != 0)
		return -errno;
	return status.st_uid != geteuid() || status.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

/* Calls `each` for every name; anything but 0 ends it. */
static int walk(const struct spool *spool, int (*each)(const char *name, void *context),
		void *context)
{
	_cleanup_close_ int fd = openat(spool->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int err = 0;

	if (!directory)
		return -errno;
	TAKE_FD(fd);
	while (!err && (errno = 0, entry = readdir(directory)))
		err = each(entry->d_name, context);
	return err ? err : -errno;
}

static int sweep_one(const char *name, void *context)
{
	const struct spool *spool = context;

	if (strncmp(name, UNFINISHED_PREFIX, strlen(UNFINISHED_PREFIX)) == 0 &&
	    unlinkat(spool->fd, name, 0) != 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int spool_open_writing(const char *path, struct spool **ret_spool)
{
	_cleanup_(spool_closep) struct spool *spool = NULL;
	int err;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return -errno;
	err = open_directory(path, &spool);
	if (!err)
		err = check_owner(spool);
	if (!err)
		err = lock(spool);
	if (!err)
		err = walk(spool, sweep_one, spool);
	if (err)
		return err;
	*ret_spool = TAKE_PTR(spool);
	return 0;
}

void spool_close(struct spool *spool)
{
	cleanup_close(&spool->lock_fd);
	cleanup_close(&spool->fd);
	free(spool);
}

void spool_leave_lock(struct spool *spool)
{
	cleanup_close(&spool->lock_fd);
	spool->lock_fd = -1;
}

int spool_fd(const struct spool *spool)
{
	return spool->fd;
}

/* --- names -------------------------------------------------------------------------------- */

bool spool_id_is_valid(const char *id)
{
	size_t len_bytes = strlen(id);

	if (!len_bytes || len_bytes + strlen(SPOOL_ENDING) >= SPOOL_ID_MAX || id[0] == '.' ||
	    id[0] == '-')
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && !strchr("-_.", *id))
			return false;
	return true;
}

/* False: it is no incident's. */
static bool id_of_name(const char *name, char ret_id[SPOOL_ID_MAX])
{
	size_t len_bytes = strlen(name);

	if (len_bytes <= strlen(SPOOL_ENDING) || len_bytes >= SPOOL_ID_MAX ||
	    strcmp(name + len_bytes - strlen(SPOOL_ENDING), SPOOL_ENDING) != 0)
		return false;
	memcpy(ret_id, name, len_bytes - strlen(SPOOL_ENDING));
	ret_id[len_bytes - strlen(SPOOL_ENDING)] = '\0';
	return spool_id_is_valid(ret_id);
}

static void name_of_id(const char *id, char ret_name[SPOOL_ID_MAX])
{
	snprintf(ret_name, SPOOL_ID_MAX, "%s" SPOOL_ENDING, id);
}

void spool_ids_release(struct spool_ids *ids)
{
	free(ids->ids);
	*ids = (struct spool_ids){0};
}

static int collect_one(const char *name, void *context)
{
	struct spool_ids *ids = context;
	char id[SPOOL_ID_MAX];
	void *grown;

	if (!id_of_name(name, id))
		return 0;
	if ((ids->count & (ids->count - 1)) == 0) {
		grown = reallocarray(ids->ids, ids->count ? 2 * ids->count : 1, sizeof(*ids->ids));
		if (!grown)
			return -ENOMEM;
		ids->ids = grown;
	}
	memcpy(ids->ids[ids->count++], id, sizeof(id));
	return 0;
}

/* Ids begin with their time and end in a number that counts on. */
static int compare_ids(const void *left, const void *right)
{
	return strverscmp(left, right);
}

int spool_list(const struct spool *spool, struct spool_ids *ret_ids)
{
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	int err = walk(spool, collect_one, &ids);

	if (err)
		return err;
	if (ids.count)
		qsort(ids.ids, ids.count, sizeof(*ids.ids), compare_ids);
	*ret_ids = ids;
	ids = (struct spool_ids){0};
	return 0;
}

int spool_read(const struct spool *spool, const char *id, FILE **ret_stream)
{
	_cleanup_close_ int fd = -1;
	char name[SPOOL_ID_MAX];
	FILE *stream;

	if (!spool_id_is_valid(id))
		return -EINVAL;
	name_of_id(id, name);
	/* what is no file would keep us waiting */
	fd = openat(spool->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	stream = fdopen(fd, "r");
	if (!stream)
		return -errno;
	TAKE_FD(fd);
	*ret_stream = stream;
	return 0;
}

bool spool_is_raw(const struct spool *spool, const char *id)
{
	char name[SPOOL_ID_MAX];
	struct stat status;

	name_of_id(id, name);
	return fstatat(spool->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_mode & S_IWUSR;
}

/* --- retention ---------------------------------------------------------------------------- */

static uint64_t size_of(const struct spool *spool, const char *id)
{
	char name[SPOOL_ID_MAX];
	struct stat status;

	name_of_id(id, name);
	if (fstatat(spool->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return (uint64_t)status.st_blocks * 512;
}

static bool is_short_of_space(const struct spool *spool, unsigned int keep_free_percent)
{
	struct statvfs status;

	return keep_free_percent && fstatvfs(spool->fd, &status) == 0 && status.f_blocks &&
	       (double)status.f_bavail * 100 < (double)status.f_blocks * keep_free_percent;
}

static int drop(const struct spool *spool, const char *id)
{
	char name[SPOOL_ID_MAX];

	name_of_id(id, name);
	return unlinkat(spool->fd, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
}

int spool_prune(const struct spool *spool, uint64_t max_bytes, unsigned int keep_free_percent,
		unsigned int *ret_dropped)
{
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	uint64_t all_bytes = 0;
	int err = spool_list(spool, &ids);

	*ret_dropped = 0;
	for (size_t i = 0; i < ids.count; i++)
		all_bytes += size_of(spool, ids.ids[i]);
	for (size_t i = 0; i + 1 < ids.count && !err; i++) {
		uint64_t bytes = size_of(spool, ids.ids[i]);

		if (all_bytes <= max_bytes && !is_short_of_space(spool, keep_free_percent))
			break;
		err = drop(spool, ids.ids[i]);
		all_bytes -= bytes;
		*ret_dropped += !err;
	}
	return err;
}
