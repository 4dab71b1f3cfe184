// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc/PID has. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "capture/facts.h"
#include "capture/procfs.h"

/* Larger environments are cut: variables of ours that come later are not seen. */
#define ENVIRONMENT_BYTES 131072
/* Where the kernel does not tell how many files are open they are counted, up to here. */
#define FILES_COUNTED 8192
/* Of so many it is asked what they are: a link to read each. */
#define LINKS_READ 1024
/* malloc's arenas of threads, which begin at multiples of this (HEAP_MAX_SIZE of glibc). */
#define ARENA_BYTES (64ULL << 20)

static void add(struct facts *facts, const char *key, uint64_t value)
{
	facts_add(facts, LEVEL_PROCESS, FIGURE_PROC, key, value);
}

static void add_text(struct facts *facts, const char *key, const char *text, size_t len)
{
	facts_add_text(facts, LEVEL_PROCESS, FIGURE_PROC, key, text, len);
}

/* --- limits -------------------------------------------------------------------------------- */

static const struct {
	const char *line, *key;
} limits[] = {
	{"Max open files", "limit.open_files"},
	{"Max processes", "limit.processes"},
	{"Max address space", "limit.address_space"},
	{"Max data size", "limit.data"},
	{"Max stack size", "limit.stack"},
	{"Max locked memory", "limit.locked_memory"},
};

/* "Max open files            1024                 4096                 files" */
static void take_limit(struct facts *facts, const char *line)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t len = strlen(limits[i].line);
		uint64_t value;

		if (strncmp(line, limits[i].line, len) != 0)
			continue;
		if (sscanf(line + len, " %" SCNu64, &value) == 1)
			add(facts, limits[i].key, value);
		else
			add_text(facts, limits[i].key, "unlimited", strlen("unlimited"));
	}
}

static void take_limits(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	_cleanup_fclose_ FILE *stream = procfs_open(root, pid, "limits");
	char line[256];

	while (stream && fgets(line, sizeof(line), stream))
		take_limit(facts, line);
}

/* --- what it has --------------------------------------------------------------------------- */

/* From 6.2 on the directory's size is the number of its entries; before it is 0. */
static void take_open_files(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "fd", O_RDONLY | O_DIRECTORY);
	_cleanup_closedir_ DIR *directory = NULL;
	struct stat status;
	uint64_t count = 0;
	struct dirent *entry;

	if (fd < 0 || fstat(fd, &status))
		return;
	if (status.st_size > 0) {
		add(facts, "open_files", status.st_size);
		return;
	}
	directory = fdopendir(fd);
	if (!directory)
		return;
	TAKE_FD(fd);
	while (count < FILES_COUNTED && (entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	/* what was not counted to its end is not known */
	if (count < FILES_COUNTED)
		add(facts, "open_files", count);
}

/* Whose memory is not told by process; how many there are is. Of a part of them nothing is said. */
static void take_open_sockets(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "fd", O_RDONLY | O_DIRECTORY);
	_cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	uint64_t sockets = 0, count = 0;
	struct dirent *entry;
	char link[16];

	if (!directory)
		return;
	TAKE_FD(fd);
	while ((entry = readdir(directory))) {
		ssize_t len = entry->d_name[0] == '.' ? 0
						      : readlinkat(dirfd(directory), entry->d_name,
								   link, sizeof(link));

		if (++count > LINKS_READ || (len < 0 && errno != ENOENT))
			return;
		sockets += len >= 8 && memcmp(link, "socket:[", 8) == 0;
	}
	add(facts, "open_sockets", sockets);
}

