// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/modules.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/table.h"
#include "capture/code_keys.h"
#include "capture/mount_types.h"
#include "capture/perf_maps.h"

/* Whether a file system's files may be opened: does it answer by itself? */
#define DEVICE_MAY_BE_OPENED "open"
#define DEVICE_MAY_HANG "hang"

#define VDSO "[vdso]"

/* A process may be gone, or another image, between reading its maps and opening a file of them. */
#define OPEN_TRIES 8

#define FIRST_CAPACITY 64

struct module {
	char *path;
	uint8_t tries_left;     /* to get at the file; 0 once it was had */
	uint32_t next;          /* id of the next one of the same inode, 0: none */
	struct table_key inode; /* (inode, device); 0: not a file that somebody maps */
	int fd;                 /* -1 unless it is kept, and not taken */
	uint32_t pid;           /* of the process that it was opened of; 0: opened by its path */
	bool has_key;
	struct ot_code_key key;
};

struct modules {
	const struct sysroot *root;
	struct event_queue *queue;
	struct store *store;  /* NULL: malloc()'s */
	struct module *items; /* id - 1 */
	uint32_t count, capacity;
	const struct programs *programs; /* NULL: files are not kept, and have no keys */
	struct table by_inode;           /* -> id, as a pointer */
	struct table by_key;             /* -> the id that had the key last */
	struct table devices;            /* (device, pid) -> DEVICE_MAY_... */
};

static struct table_key inode_key(uint64_t inode, uint32_t major, uint32_t minor)
{
	return (struct table_key){inode, (uint64_t)major << 32 | minor};
}

static struct table_key mapping_key(const struct proc_mapping *mapping)
{
	return inode_key(mapping->inode, mapping->major, mapping->minor);
}

int modules_new(const struct sysroot *root, struct event_queue *queue, struct store *store,
		struct modules **ret_modules)
{
	struct modules *modules = calloc(1, sizeof(*modules));

	if (!modules)
		return -ENOMEM;
	modules->root = root;
	modules->queue = queue;
	modules->store = store;
	modules->by_inode.store = modules->by_key.store = modules->devices.store = store;
	*ret_modules = modules;
	return 0;
}

void modules_free(struct modules *modules)
{
	for (uint32_t i = 0; i < modules->count; i++) {
		cleanup_close(&modules->items[i].fd);
		store_free(modules->items[i].path);
	}
	table_release(&modules->by_inode);
	table_release(&modules->by_key);
	table_release(&modules->devices);
	store_free(modules->items);
	free(modules);
}

static bool is_vdso(const struct proc_mapping *mapping)
{
	return strcmp(mapping->path, VDSO) == 0;
}

/* Files of one inode that have different paths (renamed, deleted) are told apart: a chain. */
static uint32_t find(const struct modules *modules, struct table_key inode, const char *path)
{
	uint32_t id = (uintptr_t)table_get(&modules->by_inode, inode);

	while (id && strcmp(modules->items[id - 1].path, path) != 0)
		id = modules->items[id - 1].next;
	return id;
}

/*
 * One look for each process and device. Not one for all processes: what is missing from one mount
 * table, by chance or by intent, must not hide the files of everybody else. There are no more looks
 * than files times tries, so none is ever forgotten.
 */
static bool may_open(struct modules *modules, uint32_t pid, const struct proc_mapping *mapping)
{
	const struct table_key key = {(uint64_t)mapping->major << 32 | mapping->minor, pid};
	const char *known;

	if (strncmp(mapping->path, "/memfd:", 7) == 0)
		return true;
	known = table_get(&modules->devices, key);
	if (!known) {
		known = mount_answers_device(modules->root, pid, mapping->major, mapping->minor)
				? DEVICE_MAY_BE_OPENED
				: DEVICE_MAY_HANG;
		table_put(&modules->devices, key, (void *)known);
	}
	return strcmp(known, DEVICE_MAY_BE_OPENED) == 0;
}

/* map_files leads to the very file, deleted, replaced or in another mount namespace. */
static int open_mapping(struct modules *modules, uint32_t pid, const struct proc_mapping *mapping)
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
static size_t vdso_bytes(const ElfW(Ehdr) * header)
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

static struct table_key key_words(const struct ot_code_key *key)
{
	return (struct table_key){key->inode, (uint64_t)key->device << 32 | key->generation};
}

