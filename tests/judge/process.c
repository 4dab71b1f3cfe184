// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc says about one process. */
#include "judge.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int judge_range(char **arguments)
{
	struct frame_counts counts = {0};
	struct frame_files files;

	frames_open(&files, arguments[0]);
	frames_count(&files, strtoull(arguments[1], NULL, 0), strtoull(arguments[2], NULL, 0),
		     &counts);
	frames_print(&counts);
	return 0;
}

int judge_frames(char **arguments)
{
	struct frame_files files;

	frames_open(&files, arguments[0]);
	frames_list(&files, strtoull(arguments[1], NULL, 0), strtoull(arguments[2], NULL, 0));
	return 0;
}

static FILE *open_proc(const char *pid, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	file = fopen(path, "re");
	if (!file)
		err(1, "%s", path);
	return file;
}

int judge_process(char **arguments)
{
	struct frame_counts counts = {0};
	struct frame_files files;
	char line[4096];
	FILE *maps;

	frames_open(&files, arguments[0]);
	maps = open_proc(arguments[0], "maps");
	while (fgets(line, sizeof(line), maps)) {
		uint64_t start, end;

		/* the vsyscall page and what drivers map have no frames of the process */
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) == 2 &&
		    !strstr(line, "[vsyscall]") && !strstr(line, "[vvar"))
			frames_count(&files, start, end - start, &counts);
	}
	fclose(maps);
	frames_print(&counts);
	return 0;
}

/* Prints the wanted `Key: N kB` lines of a file, each under our name for it. */
static void print_kib_lines(const char *pid, const char *name, const char *const wanted[][2])
{
	FILE *file = open_proc(pid, name);
	char line[256], key[64];
	uint64_t kib;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %" SCNu64 " kB", key, &kib) != 2)
			continue;
		for (int i = 0; wanted[i][0]; i++)
			if (!strcmp(key, wanted[i][0]))
				printf("%s %" PRIu64 "\n", wanted[i][1], kib * 1024 / PAGE_BYTES);
	}
	fclose(file);
}

int judge_rollup(char **arguments)
{
	static const char *const rollup[][2] = {
		{"Rss", "rss"}, {"Anonymous", "anon"}, {"Swap", "swap"}, {NULL, NULL}};
	static const char *const status[][2] = {{"VmPTE", "page_tables"},
						{"RssFile", "rss_file"},
						{"RssShmem", "rss_shmem"},
						{NULL, NULL}};

	print_kib_lines(arguments[0], "smaps_rollup", rollup);
	print_kib_lines(arguments[0], "status", status);
	return 0;
}