static void take_status(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	_cleanup_fclose_ FILE *stream = procfs_open(root, pid, "status");
	char line[512], list[128];
	uint64_t value;

	while (stream && fgets(line, sizeof(line), stream)) {
		if (sscanf(line, "Threads: %" SCNu64, &value) == 1)
			add(facts, "threads", value);
		else if (sscanf(line, "VmSwap: %" SCNu64, &value) == 1)
			add(facts, "swapped_bytes", value * 1024);
		else if (sscanf(line, "Mems_allowed_list: %127s", list) == 1)
			add_text(facts, "memory_nodes", list, strlen(list));
		else if (sscanf(line, "Cpus_allowed_list: %127s", list) == 1)
			add_text(facts, "cpus", list, strlen(list));
	}
}

/* "TCP: inuse 3 orphan 0 tw 0 alloc 4 mem 2": pages, of its whole network namespace. */
static void take_sockets(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	_cleanup_fclose_ FILE *stream = procfs_open(root, pid, "net/sockstat");
	char line[256];
	uint64_t value;

	while (stream && fgets(line, sizeof(line), stream)) {
		const char *memory = strstr(line, " mem ");

		if (sscanf(line, "sockets: used %" SCNu64, &value) == 1)
			add(facts, "namespace.sockets", value);
		else if (strncmp(line, "TCP:", 4) == 0 && memory &&
			 sscanf(memory, " mem %" SCNu64, &value) == 1)
			add(facts, "namespace.tcp_bytes", value * sysconf(_SC_PAGESIZE));
	}
}

/* --- its runtime --------------------------------------------------------------------------- */

static const struct {
	const char *file, *runtime; /* the beginning of a file's name */
} runtimes[] = {
	{"libjvm.so", "jvm"}, {"node", "node"},        {"libnode.so", "node"},
	{"python", "python"}, {"libpython", "python"},
};

struct mapped {
	uint32_t seen;
	uint64_t arenas;
	const char *runtime; /* NULL: none that we know */
	struct mapping_reading reading;
	struct mappings_by_name by_name;
};

static const char *runtime_of(const char *path)
{
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strncmp(name + 1, runtimes[i].file, strlen(runtimes[i].file)) == 0)
			return runtimes[i].runtime;
	return NULL;
}

static int look_at(const struct proc_mapping *mapping, void *context)
{
	struct mapped *mapped = context;

	if (!mapping->path[0] && mapping->accessible && mapping->start % ARENA_BYTES == 0)
		mapped->arenas++;
	if (mapping->executable && !mapped->runtime)
		mapped->runtime = runtime_of(mapping->path);
	mapping_reading_take(&mapped->reading, mapping);
	return ++mapped->seen == FACTS_MAPPINGS_MAX;
}

static void take_mapped(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	struct mapped mapped = {.reading = {.tell = mappings_by_name_add}};

	mapped.reading.context = &mapped.by_name;
	if (procfs_each_mapping(root, pid, look_at, &mapped) < 0)
		return;
	if (mapped.runtime)
		add_text(facts, "runtime", mapped.runtime, strlen(mapped.runtime));
	add(facts, "malloc_arenas", mapped.arenas);
	mapping_reading_end(&mapped.reading);
	largest_mappings_of(&mapped.by_name, &facts->mappings);
}

/*
 * The kernel reads it from anonymous memory alone (FOLL_ANON of fs/proc/base.c), so that nobody can
 * make us wait for a file of theirs.
 */
static void take_environment(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "environ", O_RDONLY);
	static char environment[ENVIRONMENT_BYTES];
	size_t bytes = 0;
	ssize_t got;

	if (fd < 0)
		return;
	while (bytes < sizeof(environment) &&
	       (got = read(fd, environment + bytes, sizeof(environment) - bytes)) > 0)
		bytes += got;
	facts_of_environment(facts, environment, bytes);
	/* other people's secrets do not stay here */
	explicit_bzero(environment, bytes);
}

void facts_of_process(struct facts *facts, const struct sysroot *root, uint32_t pid)
{
	take_environment(facts, root, pid);
	take_mapped(facts, root, pid);
	take_limits(facts, root, pid);
	take_open_files(facts, root, pid);
	take_open_sockets(facts, root, pid);
	take_status(facts, root, pid);
	take_sockets(facts, root, pid);
}
