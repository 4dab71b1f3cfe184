// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "capture/trace_format.h"

/* Looking for new ones reads directories of the hierarchy: for at most a twentieth of the time. */
#define WALK_AGAIN_NS UINT64_C(1000000000)
#define WALK_SHARE 20
/* The kernel's limit is on the length of a path; nobody nests as deep. */
#define LEVELS_MAX 64

/* --- which there are ---------------------------------------------------------------------- */

static struct table_key inode_key(uint64_t inode)
{
	return (struct table_key){.major = inode};
}

static bool is_needed(const struct cgroups *cgroups, const struct known_cgroup *known)
{
	return known->wanted || known->legacy_account ||
	       (cgroups->chosen && known->id == CGROUPS_CHOSEN);
}

static bool is_gone(const struct cgroups *cgroups, const struct known_cgroup *known)
{
	_cleanup_close_ int fd = cgroups_open(cgroups, known);

	/* and not for want of a descriptor */
	return fd == -ENOENT || fd == -ESTALE;
}

/* Names of the gone are kept for what their processes have left, but not when others need room. */
static void forget_gone(struct cgroups *cgroups)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cgroups->count; i++) {
		struct known_cgroup *known = &cgroups->items[i];

		if (is_needed(cgroups, known) || !is_gone(cgroups, known)) {
			cgroups->items[kept++] = *known;
			continue;
		}
		table_take(&cgroups->by_inode, inode_key(known->inode));
		free(known->path);
	}
	cgroups->count = kept;
}

/* Asks for each that is known, so once a walk. 0 or -ENOSPC. */
static int make_room(struct cgroups *cgroups)
{
	if (cgroups->count < CGROUPS_MAX)
		return 0;
	if (!cgroups->forgot)
		forget_gone(cgroups);
	cgroups->forgot = true;
	return cgroups->count < CGROUPS_MAX ? 0 : -ENOSPC;
}

static int append(struct cgroups *cgroups, uint64_t inode, const char *path)
{
	struct known_cgroup *items;
	_cleanup_free_ char *copy = strdup(path);
	uint32_t id = cgroups->last_id + 1;

	items = reallocarray(cgroups->items, cgroups->count + 1, sizeof(*items));
	if (items)
		cgroups->items = items;
	if (!items || !copy ||
	    table_put(&cgroups->by_inode, inode_key(inode), (void *)(uintptr_t)id))
		return -ENOMEM;
	items[cgroups->count++] =
		(struct known_cgroup){.id = id, .inode = inode, .path = TAKE_PTR(copy)};
	cgroups->last_id = id;
	return 0;
}

static int add(struct cgroups *cgroups, uint64_t inode, const char *path)
{
	int error;

	if (table_get(&cgroups->by_inode, inode_key(inode)))
		return 0;
	error = make_room(cgroups);
	return error ? error : append(cgroups, inode, path);
}

static int walk(struct cgroups *cgroups, int dir_fd, const char *path, int level);

static int visit(struct cgroups *cgroups, int parent_fd, const char *parent, const char *name,
		 int level)
{
	_cleanup_close_ int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	char path[TRACE_STRING_MAX + 1];

	/* gone meanwhile, or longer than anybody can tell */
	if (fd < 0 || snprintf(path, sizeof(path), "%s/%s", parent, name) >= (int)sizeof(path))
		return 0;
	return walk(cgroups, TAKE_FD(fd), path, level);
}

/* Takes the descriptor. `path` of the root is "". */
static int walk(struct cgroups *cgroups, int dir_fd, const char *path, int level)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;
	struct stat status;
	int error;

	if (!dir || fstat(dir_fd, &status)) {
		close(dir_fd);
		return 0;
	}
	error = add(cgroups, status.st_ino, path[0] ? path : "/");
	while (!error && level < LEVELS_MAX && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			error = visit(cgroups, dir_fd, path, entry->d_name, level + 1);
	closedir(dir);
	return error;
}

