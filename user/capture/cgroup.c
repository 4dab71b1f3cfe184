// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* A hierarchy's name, its path and a path below it each fit; PATH_MAX of the kernel. */
#define CGROUP_PATH_MAX 4096

/* --- hierarchies -------------------------------------------------------------------------- */

struct hierarchy {
	bool unified;
	bool memory; /* v1, with the memory controller */
	char mount_point[CGROUP_PATH_MAX];
	char controllers[256]; /* v1: of the super block's options, "rw,memory" */
};

struct hierarchies {
	struct hierarchy *items;
	size_t count;
};

/* The kernel writes a blank, tab, newline and backslash of a path as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned int byte;

		if (from[0] == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
			*to = (char)byte;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool has_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = options; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

/* "36 35 98:0 /root /mount/point options [tags...] - type source super-options" */
static bool parse_mount(const char *line, struct hierarchy *ret_hierarchy)
{
	const char *tail = strstr(line, " - ");
	char type[16];

	if (!tail || sscanf(tail, " - %15s %*s %255s", type, ret_hierarchy->controllers) != 2)
		return false;
	if (sscanf(line, "%*s %*s %*s %*s %4095s", ret_hierarchy->mount_point) != 1)
		return false;
	unescape(ret_hierarchy->mount_point);
	ret_hierarchy->unified = strcmp(type, "cgroup2") == 0;
	ret_hierarchy->memory =
		strcmp(type, "cgroup") == 0 && has_option(ret_hierarchy->controllers, "memory");
	return ret_hierarchy->unified || strcmp(type, "cgroup") == 0;
}

static int read_hierarchies(const struct sysroot *root, struct hierarchies *ret_hierarchies)
{
	int fd = openat(root->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *stream = fd < 0 ? NULL : fdopen(fd, "re");
	_cleanup_free_ char *line = NULL;
	size_t capacity = 0;

	if (!stream)
		return -errno;
	while (getline(&line, &capacity, stream) > 0) {
		struct hierarchy *items = reallocarray(ret_hierarchies->items,
						       ret_hierarchies->count + 1, sizeof(*items));

		if (!items)
			return -ENOMEM;
		ret_hierarchies->items = items;
		if (parse_mount(line, &items[ret_hierarchies->count]))
			ret_hierarchies->count++;
	}
	return 0;
}

/* --- the directory ------------------------------------------------------------------------ */

static int fail(struct failure *ret_failure, enum failure_kind kind, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = kind, .error = error, .where = where};
	return error;
}

