// SPDX-License-Identifier: GPL-2.0-or-later
/* What counts against the limit of a cgroup, and which cgroup a process is in. */
#include "capture/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "capture/procfs.h"

/* include/linux/page_counter.h: PAGE_COUNTER_MAX, rounded down to pages. */
#define NO_LIMIT_BYTES (INT64_MAX / 65536 * 4096)

struct charge_files {
	const char *usage, *limit;
	const char *reclaimable[2]; /* keys of memory.stat: page cache of files, whatever its age */
};

static const struct charge_files files_v1 = {
	"memory.usage_in_bytes",
	"memory.limit_in_bytes",
	{"total_inactive_file", "total_active_file"},
};

static const struct charge_files files_v2 = {
	"memory.current",
	"memory.max",
	{"inactive_file", "active_file"},
};

/* "max" is no number. */
static int read_number(int dir_fd, const char *name, uint64_t *ret_value)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return sscanf(text, "%" SCNu64, ret_value) == 1 ? 0 : -ENODATA;
}

/* Adds up the values of some keys of a file of "key 123" lines, with or without a colon and kB. */
static int sum_keys(int fd, const char *const *keys, size_t count, uint64_t *ret_sum)
{
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");
	char line[256], key[128], unit[4];
	uint64_t value;

	if (!stream)
		return fd < 0 ? fd : -errno;
	*ret_sum = 0;
	while (fgets(line, sizeof(line), stream)) {
		int found = sscanf(line, "%127[^: ]%*[: ] %" SCNu64 " %3s", key, &value, unit);

		for (size_t i = 0; i < count && found >= 2; i++)
			if (strcmp(key, keys[i]) == 0)
				*ret_sum += found == 3 ? value * 1024 : value;
	}
	return ferror(stream) ? -ENODEV : 0;
}

int cgroup_charge(const struct cgroup *cgroup, struct cgroup_charge *ret_charge)
{
	const struct charge_files *files = cgroup->unified ? &files_v2 : &files_v1;
	struct cgroup_charge charge;
	uint64_t reclaimable;
	int error = read_number(cgroup->fd, files->limit, &charge.limit_bytes);

	if (!error && charge.limit_bytes >= NO_LIMIT_BYTES)
		error = -ENODATA;
	if (!error)
		error = read_number(cgroup->fd, files->usage, &charge.usage_bytes);
	if (!error)
		error = sum_keys(openat(cgroup->fd, "memory.stat", O_RDONLY | O_CLOEXEC),
				 files->reclaimable, 2, &reclaimable);
	if (error)
		return error;
	charge.held_bytes = charge.usage_bytes > reclaimable ? charge.usage_bytes - reclaimable : 0;
	*ret_charge = charge;
	return 0;
}

int cgroup_charge_host(const struct sysroot *root, struct cgroup_charge *ret_charge)
{
	static const char *const keys[] = {"MemTotal", "MemFree", "MemAvailable"};
	uint64_t bytes[3];

	for (size_t i = 0; i < 3; i++) {
		int error = sum_keys(openat(root->proc_fd, "meminfo", O_RDONLY | O_CLOEXEC),
				     &keys[i], 1, &bytes[i]);

		if (error)
			return error;
	}
	if (!bytes[0] || bytes[1] > bytes[0] || bytes[2] > bytes[0])
		return -ENODATA;
	*ret_charge = (struct cgroup_charge){
		.usage_bytes = bytes[0] - bytes[1],
		.held_bytes = bytes[0] - bytes[2],
		.limit_bytes = bytes[0],
	};
	return 0;
}

/* "5:memory:/a/b", "4:cpu,memory:/a", "0::/a": a path may have colons of its own. */
static const char *path_in(char *line, bool *ret_memory)
{
	char *controllers = strchr(line, ':'), *path, *word;

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return NULL;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	controllers++;
	if (!controllers[0])
		return path;
	while ((word = strsep(&controllers, ",")))
		if (strcmp(word, "memory") == 0) {
			*ret_memory = true;
			return path;
		}
	return NULL;
}

int cgroup_path_of(const struct sysroot *root, uint32_t pid, char **ret_path)
{
	_cleanup_fclose_ FILE *stream = procfs_open(root, pid, "cgroup");
	_cleanup_free_ char *line = NULL, *found = NULL;
	size_t capacity = 0;
	bool memory = false;

	if (!stream)
		return -errno;
	while (!memory && getline(&line, &capacity, stream) > 0) {
		const char *path = path_in(line, &memory);

		if (!path)
			continue;
		free(found);
		found = strdup(path);
		if (!found)
			return -ENOMEM;
	}
	if (!found)
		return -ENODATA;
	*ret_path = TAKE_PTR(found);
	return 0;
}