/* Keeps the file of a module for who asks for it, and how the kernel knows it. */
static void keep_file(struct modules *modules, uint32_t id, int fd, bool vdso)
{
	struct module *module = &modules->items[id - 1];

	if (!modules->programs || module->fd >= 0 || fd < 0)
		return;
	module->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	module->key = (struct ot_code_key){.inode = vdso ? OT_CODE_VDSO : 0};
	module->has_key = vdso || !code_key_of_file(modules->programs, fd, &module->key);
	if (module->has_key)
		table_put(&modules->by_key, key_words(&module->key), (void *)(uintptr_t)id);
}

/*
 * Tells of a module, with its file, which this takes; -1 if it cannot be had now. `pid` is of the
 * process whose mapping it is, 0: nobody's.
 */
static void announce_file(struct modules *modules, uint32_t id, uint32_t pid, const char *path,
			  int fd)
{
	struct module *module = &modules->items[id - 1];
	struct event event = {.type = EVENT_MODULE,
			      .module = {.id = id, .path = path, .fd = fd, .pid = pid}};
	bool vdso = strcmp(path, VDSO) == 0;

	module->pid = pid;
	module->tries_left = fd < 0 && module->tries_left ? module->tries_left - 1 : 0;
	keep_file(modules, id, fd, vdso);
	event_queue_push(modules->queue, &event);
}

static void announce(struct modules *modules, uint32_t id, uint32_t pid,
		     const struct proc_mapping *mapping)
{
	announce_file(modules, id, pid, mapping->path,
		      is_vdso(mapping) ? open_vdso() : open_mapping(modules, pid, mapping));
}

