// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/module_store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "symbols/sandbox.h"

#define SUFFIX ".module"
#define NEW_PREFIX ".new-"
#define FETCHED_NAME "debuginfod"
#define NAME_BYTES 320
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

struct module_store {
	int directory;
	uint64_t max_bytes;
};

/* A file that could be removed. */
struct candidate {
	char name[NAME_BYTES];
	struct timespec used;
	uint64_t size_bytes;
};

struct candidates {
	struct candidate *items;
	size_t count, capacity;
	uint64_t size_bytes;
};

/* Nobody else can have written it, nor can now. */
static bool is_ours(const struct stat *status)
{
	return status->st_uid == geteuid() && !(status->st_mode & WRITABLE_BY_OTHERS);
}

int module_store_open(const char *path, uint64_t max_bytes, struct module_store **ret_store)
{
	_cleanup_close_ int directory = -1;
	struct module_store *store;
	struct stat status;

	if (mkdir(path, S_IRWXU) < 0 && errno != EEXIST)
		return -errno;
	directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0 || fstat(directory, &status) < 0)
		return -errno;
	if (!is_ours(&status))
		return -EPERM;
	store = calloc(1, sizeof(*store));
	if (!store)
		return -ENOMEM;
	*store = (struct module_store){TAKE_FD(directory), max_bytes};
	*ret_store = store;
	return 0;
}

void module_store_close(struct module_store *store)
{
	close(store->directory);
	free(store);
}

static size_t source_name(const struct module_source *source, const char *what, char *name,
			  size_t capacity)
{
	if (source->inode == 0)
		return 0;
	return (size_t)snprintf(name, capacity,
				"%s-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64, what,
				source->device, source->inode, source->size_bytes,
				source->modified_ns, source->changed_ns);
}

/* "59c3...d4.module": digits only, for the build-id is the target's choice. */
static void identity_name(const struct module_identity *identity, char ret_name[NAME_BYTES])
{
	size_t length = 0;

	for (uint32_t i = 0; i < identity->build_id_bytes; i++)
		length += (size_t)snprintf(ret_name + length, NAME_BYTES - length, "%02x",
					   identity->build_id[i]);
	length += source_name(&identity->file, "file", ret_name + length, NAME_BYTES - length);
	length += source_name(&identity->debug, "-debug", ret_name + length, NAME_BYTES - length);
	snprintf(ret_name + length, NAME_BYTES - length, SUFFIX);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

int module_store_find(struct module_store *store, const struct module_identity *identity,
		      struct module_file **ret_file)
{
	/* the time of its use; that of its making stays */
	static const struct timespec now[] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;
	_cleanup_close_ int fd = -1;
	char name[NAME_BYTES];
	struct stat status;
	int r;

	identity_name(identity, name);
	fd = openat(store->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || !is_ours(&status))
		return -EPERM;
	r = module_file_map(fd, &file);
	if (r < 0)
		return r;
	if (!module_identity_equals(&module_file_header(file)->identity, identity))
		return -EBADMSG;
	futimens(fd, now);
	*ret_file = TAKE_PTR(file);
	return 0;
}

int module_store_open_fetched(const struct module_store *store)
{
	_cleanup_close_ int fd = -1;
	struct stat status;

	if (mkdirat(store->directory, FETCHED_NAME, S_IRWXU) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(store->directory, FETCHED_NAME,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	/* who cannot give it away keeps his ids, and the child with him */
	if (status.st_uid == geteuid() && geteuid() == 0 &&
	    fchown(fd, SANDBOX_USER, SANDBOX_USER) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int module_store_open_nameless(const struct module_store *store)
{
	int fd = openat(store->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);

	return fd < 0 ? -errno : fd;
}

static int bytes_write(int fd, const void *bytes, size_t size_bytes)
{
	while (size_bytes > 0) {
		ssize_t written = write(fd, bytes, size_bytes);

		if (written < 0)
			return -errno;
		bytes = (const char *)bytes + written;
		size_bytes -= (size_t)written;
	}
	return 0;
}

static int candidate_add(struct candidates *candidates, const char *name, const struct stat *status)
{
	struct candidate *candidate;

	if (candidates->count == candidates->capacity) {
		size_t capacity = candidates->capacity ? 2 * candidates->capacity : 64;
		struct candidate *items = reallocarray(candidates->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		candidates->items = items;
		candidates->capacity = capacity;
	}
	candidate = &candidates->items[candidates->count++];
	snprintf(candidate->name, sizeof(candidate->name), "%s", name);
	candidate->used = status->st_atim;
	candidate->size_bytes = (uint64_t)status->st_size;
	candidates->size_bytes += candidate->size_bytes;
	return 0;
}

/* Ours to remove: a module file, or what a run that was killed left behind. */
static bool is_module_name(const char *name)
{
	size_t length = strlen(name);

	if (strncmp(name, NEW_PREFIX, strlen(NEW_PREFIX)) == 0)
		return length < NAME_BYTES;
	return length < NAME_BYTES && length > strlen(SUFFIX) &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int candidates_read(const struct module_store *store, struct candidates *candidates)
{
	_cleanup_closedir_ DIR *directory = NULL;
	int copy = openat(store->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	struct stat status;
	int r = 0;

	if (copy < 0)
		return -errno;
	directory = fdopendir(copy);
	if (!directory) {
		close(copy);
		return -ENOMEM;
	}
	while (r == 0 && (entry = readdir(directory)))
		if (is_module_name(entry->d_name) &&
		    fstatat(store->directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			r = candidate_add(candidates, entry->d_name, &status);
	return r;
}

static int candidate_compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return is_before(&a->used, &b->used) ? -1 : is_before(&b->used, &a->used);
}

static void candidates_release(struct candidates *candidates)
{
	free(candidates->items);
}

/* Removes what was not used for longest until `room` more bytes fit. */
static void store_make_room(const struct module_store *store, uint64_t room)
{
	_cleanup_(candidates_release) struct candidates candidates = {};

	if (candidates_read(store, &candidates) < 0)
		return;
	if (candidates.count > 1)
		qsort(candidates.items, candidates.count, sizeof(*candidates.items),
		      candidate_compare);
	for (size_t i = 0; i < candidates.count && candidates.size_bytes + room > store->max_bytes;
	     i++)
		if (unlinkat(store->directory, candidates.items[i].name, 0) == 0)
			candidates.size_bytes -= candidates.items[i].size_bytes;
}

int module_store_keep(struct module_store *store, const struct module_file *file)
{
	_cleanup_close_ int fd = -1;
	char name[NAME_BYTES], new_name[NAME_BYTES];
	size_t size_bytes;
	const void *bytes = module_file_bytes(file, &size_bytes);
	int r;

	if (size_bytes > store->max_bytes)
		return -EFBIG;
	store_make_room(store, size_bytes);
	identity_name(&module_file_header(file)->identity, name);
	/* two runs at once do not wait for each other; nor for an earlier one of the same number */
	snprintf(new_name, sizeof(new_name), NEW_PREFIX "%d", getpid());
	unlinkat(store->directory, new_name, 0);
	fd = openat(store->directory, new_name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	r = bytes_write(fd, bytes, size_bytes);
	if (r == 0 && renameat(store->directory, new_name, store->directory, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(store->directory, new_name, 0);
	return r;
}
