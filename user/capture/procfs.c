// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/procfs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/lines.h"

int procfs_open_fd(const struct sysroot *root, uint32_t pid, const char *name, int flags)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%" PRIu32 "/%s", pid, name);
	fd = openat(root->proc_fd, path, flags | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

FILE *procfs_open(const struct sysroot *root, uint32_t pid, const char *name)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, name, O_RDONLY);
	FILE *stream;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	stream = fdopen(fd, "re");
	if (stream)
		TAKE_FD(fd);
	return stream;
}

/* Figures of a file of "Name:   123 kB" lines. */
struct figure {
	const char *key;
	uint64_t *value;
	bool seen;
};

static void figure_match(struct figure *figures, size_t count, const char *line)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(figures[i].key);

		if (strncmp(line, figures[i].key, len) != 0 || line[len] != ':')
			continue;
		if (sscanf(line + len + 1, " %" SCNu64, figures[i].value) == 1)
			figures[i].seen = true;
	}
}

/* 0 or -errno; which of them there were is in `figures`. */
static int read_figures(const struct sysroot *root, uint32_t pid, const char *name,
			struct figure *figures, size_t count)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, name, O_RDONLY);
	struct lines lines;
	const char *line;

	if (fd < 0)
		return fd;
	lines_begin(&lines, fd);
	while ((line = lines_next(&lines)))
		figure_match(figures, count, line);
	return lines.error;
}

/* "pid (comm) state ppid ... flags(9) ... starttime(22)"; comm may hold anything but a NUL. */
static int parse_stat(const char *stat, struct proc_status *status)
{
	const char *open = strchr(stat, '('), *close = strrchr(stat, ')');
	uint64_t ticks, flags;
	size_t len;

	if (!open || !close || close < open)
		return -EBADMSG;
	if (sscanf(close + 1,
		   " %*c %" SCNu32 " %*d %*d %*d %*d %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %*u"
		   " %*d %*d %*d %*d %" SCNu64,
		   &status->parent_pid, &flags, &ticks) != 3)
		return -EBADMSG;
	len = close - open - 1;
	if (len >= sizeof(status->comm))
		len = sizeof(status->comm) - 1;
	memcpy(status->comm, open + 1, len);
	status->comm[len] = '\0';
	status->kernel_thread = flags & 0x00200000; /* PF_KTHREAD */
	status->start_time_ns = ticks * (UINT64_C(1000000000) / sysconf(_SC_CLK_TCK));
	return 0;
}

int procfs_status(const struct sysroot *root, uint32_t pid, struct proc_status *ret_status)
{
	struct proc_status status = {0};
	uint64_t tgid = 0;
	struct figure figures[] = {{"Tgid", &tgid, false}};
	char stat[1024];
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "stat", O_RDONLY);
	ssize_t len;
	int error;

	if (fd < 0)
		return fd;
	len = read(fd, stat, sizeof(stat) - 1);
	if (len <= 0)
		return len < 0 ? -errno : -ESRCH;
	stat[len] = '\0';
	error = parse_stat(stat, &status);
	if (!error)
		error = read_figures(root, pid, "status", figures, 1);
	if (error || !figures[0].seen)
		return error ? error : -ESRCH;
	status.tgid = tgid;
	*ret_status = status;
	return 0;
}

static int read_rollup(const struct sysroot *root, uint32_t pid, struct memory_event *memory)
{
	uint64_t anon = 0, swap = 0;
	struct figure figures[] = {{"Anonymous", &anon, false}, {"Swap", &swap, false}};
	int error = read_figures(root, pid, "smaps_rollup", figures, 2);

	if (error || !figures[0].seen)
		return error ? error : -ESRCH;
	memory->rss_anon_bytes = anon * 1024;
	memory->swap_bytes = swap * 1024;
	return 0;
}

/* RssFile and RssShmem have no exact figure in smaps_rollup; status may lag by 64 faults a thread.
 */
static int read_status(const struct sysroot *root, uint32_t pid, struct memory_event *memory)
{
	uint64_t file = 0, shmem = 0, size = 0, tables = 0;
	struct figure figures[] = {
		{"RssFile", &file, false},
		{"RssShmem", &shmem, false},
		{"VmSize", &size, false},
		{"VmPTE", &tables, false},
	};
	int error = read_figures(root, pid, "status", figures, 4);

	if (error || !figures[0].seen)
		return error ? error : -ESRCH; /* no Vm and Rss lines: the mm is gone */
	memory->rss_file_bytes = file * 1024;
	memory->rss_shmem_bytes = shmem * 1024;
	memory->virtual_bytes = size * 1024;
	memory->page_table_bytes = tables * 1024;
	memory->known |= MEMORY_VIRTUAL | MEMORY_PAGE_TABLES;
	return 0;
}

int procfs_memory(const struct sysroot *root, uint32_t pid, struct memory_event *ret_memory)
{
	struct memory_event memory = *ret_memory;
	int error = read_status(root, pid, &memory);

	if (!error)
		error = read_rollup(root, pid, &memory);
	if (error)
		return error;
	memory.known |= MEMORY_RSS;
	*ret_memory = memory;
	return 0;
}

bool procfs_parse_mapping(const char *line, struct proc_mapping *ret_mapping)
{
	char permissions[5];
	int path = 0;

	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %" SCNx32 ":%" SCNx32 " %" SCNu64 " %n",
		   &ret_mapping->start, &ret_mapping->end, permissions, &ret_mapping->offset,
		   &ret_mapping->major, &ret_mapping->minor, &ret_mapping->inode, &path) < 7)
		return false;
	if (path == 0 || ret_mapping->end <= ret_mapping->start)
		return false;
	ret_mapping->executable = permissions[2] == 'x';
	ret_mapping->accessible = strncmp(permissions, "---", 3) != 0;
	snprintf(ret_mapping->path, sizeof(ret_mapping->path), "%.*s",
		 (int)strcspn(line + path, "\n"), line + path);
	return true;
}

int procfs_each_mapping(const struct sysroot *root, uint32_t pid, procfs_mapping_fn callback,
			void *context)
{
	_cleanup_close_ int fd = procfs_open_fd(root, pid, "maps", O_RDONLY);
	struct proc_mapping mapping;
	struct lines lines;
	bool any = false;
	int result = 0;
	char *line;

	if (fd < 0)
		return fd;
	lines_begin(&lines, fd);
	while (result == 0 && (line = lines_next(&lines))) {
		if (!procfs_parse_mapping(line, &mapping))
			continue;
		any = true;
		result = callback(&mapping, context);
	}
	return result ? result : any ? 0 : -ESRCH;
}
