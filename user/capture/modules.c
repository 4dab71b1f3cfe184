// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/modules.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct module {
	uint32_t major, minor;
	uint64_t inode;
	char *path;
};

struct modules {
	const struct sysroot *root;
	struct event_queue *queue;
	struct module *items; /* id - 1 */
	uint32_t count;
};

int modules_new(const struct sysroot *root, struct event_queue *queue, struct modules **ret_modules)
{
	struct modules *modules = calloc(1, sizeof(*modules));

	if (!modules)
		return -ENOMEM;
	modules->root = root;
	modules->queue = queue;
	*ret_modules = modules;
	return 0;
}

void modules_free(struct modules *modules)
{
	for (uint32_t i = 0; i < modules->count; i++)
		free(modules->items[i].path);
	free(modules->items);
	free(modules);
}

static bool is_vdso(const struct proc_mapping *mapping)
{
	return strcmp(mapping->path, "[vdso]") == 0;
}

static uint32_t find(const struct modules *modules, const struct proc_mapping *mapping)
{
	for (uint32_t i = 0; i < modules->count; i++) {
		const struct module *module = &modules->items[i];

		if (module->inode == mapping->inode && module->major == mapping->major &&
		    module->minor == mapping->minor && strcmp(module->path, mapping->path) == 0)
			return i + 1;
	}
	return 0;
}

/*
 * Opening a file of a FUSE or network file system may never return, and the target chose it. The
 * mount table tells without asking that file system. Internal mounts (memfd, deleted mounts) are
 * not in it: of these only memfd is known to be harmless.
 */
static bool type_may_hang(const char *type)
{
	static const char *const prefixes[] = {"fuse", "nfs", "cifs", "smb", "9p", "ceph", "afs",
					       "glusterfs", "lustre", "autofs"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(type, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" (proc_pid_mountinfo(5)) */
static bool mount_matches(const char *line, const struct proc_mapping *mapping, bool *ret_hangs)
{
	const char *separator = strstr(line, " - ");
	uint32_t major, minor;
	char type[64];

	if (!separator || sscanf(line, "%*d %*d %" SCNu32 ":%" SCNu32, &major, &minor) != 2)
		return false;
	if (major != mapping->major || minor != mapping->minor ||
	    sscanf(separator + 3, "%63s", type) != 1)
		return false;
	*ret_hangs = type_may_hang(type);
	return true;
}

static bool may_open(const struct modules *modules, uint32_t pid,
		     const struct proc_mapping *mapping)
{
	_cleanup_fclose_ FILE *stream = procfs_open(modules->root, pid, "mountinfo");
	_cleanup_free_ char *line = NULL;
	size_t capacity = 0;
	bool hangs = true;

	if (strncmp(mapping->path, "/memfd:", 7) == 0)
		return true;
	while (stream && getline(&line, &capacity, stream) > 0)
		if (mount_matches(line, mapping, &hangs))
			return !hangs;
	return false;
}

/* map_files leads to the very file, deleted, replaced or in another mount namespace. */
static int open_mapping(const struct modules *modules, uint32_t pid,
			const struct proc_mapping *mapping)
{
	char name[64];
	struct stat status;
	_cleanup_close_ int fd = -1;

	if (!may_open(modules, pid, mapping))
		return -1;
	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start,
		 mapping->end);
	fd = procfs_open_fd(modules->root, pid, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode))
		return -1;
	return TAKE_FD(fd);
}

/* End of the vdso's own section headers: its size, as it is in memory. */
static size_t vdso_bytes(const ElfW(Ehdr) *header)
{
	return header->e_shoff + (size_t)header->e_shentsize * header->e_shnum;
}

/* The kernel maps the same vdso into every 64-bit process: ours serves for all. */
static int open_vdso(void)
{
	const void *vdso = (const void *)getauxval(AT_SYSINFO_EHDR);
	_cleanup_close_ int fd = vdso ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	size_t bytes = vdso ? vdso_bytes(vdso) : 0;

	if (fd < 0 || write(fd, vdso, bytes) != (ssize_t)bytes)
		return -1;
	return TAKE_FD(fd);
}

static uint32_t add(struct modules *modules, uint32_t pid, const struct proc_mapping *mapping)
{
	_cleanup_free_ char *path = strdup(mapping->path);
	struct module *items;
	struct event event = {.type = EVENT_MODULE};

	if (modules->count == MODULES_MAX || !path)
		return 0;
	items = reallocarray(modules->items, modules->count + 1, sizeof(*items));
	if (!items)
		return 0;
	modules->items = items;
	items[modules->count++] = (struct module){
		.major = mapping->major,
		.minor = mapping->minor,
		.inode = mapping->inode,
		.path = TAKE_PTR(path),
	};
	event.module.id = modules->count;
	event.module.path = mapping->path;
	event.module.fd = is_vdso(mapping) ? open_vdso() : open_mapping(modules, pid, mapping);
	event_queue_push(modules->queue, &event);
	return modules->count;
}

uint32_t modules_of_mapping(struct modules *modules, uint32_t pid,
			    const struct proc_mapping *mapping)
{
	uint32_t id;

	if (mapping->inode == 0 && !is_vdso(mapping))
		return 0;
	id = find(modules, mapping);
	return id ? id : add(modules, pid, mapping);
}