/* Ends where there is no room: whoever makes cgroups does not make it longer. */
static int find_all(struct cgroups *cgroups)
{
	const struct cgroup *top = cgroups->chosen ? cgroups->chosen : &cgroups->root;
	int fd = openat(top->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error;

	cgroups->walked_ns = clock_monotonic_ns();
	cgroups->forgot = false;
	error = fd < 0 ? 0 : walk(cgroups, fd, strcmp(top->path, "/") ? top->path : "", 0);
	cgroups->walk_took_ns = clock_monotonic_ns() - cgroups->walked_ns;
	if (error != -ENOSPC)
		return error;
	cgroups->refused++;
	return 0;
}

int cgroups_init(struct cgroups *cgroups, const struct sysroot *root, const struct cgroup *chosen)
{
	struct cgroup_memory memory;
	struct failure failure;

	*cgroups = (struct cgroups){.root = CGROUP_NONE, .chosen = chosen};
	if (cgroup_open(root, "/", &cgroups->root, &failure))
		return 0;
	/* the root of v2 has no usage, and where memory is not accounted for there is no file */
	if (cgroup_memory(chosen ? chosen : &cgroups->root, &memory))
		cgroup_close(&cgroups->root);
	return cgroups->root.fd < 0 ? 0 : find_all(cgroups);
}

void cgroups_release(struct cgroups *cgroups)
{
	for (uint32_t i = 0; i < cgroups->count; i++)
		free(cgroups->items[i].path);
	free(cgroups->items);
	table_release(&cgroups->by_inode);
	cgroup_close(&cgroups->root);
	*cgroups = (struct cgroups){.root = CGROUP_NONE};
}

uint32_t cgroups_known(const struct cgroups *cgroups, uint64_t inode)
{
	return (uint32_t)(uintptr_t)table_get(&cgroups->by_inode, inode_key(inode));
}

uint32_t cgroups_id(struct cgroups *cgroups, uint64_t inode)
{
	uint32_t id = cgroups_known(cgroups, inode);

	if (id || !inode)
		return id;
	cgroups_look(cgroups);
	return cgroups_known(cgroups, inode);
}

void cgroups_look(struct cgroups *cgroups)
{
	uint64_t wait_ns = cgroups->walk_took_ns * WALK_SHARE;

	if (wait_ns < WALK_AGAIN_NS)
		wait_ns = WALK_AGAIN_NS;
	if (cgroups->root.fd >= 0 && clock_monotonic_ns() - cgroups->walked_ns >= wait_ns)
		find_all(cgroups);
}

static int compare_ids(const void *key, const void *item)
{
	const uint32_t *id = key;
	const struct known_cgroup *known = item;

	return (*id > known->id) - (*id < known->id);
}

struct known_cgroup *cgroups_get(struct cgroups *cgroups, uint32_t id)
{
	return cgroups->count ? bsearch(&id, cgroups->items, cgroups->count,
					sizeof(*cgroups->items), compare_ids)
			      : NULL;
}

void cgroups_queue_refused(const struct cgroups *cgroups, struct event_queue *queue)
{
	const struct event event = {
		.type = EVENT_LOST,
		.lost = {.cause = "cgroup-full",
			 .meaning = "looks for cgroups that found more than are told apart",
			 .count = cgroups->refused,
			 .data = true},
	};

	event_queue_push(queue, &event);
}

/* --- what the kernel says ----------------------------------------------------------------- */

int cgroups_open(const struct cgroups *cgroups, const struct known_cgroup *known)
{
	const char *path = known->path[1] ? known->path + 1 : ".";
	_cleanup_close_ int fd = openat(cgroups->root.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	/* another one may have its name by now */
	return status.st_ino == known->inode ? TAKE_FD(fd) : -ESTALE;
}

static bool read_figures(const struct cgroups *cgroups, const struct known_cgroup *known,
			 struct cgroup_memory *ret_memory)
{
	struct cgroup cgroup = {
		.fd = cgroups_open(cgroups, known),
		.unified = cgroups->root.unified,
	};
	bool done = cgroup.fd >= 0 && !cgroup_memory(&cgroup, ret_memory);

	cgroup_close(&cgroup);
	return done;
}

static const struct {
	uint32_t known; /* enum cgroup_known */
	size_t offset;  /* of a uint64_t in struct cgroup_memory */
} figures[KIND_COUNT] = {
	[KIND_ANON] = {CGROUP_ANON, offsetof(struct cgroup_memory, anon_bytes)},
	[KIND_SHMEM] = {CGROUP_SHMEM, offsetof(struct cgroup_memory, shmem_bytes)},
	[KIND_FILE] = {CGROUP_FILE, offsetof(struct cgroup_memory, file_bytes)},
	[KIND_KERNEL] = {CGROUP_KERNEL, offsetof(struct cgroup_memory, kernel_bytes)},
};

static void set_figures(struct cgroup_event *event, const struct cgroup_memory *memory)
{
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (!(memory->known & figures[kind].known))
			continue;
		event->known |= 1U << kind;
		memcpy(&event->bytes[kind], (const char *)memory + figures[kind].offset,
		       sizeof(event->bytes[kind]));
	}
	if (memory->known & CGROUP_USAGE)
		event->known |= CGROUP_USAGE_KNOWN;
	if (memory->known & CGROUP_LIMIT)
		event->known |= CGROUP_LIMIT_KNOWN;
	if (memory->known & CGROUP_RECLAIMABLE)
		event->known |= CGROUP_RECLAIMABLE_KNOWN;
	event->usage_bytes = memory->usage_bytes;
	event->limit_bytes = memory->limit_bytes;
	event->reclaimable_bytes = memory->reclaimable_bytes;
	event->parts_known = memory->parts_known;
	memcpy(event->part_bytes, memory->part_bytes, sizeof(event->part_bytes));
}

/* One that is gone is told without figures: its processes' pages are still in the ledger. */
static void queue_figures(const struct cgroups *cgroups, const struct known_cgroup *known,
			  enum memory_when when, struct event_queue *queue)
{
	struct event event = {
		.type = EVENT_CGROUP,
		.cgroup = {.id = known->id,
			   .when = when,
			   .path = known->path,
			   .chosen = cgroups->chosen && known->id == CGROUPS_CHOSEN},
	};
	struct cgroup_memory memory;

	if (read_figures(cgroups, known, &memory))
		set_figures(&event.cgroup, &memory);
	event_queue_push(queue, &event);
}

void cgroups_queue_start(struct cgroups *cgroups, struct event_queue *queue)
{
	for (uint32_t i = 0; i < cgroups->count; i++)
		queue_figures(cgroups, &cgroups->items[i], MEMORY_START, queue);
}

bool cgroups_is_above(const char *above, const char *path)
{
	size_t len = strcmp(above, "/") == 0 ? 0 : strlen(above);

	return strncmp(path, above, len) == 0 && path[len] == '/';
}

void cgroups_want(struct cgroups *cgroups, uint32_t id)
{
	struct known_cgroup *wanted = cgroups_get(cgroups, id);

	if (!wanted || wanted->wanted)
		return;
	wanted->wanted = true;
	for (uint32_t i = 0; i < cgroups->count; i++)
		if (cgroups_is_above(cgroups->items[i].path, wanted->path))
			cgroups->items[i].wanted = true;
}

void cgroups_queue_wanted(struct cgroups *cgroups, struct event_queue *queue)
{
	/* also when nobody is in it */
	if (cgroups->chosen)
		cgroups_want(cgroups, CGROUPS_CHOSEN);
	for (uint32_t i = 0; i < cgroups->count; i++) {
		if (!cgroups->items[i].wanted)
			continue;
		cgroups->items[i].wanted = false;
		queue_figures(cgroups, &cgroups->items[i], MEMORY_END, queue);
	}
}
