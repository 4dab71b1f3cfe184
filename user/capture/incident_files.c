// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/incident_files.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/incident_levels.h"

/* Where hierarchies are mounted, below /sys. */
#define V1_ROOT "fs/cgroup/memory"
#define V2_ROOT "fs/cgroup"

static const struct {
	const char *name;
	enum figure_source source;
	bool is_number;
} cgroup_files[] = {
	{"memory.stat", FIGURE_MEMORY_STAT, false},
	{"memory.pressure", FIGURE_PSI, false},
	/* of v1, whose memory.stat does not tell what the kernel has for itself */
	{"memory.kmem.usage_in_bytes", FIGURE_MEMORY_STAT, true},
	{"memory.kmem.tcp.usage_in_bytes", FIGURE_MEMORY_STAT, true},
};

static const struct {
	const char *name;
	enum figure_source source;
} host_files[] = {
	{"meminfo", FIGURE_MEMINFO},
	{"pressure/memory", FIGURE_PSI},
};

bool incident_files_unified(const struct sysroot *root)
{
	return faccessat(root->sys_fd, V1_ROOT "/memory.usage_in_bytes", F_OK, 0) != 0;
}

/* The last line may be cut: then it goes. */
static bool read_text(int dir_fd, const char *name, char text[INCIDENT_FILE_MAX])
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t len = fd < 0 ? -1 : read(fd, text, INCIDENT_FILE_MAX - 1);
	char *last;

	if (len <= 0)
		return false;
	text[len] = '\0';
	last = strrchr(text, '\n');
	if (last)
		last[1] = '\0';
	return true;
}

static struct incident_file *next_file(struct incident_files *files)
{
	return files->count < INCIDENT_FILES_MAX ? &files->files[files->count] : NULL;
}

static void read_host(struct incident_files *files, const struct sysroot *root)
{
	for (size_t i = 0; i < sizeof(host_files) / sizeof(host_files[0]); i++) {
		struct incident_file *file = next_file(files);

		if (!file || !read_text(root->proc_fd, host_files[i].name, file->text))
			continue;
		file->level = LEVEL_HOST;
		file->source = host_files[i].source;
		file->key = NULL;
		files->count++;
	}
}

static void read_level(struct incident_files *files, int dir_fd, uint32_t level)
{
	for (size_t i = 0; i < sizeof(cgroup_files) / sizeof(cgroup_files[0]); i++) {
		struct incident_file *file = next_file(files);

		if (!file || !read_text(dir_fd, cgroup_files[i].name, file->text))
			continue;
		file->level = level;
		file->source = cgroup_files[i].source;
		file->key = cgroup_files[i].is_number ? cgroup_files[i].name : NULL;
		files->count++;
	}
}

bool incident_files_cgroup(bool unified, const char *cgroup, char ret_path[PATH_MAX])
{
	return snprintf(ret_path, PATH_MAX, "%s%s", unified ? V2_ROOT : V1_ROOT, cgroup) < PATH_MAX;
}

static void open_and_read_level(struct incident_files *files, const struct sysroot *root,
				const struct ot_kill_record *record, uint32_t level)
{
	char path[PATH_MAX], level_path[INCIDENT_PATH_MAX];
	_cleanup_close_ int fd = -1;
	struct stat status;

	incident_level_path(record, level, level_path);
	if (!incident_files_cgroup(incident_files_unified(root), level_path, path))
		return;
	fd = openat(root->sys_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* removed and made again, or its name was cut: somebody else's figures */
	if (fd < 0 || fstat(fd, &status) || status.st_ino != record->levels[level].id)
		return;
	read_level(files, fd, level);
}

void incident_files_read(struct incident_files *files, const struct sysroot *root,
			 const struct ot_kill_record *record, uint32_t fired)
{
	files->time_ns = record->time_ns;
	files->count = 0;
	if (fired < record->level_count)
		open_and_read_level(files, root, record, fired);
	if (fired != 0 && record->level_count > 0)
		open_and_read_level(files, root, record, 0);
	read_host(files, root);
}

/* --- what they say ------------------------------------------------------------------------- */

/*
 * "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": tasks stalled for lack of memory, in hundredths
 * of a percent and in microseconds. The key is "some avg10" and so on.
 */
static void each_pressure(char *line, incident_figure_fn callback, void *context)
{
	char key[32], *rest = line, *kind = strsep(&rest, " "), *word;

	while (rest && (word = strsep(&rest, " "))) {
		char *value = strchr(word, '='), *end;
		uint64_t figure;

		if (!value)
			continue;
		*value++ = '\0';
		figure = strtoull(value, &end, 10);
		if (*end == '.')
			figure = figure * 100 + strtoull(end + 1, NULL, 10);
		snprintf(key, sizeof(key), "%s %s", kind, word);
		callback(key, figure, context);
	}
}

/* "anon 4096", "MemTotal:  123 kB" */
static void one_figure(char *line, incident_figure_fn callback, void *context)
{
	char *rest = line, *key = strsep(&rest, " \t"), *end;
	size_t len = strlen(key);
	uint64_t value;

	while (rest && isspace((unsigned char)*rest))
		rest++;
	if (!rest || !isdigit((unsigned char)*rest))
		return;
	value = strtoull(rest, &end, 10);
	if (strcmp(end, " kB") == 0)
		value *= 1024;
	if (len && key[len - 1] == ':')
		key[len - 1] = '\0';
	callback(key, value, context);
}

void incident_file_each(const struct incident_file *file, incident_figure_fn callback,
			void *context)
{
	char line[256];

	if (file->key) {
		callback(file->key, strtoull(file->text, NULL, 10), context);
		return;
	}
	for (const char *at = file->text; *at;) {
		size_t len = strcspn(at, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		(file->source == FIGURE_PSI ? each_pressure : one_figure)(line, callback, context);
		at += len + (at[len] == '\n');
	}
}
