// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/descendants.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>

#include "capture/procfs.h"

struct family {
	uint32_t pid;
	uint32_t parent_pid;
	bool descends;
};

struct families {
	struct family *items;
	size_t count;
};

static int add_family(struct families *families, uint32_t pid, uint32_t parent_pid)
{
	struct family *items = reallocarray(families->items, families->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	families->items = items;
	items[families->count++] = (struct family){.pid = pid, .parent_pid = parent_pid};
	return 0;
}

static int read_families(const struct sysroot *root, struct families *families)
{
	int fd = openat(root->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int error = 0;

	if (!dir)
		return -errno;
	while (!error && (entry = readdir(dir)) != NULL) {
		struct proc_status status;
		uint32_t pid = strtoul(entry->d_name, NULL, 10);

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    procfs_status(root, pid, &status) == 0)
			error = add_family(families, pid, status.parent_pid);
	}
	return error;
}

static bool is_child_of_known(const struct families *families, const struct family *family,
			      uint32_t ancestor)
{
	if (family->parent_pid == ancestor)
		return true;
	for (size_t i = 0; i < families->count; i++)
		if (families->items[i].descends && families->items[i].pid == family->parent_pid)
			return true;
	return false;
}

/* One generation a round, until a round finds nobody. */
static int find_next_generation(struct families *families, uint32_t ancestor,
				descendant_fn callback, void *context, bool *ret_found)
{
	*ret_found = false;
	for (size_t i = 0; i < families->count; i++) {
		struct family *family = &families->items[i];
		int result;

		if (family->descends || !is_child_of_known(families, family, ancestor))
			continue;
		family->descends = *ret_found = true;
		result = callback(family->pid, context);
		if (result)
			return result;
	}
	return 0;
}

int descendants_each(const struct sysroot *root, uint32_t pid, descendant_fn callback,
		     void *context)
{
	struct families families = {0};
	int result = read_families(root, &families);
	bool found = true;

	while (!result && found)
		result = find_next_generation(&families, pid, callback, context, &found);
	free(families.items);
	return result;
}
