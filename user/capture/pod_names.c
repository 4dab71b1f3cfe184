// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/pod_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

/* Of the id in a name that was cut at its end: fewer could be chance. */
#define ID_PREFIX_MIN 8

struct looking {
	const struct place *place;
	struct pod_names *names;
	unsigned int entries; /* looked at so far */
	unsigned int found;   /* among the containers of a pod */
	char directory[NAME_MAX + 1];
};

/* --- directories -------------------------------------------------------------------------- */

/* False: enough. */
typedef bool (*entry_fn)(const struct dirent64 *entry, struct looking *looking);

static bool each_of_batch(const char *batch, ssize_t bytes, entry_fn take, struct looking *looking)
{
	for (ssize_t at = 0; at < bytes;) {
		const struct dirent64 *entry = (const void *)(batch + at);

		if (++looking->entries > POD_ENTRIES_MAX)
			return false;
		if (entry->d_name[0] != '.' && !take(entry, looking))
			return false;
		at += entry->d_reclen;
	}
	return true;
}

/* By the system call: readdir() allocates. */
static void each_entry(int parent_fd, const char *name, entry_fn take, struct looking *looking)
{
	_cleanup_close_ int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char batch[16384] __attribute__((aligned(8)));
	ssize_t bytes;

	if (fd < 0)
		return;
	while ((bytes = syscall(SYS_getdents64, fd, batch, sizeof(batch))) > 0)
		if (!each_of_batch(batch, bytes, take, looking))
			return;
}

static void copy_name(char to[NAME_MAX + 1], const char *from, size_t len_bytes)
{
	memcpy(to, from, len_bytes);
	to[len_bytes] = '\0';
}

/* --- by the pod's uid --------------------------------------------------------------------- */

/* NAMESPACE_POD_UID: none of the three may hold an underscore. */
static bool take_pod(const struct dirent64 *entry, struct looking *looking)
{
	const char *name = entry->d_name, *pod = strchr(name, '_'), *uid = strrchr(name, '_');

	if (!pod || pod == uid || strcmp(uid + 1, looking->place->pod_uid) != 0)
		return true;
	copy_name(looking->directory, name, strlen(name));
	copy_name(looking->names->kube_namespace, name, pod - name);
	copy_name(looking->names->pod, pod + 1, uid - pod - 1);
	return false;
}

static bool take_only_container(const struct dirent64 *entry, struct looking *looking)
{
	if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
		return true;
	looking->found++;
	copy_name(looking->names->container, entry->d_name, strlen(entry->d_name));
	return looking->found < 2;
}

/* Which of a pod's containers it is tells the id alone, unless there is only one. */
static void find_pod(const struct sysroot *root, struct looking *looking)
{
	_cleanup_close_ int pods =
		openat(root->log_fd, "pods", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	each_entry(root->log_fd, "pods", take_pod, looking);
	if (pods < 0 || !looking->directory[0])
		return;
	each_entry(pods, looking->directory, take_only_container, looking);
	if (looking->found != 1)
		looking->names->container[0] = '\0';
}

/* --- by the container's id ---------------------------------------------------------------- */

/* As much of an id as the length of a file's name has left. */
static bool id_matches(const char *id, const char *text, size_t len_bytes)
{
	return len_bytes >= ID_PREFIX_MIN && len_bytes <= strlen(id) &&
	       !memcmp(id, text, len_bytes);
}

/* POD_NAMESPACE_CONTAINER-ID.log; a link, of which the name is all that counts. */
static bool take_container(const struct dirent64 *entry, struct looking *looking)
{
	static const char ending[] = ".log";
	const char *name = entry->d_name, *space = strchr(name, '_'), *container, *id;
	const char *end = name + strlen(name) - strlen(ending);
	struct pod_names *names = looking->names;

	container = space ? strchr(space + 1, '_') : NULL;
	id = strrchr(name, '-');
	if (!container || !id || id < container || end <= id || strcmp(end, ending) != 0 ||
	    !id_matches(looking->place->container_id, id + 1, end - id - 1))
		return true;
	copy_name(names->pod, name, space - name);
	copy_name(names->kube_namespace, space + 1, container - space - 1);
	copy_name(names->container, container + 1, id - container - 1);
	return false;
}

bool pod_names_find(const struct sysroot *root, const struct place *place,
		    struct pod_names *ret_names)
{
	struct looking looking = {.place = place, .names = ret_names};

	memset(ret_names, 0, sizeof(*ret_names));
	if (root->log_fd < 0)
		return false;
	if (place->pod_uid)
		find_pod(root, &looking);
	looking.entries = 0;
	if (place->container_id)
		each_entry(root->log_fd, "containers", take_container, &looking);
	return ret_names->pod[0] != '\0';
}