static int make_room(struct modules *modules, uint32_t more)
{
	uint32_t capacity = modules->capacity ? modules->capacity : FIRST_CAPACITY;
	struct module *items;

	while (capacity < modules->count + more)
		capacity *= 2;
	if (capacity == modules->capacity)
		return 0;
	items = store_resize(modules->store, modules->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	modules->items = items;
	modules->capacity = capacity;
	return 0;
}

int modules_reserve(struct modules *modules, uint32_t more)
{
	int error = make_room(modules, more);

	if (!error)
		error = table_reserve(&modules->by_inode, more);
	if (!error)
		error = table_reserve(&modules->by_key, more);
	return error ? error : table_reserve(&modules->devices, more);
}

/* 0: too many. */
static uint32_t add_item(struct modules *modules, const char *path_of_it)
{
	char *path;

	if (modules->count == MODULES_MAX || make_room(modules, 1))
		return 0;
	path = store_strdup(modules->store, path_of_it);
	if (!path)
		return 0;
	modules->items[modules->count] = (struct module){.path = path, .fd = -1};
	return ++modules->count;
}

/* 0: too many. */
static uint32_t add(struct modules *modules, struct table_key inode, const char *path)
{
	uint32_t id = add_item(modules, path);

	if (!id)
		return 0;
	modules->items[id - 1].tries_left = OPEN_TRIES;
	modules->items[id - 1].inode = inode;
	modules->items[id - 1].next = (uintptr_t)table_get(&modules->by_inode, inode);
	table_put(&modules->by_inode, inode, (void *)(uintptr_t)id);
	return id;
}

static const struct table_key *inode_of(const struct modules *modules, uint32_t id)
{
	static const struct table_key none;

	return id && id <= modules->count ? &modules->items[id - 1].inode : &none;
}

bool modules_are_other_files(const struct modules *modules, uint32_t a, uint32_t b)
{
	const struct table_key *one = inode_of(modules, a), *other = inode_of(modules, b);

	return one->major && other->major &&
	       (one->major != other->major || one->minor != other->minor);
}

void modules_keep_files(struct modules *modules, const struct programs *programs)
{
	modules->programs = programs;
}

bool modules_key(const struct modules *modules, uint32_t id, struct ot_code_key *ret_key)
{
	if (!id || id > modules->count || !modules->items[id - 1].has_key)
		return false;
	*ret_key = modules->items[id - 1].key;
	return true;
}

static bool same_key(const struct ot_code_key *a, const struct ot_code_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A path as the kernel has it leads through no link; where one is now somebody has put it. */
static int open_plain(const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/*
 * The file that was mapped, by the path that its inode has now. Only if it is that very file: a
 * path may lead anywhere by the time it is opened.
 */
static int open_area(struct modules *modules, const struct ot_code_area *area, const char *path,
		     struct stat *ret_status)
{
	const struct proc_mapping mapping = {.major = area->key.device >> 20,
					     .minor = area->key.device & 0xfffff};
	_cleanup_close_ int fd = -1;
	struct ot_code_key key;

	if (!may_open(modules, (uint32_t)getpid(), &mapping))
		return -1;
	fd = open_plain(path);
	if (fd < 0 || fstat(fd, ret_status) || !S_ISREG(ret_status->st_mode) ||
	    code_key_of_file(modules->programs, fd, &key) || !same_key(&key, &area->key))
		return -1;
	return TAKE_FD(fd);
}

/* An inode is used again once its file is gone: what is known of that is not true of this one. */
static bool is_known_to_be_other(const struct modules *modules, uint32_t id, int fd)
{
	struct ot_code_key known, key;

	return modules_key(modules, id, &known) && !code_key_of_file(modules->programs, fd, &key) &&
	       !same_key(&known, &key);
}

/* A file that was opened by its path, which this takes. */
static uint32_t add_opened(struct modules *modules, const char *path, int fd,
			   const struct stat *status)
{
	const struct table_key inode =
		inode_key(status->st_ino, major(status->st_dev), minor(status->st_dev));
	uint32_t id = find(modules, inode, path);

	if (!id || is_known_to_be_other(modules, id, fd))
		id = add(modules, inode, path);
	if (id)
		announce_file(modules, id, 0, path, fd);
	else
		close(fd);
	return id;
}

static uint32_t add_area(struct modules *modules, const struct ot_code_area *area)
{
	char memory[PROCFS_PATH_MAX];
	struct buf path = buf_within(memory, sizeof(memory));
	struct stat status;
	int fd = -1;

	code_key_path(modules->programs, modules->root, area, &path);
	if (path.len_bytes && !buf_error(&path))
		fd = open_area(modules, area, buf_string(&path), &status);
	return fd < 0 ? 0 : add_opened(modules, buf_string(&path), fd, &status);
}

uint32_t modules_of_path(struct modules *modules, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return 0;
	}
	return add_opened(modules, path, fd, &status);
}

uint32_t modules_of_area(struct modules *modules, const struct ot_code_area *area)
{
	uint32_t id = (uintptr_t)table_get(&modules->by_key, key_words(&area->key));

	if (!area->key.inode || !modules->programs)
		return 0;
	if (id && same_key(&modules->items[id - 1].key, &area->key))
		return id;
	return area->inode ? add_area(modules, area) : 0;
}

struct found_module modules_take_file(struct modules *modules, uint32_t id)
{
	struct module *module = id && id <= modules->count ? &modules->items[id - 1] : NULL;

	struct found_module found = {.fd = -1};

	if (module) {
		found.fd = TAKE_FD(module->fd);
		found.pid = module->pid;
		found.path = module->path;
	}
	return found;
}

uint32_t modules_of_kernel(struct modules *modules, const char *path)
{
	struct event event = {.type = EVENT_MODULE, .module = {.path = path, .fd = -1}};

	event.module.id = add_item(modules, path);
	if (event.module.id)
		event_queue_push(modules->queue, &event);
	return event.module.id;
}

uint32_t modules_of_mapping(struct modules *modules, uint32_t pid,
			    const struct proc_mapping *mapping)
{
	uint32_t id;

	if (mapping->inode == 0 && !is_vdso(mapping))
		return 0;
	id = find(modules, mapping_key(mapping), mapping->path);
	if (!id)
		id = add(modules, mapping_key(mapping), mapping->path);
	if (id && modules->items[id - 1].tries_left)
		announce(modules, id, pid, mapping);
	return id;
}

static uint32_t add_perf_map(struct modules *modules, struct table_key inode,
			     const struct perf_map *map, const char *path)
{
	struct event event = {.type = EVENT_MODULE, .module = {.path = path, .perf_map = true}};
	int fd = perf_map_open(modules->root, map);

	if (fd < 0)
		return 0;
	event.module.id = add(modules, inode, path);
	event.module.fd = fd;
	if (event.module.id)
		event_queue_push(modules->queue, &event);
	else
		close(fd);
	return event.module.id;
}

uint32_t modules_of_perf_map(struct modules *modules, uint32_t pid)
{
	char path[sizeof(EVENT_JIT_MODULE "]") + PERF_MAP_PATH_BYTES];
	struct perf_map map;
	struct table_key inode;
	uint32_t id;

	if (perf_map_find(modules->root, pid, &map) < 0)
		return 0;
	inode = inode_key(map.status.st_ino, major(map.status.st_dev), minor(map.status.st_dev));
	snprintf(path, sizeof(path), EVENT_JIT_MODULE "%s]", map.path);
	id = find(modules, inode, path);
	if (!id)
		id = add_perf_map(modules, inode, &map, path);
	close(map.fd);
	return id;
}