/* What follows the mount point in `path`; NULL: it is not below it. */
static const char *below(const char *path, const char *mount_point)
{
	size_t len = strlen(mount_point);

	if (strncmp(path, mount_point, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

/* The hierarchy that a path is below of, the most closely mounted; NULL: of none. */
static const struct hierarchy *find_by_mount(const struct hierarchies *hierarchies,
					     const char *path)
{
	const struct hierarchy *best = NULL;

	for (size_t i = 0; i < hierarchies->count; i++) {
		const struct hierarchy *hierarchy = &hierarchies->items[i];

		if (below(path, hierarchy->mount_point) &&
		    (!best || strlen(hierarchy->mount_point) > strlen(best->mount_point)))
			best = hierarchy;
	}
	return best;
}

static int open_mounted(const struct sysroot *root, const char *mount_point)
{
	const char *in_sys = below(mount_point, "/sys");
	int fd = in_sys && in_sys[0]
			 ? openat(root->sys_fd, in_sys + 1, O_PATH | O_DIRECTORY | O_CLOEXEC)
			 : open(mount_point, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* "a//b/./c/" is "/a/b/c". A path that leads up again is refused: it may leave the hierarchy. */
static int normalize(const char *path, char **ret_path)
{
	_cleanup_free_ char *clean = malloc(strlen(path) + 2);
	char *end = clean;

	if (!clean)
		return -ENOMEM;
	*end = '\0';
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		size_t len;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		if (len == 2 && strncmp(at, "..", 2) == 0)
			return -EINVAL;
		if (len == 0 || (len == 1 && *at == '.'))
			continue;
		*end++ = '/';
		memcpy(end, at, len);
		end += len;
		*end = '\0';
	}
	if (end == clean)
		strcpy(clean, "/");
	*ret_path = TAKE_PTR(clean);
	return 0;
}

static int open_in(const struct sysroot *root, const struct hierarchy *hierarchy, const char *path,
		   struct cgroup *ret_cgroup)
{
	_cleanup_close_ int mount_fd = open_mounted(root, hierarchy->mount_point), fd = -1;
	_cleanup_free_ char *clean = NULL;
	int error = mount_fd < 0 ? mount_fd : normalize(path, &clean);
	struct stat status;

	if (error)
		return error;
	fd = openat(mount_fd, clean[1] ? clean + 1 : ".",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* cgroup.procs is in every cgroup and in no other directory */
	if (fd < 0 || faccessat(fd, "cgroup.procs", F_OK, 0) || fstat(fd, &status))
		return -errno;
	ret_cgroup->fd = TAKE_FD(fd);
	ret_cgroup->id = status.st_ino;
	ret_cgroup->unified = hierarchy->unified;
	ret_cgroup->path = TAKE_PTR(clean);
	return 0;
}

/* Relative to a root: where memory is accounted for first, then the other. */
static int open_in_any(const struct sysroot *root, const struct hierarchies *hierarchies,
		       const char *path, struct cgroup *ret_cgroup)
{
	int error = -ENODEV;

	for (int unified = 0; unified <= 1; unified++) {
		for (size_t i = 0; i < hierarchies->count; i++) {
			const struct hierarchy *hierarchy = &hierarchies->items[i];

			if (unified ? !hierarchy->unified : !hierarchy->memory)
				continue;
			error = open_in(root, hierarchy, path, ret_cgroup);
			if (error != -ENOENT)
				return error;
		}
	}
	return error;
}

int cgroup_open(const struct sysroot *root, const char *path, struct cgroup *ret_cgroup,
		struct failure *ret_failure)
{
	struct hierarchies hierarchies = {0};
	const struct hierarchy *mounted;
	int error = read_hierarchies(root, &hierarchies);

	if (!error) {
		mounted = find_by_mount(&hierarchies, path);
		if (!mounted)
			error = open_in_any(root, &hierarchies, path, ret_cgroup);
		else if (mounted->unified || mounted->memory)
			error = open_in(root, mounted, below(path, mounted->mount_point),
					ret_cgroup);
		else
			error = -EXDEV;
	}
	free(hierarchies.items);
	if (error == -EXDEV)
		return fail(ret_failure, FAILURE_OTHER_CGROUP, error, NULL);
	return error ? fail(ret_failure, FAILURE_NO_CGROUP, error, NULL) : 0;
}

void cgroup_close(struct cgroup *cgroup)
{
	cleanup_close(&cgroup->fd);
	free(cgroup->path);
	*cgroup = (struct cgroup)CGROUP_NONE;
}

bool cgroup_is_gone(const struct cgroup *cgroup)
{
	return faccessat(cgroup->fd, "cgroup.procs", F_OK, 0) && errno != EACCES;
}

/* --- figures ------------------------------------------------------------------------------ */

/* One line of a keyed file: "key 123". */
struct keyed {
	const char *key;
	uint64_t value;
	bool seen;
};

static FILE *open_file(const struct cgroup *cgroup, const char *name)
{
	int fd = openat(cgroup->fd, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "re");
}

static int read_keyed(const struct cgroup *cgroup, const char *name, struct keyed *keyed,
		      size_t count)
{
	_cleanup_fclose_ FILE *stream = open_file(cgroup, name);
	char line[256], key[128];
	uint64_t value;

	if (!stream)
		return -errno;
	while (fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "%127s %" SCNu64, key, &value) != 2)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (strcmp(key, keyed[i].key) != 0)
				continue;
			keyed[i].value = value;
			keyed[i].seen = true;
		}
	}
	/* of a cgroup that is gone the file can still be opened, but not read */
	return ferror(stream) ? -ENODEV : 0;
}

static bool read_number(const struct cgroup *cgroup, const char *name, uint64_t *ret_value)
{
	_cleanup_fclose_ FILE *stream = open_file(cgroup, name);

	return stream && fscanf(stream, "%" SCNu64, ret_value) == 1;
}

static void set(struct cgroup_memory *memory, enum cgroup_known bit, uint64_t *place,
		const struct keyed *figure)
{
	if (!figure->seen)
		return;
	*place = figure->value;
	memory->known |= bit;
}

/* The cache of both versions includes shmem. */
static void set_file(struct cgroup_memory *memory, const struct keyed *cache,
		     const struct keyed *shmem)
{
	if (!cache->seen || !shmem->seen)
		return;
	memory->known |= CGROUP_FILE;
	memory->file_bytes = cache->value > shmem->value ? cache->value - shmem->value : 0;
}

static void set_reclaimable(struct cgroup_memory *memory, const struct keyed *active,
			    const struct keyed *inactive)
{
	if (!active->seen || !inactive->seen)
		return;
	memory->known |= CGROUP_RECLAIMABLE;
	memory->reclaimable_bytes = active->value + inactive->value;
}

/* What v1 says where there is none: PAGE_COUNTER_MAX pages, whatever their size. */
#define V1_NO_LIMIT_BYTES (UINT64_C(1) << 62)

static void set_limit(const struct cgroup *cgroup, const char *name, struct cgroup_memory *memory)
{
	/* v2 says "max", which is no number */
	if (read_number(cgroup, name, &memory->limit_bytes) &&
	    memory->limit_bytes < V1_NO_LIMIT_BYTES)
		memory->known |= CGROUP_LIMIT;
}

/* Both versions tell of everything below; v1 under keys of its own. */
static int read_v1(const struct cgroup *cgroup, struct cgroup_memory *memory)
{
	struct keyed stat[] = {
		{.key = "total_rss"},           {.key = "total_shmem"},
		{.key = "total_cache"},         {.key = "total_active_file"},
		{.key = "total_inactive_file"},
	};
	int error = read_keyed(cgroup, "memory.stat", stat, sizeof(stat) / sizeof(stat[0]));

	if (error)
		return error;
	set(memory, CGROUP_ANON, &memory->anon_bytes, &stat[0]);
	set(memory, CGROUP_SHMEM, &memory->shmem_bytes, &stat[1]);
	set_file(memory, &stat[2], &stat[1]);
	set_reclaimable(memory, &stat[3], &stat[4]);
	set_limit(cgroup, "memory.limit_in_bytes", memory);
	if (read_number(cgroup, "memory.kmem.usage_in_bytes", &memory->kernel_bytes))
		memory->known |= CGROUP_KERNEL;
	if (read_number(cgroup, "memory.usage_in_bytes", &memory->usage_bytes))
		memory->known |= CGROUP_USAGE;
	return 0;
}

/* "kernel" came with 5.18 and has all of them; before there are the parts. */
static void set_kernel(struct cgroup_memory *memory, const struct keyed *kernel,
		       const struct keyed *parts, size_t count)
{
	struct keyed sum = *kernel;

	for (size_t i = 0; i < count && !kernel->seen; i++) {
		sum.value += parts[i].value;
		sum.seen |= parts[i].seen;
	}
	set(memory, CGROUP_KERNEL, &memory->kernel_bytes, &sum);
}

/* What of the kernel's is told apart; some of it came with later releases. */
static int read_parts(const struct cgroup *cgroup, struct cgroup_memory *memory)
{
	static const char *const keys[CGROUP_PART_COUNT] = {
		[CGROUP_SLAB] = "slab",
		[CGROUP_PAGE_TABLES] = "pagetables",
		[CGROUP_KERNEL_STACKS] = "kernel_stack",
		[CGROUP_PERCPU] = "percpu",
		[CGROUP_VMALLOC] = "vmalloc",
		[CGROUP_SOCKETS] = "sock",
	};
	struct keyed parts[CGROUP_PART_COUNT] = {0};
	int error;

	for (int part = 0; part < CGROUP_PART_COUNT; part++)
		parts[part].key = keys[part];
	error = read_keyed(cgroup, "memory.stat", parts, CGROUP_PART_COUNT);
	for (int part = 0; part < CGROUP_PART_COUNT; part++) {
		memory->part_bytes[part] = parts[part].value;
		memory->parts_known |= (uint32_t)parts[part].seen << part;
	}
	return error;
}

static int read_v2(const struct cgroup *cgroup, struct cgroup_memory *memory)
{
	struct keyed stat[] = {
		{.key = "anon"},          {.key = "shmem"},        {.key = "file"},
		{.key = "kernel"},        {.key = "kernel_stack"}, {.key = "pagetables"},
		{.key = "slab"},          {.key = "percpu"},       {.key = "active_file"},
		{.key = "inactive_file"},
	};
	int error = read_keyed(cgroup, "memory.stat", stat, sizeof(stat) / sizeof(stat[0]));

	if (error)
		return error;
	set(memory, CGROUP_ANON, &memory->anon_bytes, &stat[0]);
	set(memory, CGROUP_SHMEM, &memory->shmem_bytes, &stat[1]);
	set_file(memory, &stat[2], &stat[1]);
	set_kernel(memory, &stat[3], &stat[4], 4);
	set_reclaimable(memory, &stat[8], &stat[9]);
	set_limit(cgroup, "memory.max", memory);
	if (read_number(cgroup, "memory.current", &memory->usage_bytes))
		memory->known |= CGROUP_USAGE;
	return read_parts(cgroup, memory);
}

int cgroup_memory(const struct cgroup *cgroup, struct cgroup_memory *ret_memory)
{
	struct cgroup_memory memory = {0};
	int error = cgroup->unified ? read_v2(cgroup, &memory) : read_v1(cgroup, &memory);

	if (error)
		return error;
	*ret_memory = memory;
	return 0;
}
