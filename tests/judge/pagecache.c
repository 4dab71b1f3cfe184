// SPDX-License-Identifier: GPL-2.0-or-later
/* Page cache and cgroups: memory that no mapping has to show. */
#include "judge.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int judge_file(char **arguments)
{
	int fd = open(arguments[0], O_RDONLY | O_CLOEXEC);
	uint64_t pages, resident = 0;
	struct stat status;
	unsigned char *map;
	void *memory;

	if (fd < 0 || fstat(fd, &status))
		err(1, "%s", arguments[0]);
	pages = (status.st_size + PAGE_BYTES - 1) / PAGE_BYTES;
	if (pages) {
		memory = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, fd, 0);
		map = malloc(pages);
		if (!map || memory == MAP_FAILED || mincore(memory, status.st_size, map))
			err(1, "%s", arguments[0]);
		for (uint64_t i = 0; i < pages; i++)
			resident += map[i] & 1;
		free(map);
	}
	close(fd);
	printf("cached %" PRIu64 "\n", resident);
	return 0;
}

/* A number in bytes: of a whole file (`key` NULL), or behind one key of a keyed one. */
struct memcg_fact {
	const char *name;
	const char *file;
	const char *key;
};

static const struct memcg_fact memcg_facts[] = {
	{"usage", "memory.usage_in_bytes", NULL},
	{"usage", "memory.current", NULL},
	{"kernel", "memory.kmem.usage_in_bytes", NULL},
	{"kernel", "memory.stat", "kernel"},
	{"anon", "memory.stat", "rss"},
	{"anon", "memory.stat", "anon"},
	{"cache", "memory.stat", "cache"},
	{"cache", "memory.stat", "file"},
	{"shmem", "memory.stat", "shmem"},
};

/* Returns whether there is such a file with such a key. */
static bool fact_read(const char *directory, const struct memcg_fact *fact, uint64_t *ret_bytes)
{
	char path[4096], line[256], key[64];
	bool found = false;
	uint64_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, fact->file);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		if (fact->key)
			found = sscanf(line, "%63s %" SCNu64, key, &bytes) == 2 &&
				!strcmp(key, fact->key);
		else
			found = sscanf(line, "%" SCNu64, &bytes) == 1;
	}
	fclose(file);
	if (found)
		*ret_bytes = bytes;
	return found;
}

int judge_memcg(char **arguments)
{
	bool any = false;
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(memcg_facts) / sizeof(memcg_facts[0]); i++) {
		if (!fact_read(arguments[0], &memcg_facts[i], &bytes))
			continue;
		printf("%s %" PRIu64 "\n", memcg_facts[i].name, bytes / PAGE_BYTES);
		any = true;
	}
	if (!any)
		errx(1, "%s: no memory cgroup", arguments[0]);
	return 0;
}
