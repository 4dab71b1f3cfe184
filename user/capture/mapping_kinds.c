// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/mapping_kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* glibc's HEAP_MAX_SIZE on 64 bit, and the unit of Go's heap: aligned, accessible up to a point. */
#define ARENA_BYTES (64UL << 20)
/* No guard is larger: glibc's and musl's default is a page, Java's some dozens. */
#define GUARD_MAX_BYTES (1UL << 20)

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Names the kernel gives; a process chooses its own only within "[anon:" and among files. */
static const struct {
	const char *beginning;
	enum mapping_kind kind;
} names[] = {
	{"[heap]", MAPPING_HEAP},
	{"[stack]", MAPPING_STACK},
	{"[anon: glibc: malloc", MAPPING_ARENA},
	{"[anon: glibc: pthread stack", MAPPING_THREAD_STACK},
	{"[anon:", MAPPING_ANON},
	{"[anon_shmem:", MAPPING_SHARED},
	{"[", MAPPING_SPECIAL},
	{"/memfd:", MAPPING_SHARED},
	{"/dev/zero", MAPPING_SHARED},
	{"/dev/shm/", MAPPING_SHARED},
	{"/SYSV", MAPPING_SHARED},
};

static enum mapping_kind kind_alone(const struct proc_mapping *mapping)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (begins(mapping->path, names[i].beginning))
			return names[i].kind;
	if (mapping->inode)
		return MAPPING_FILE;
	if (mapping->executable)
		return MAPPING_JIT;
	return mapping->accessible ? MAPPING_ANON : MAPPING_NO_ACCESS;
}

static bool is_plain(const struct mapping_seen *seen)
{
	return seen->kind == MAPPING_ANON || seen->kind == MAPPING_THREAD_STACK;
}

static void look_for_arena(struct mapping_seen *low, struct mapping_seen *high)
{
	bool aligned = low->start % ARENA_BYTES == 0 && high->end == low->start + ARENA_BYTES;

	if (aligned && is_plain(low) && high->kind == MAPPING_NO_ACCESS)
		low->kind = high->kind = MAPPING_ARENA;
}

static void look_for_thread_stack(struct mapping_seen *low, struct mapping_seen *high)
{
	if (low->kind == MAPPING_NO_ACCESS && low->end - low->start <= GUARD_MAX_BYTES &&
	    high->kind == MAPPING_ANON)
		low->kind = high->kind = MAPPING_THREAD_STACK;
}

/* What two mappings are that lie next to each other. */
static void look_at_neighbours(struct mapping_seen *low, struct mapping_seen *high)
{
	if (low->end != high->start)
		return;
	look_for_arena(low, high);
	look_for_thread_stack(low, high);
}

static void tell_last(struct mapping_reading *reading)
{
	if (reading->last.end > reading->last.start)
		reading->tell(&reading->last, reading->context);
}

static void keep_name(struct mapping_seen *seen, const char *name)
{
	size_t len = strlen(name);

	if (len < sizeof(seen->name))
		memcpy(seen->name, name, len + 1);
	else
		snprintf(seen->name, sizeof(seen->name), "...%s",
			 name + len - (sizeof(seen->name) - 4));
}

void mapping_reading_take(struct mapping_reading *reading, const struct proc_mapping *mapping)
{
	struct mapping_seen seen = {
		.start = mapping->start,
		.end = mapping->end,
		.kind = kind_alone(mapping),
	};

	keep_name(&seen, mapping->path);
	if (seen.kind == MAPPING_ANON && seen.start % ARENA_BYTES == 0 &&
	    seen.end == seen.start + ARENA_BYTES)
		seen.kind = MAPPING_ARENA;
	look_at_neighbours(&reading->last, &seen);
	tell_last(reading);
	reading->last = seen;
}

void mapping_reading_end(struct mapping_reading *reading)
{
	tell_last(reading);
	reading->last.end = reading->last.start;
}

static void count(const struct mapping_seen *seen, void *context)
{
	struct mappings_event *sum = &((struct mapping_kinds *)context)->kinds[seen->kind];

	sum->kind = seen->kind;
	sum->count++;
	sum->reserved_bytes += seen->end - seen->start;
	sum->resident_bytes += seen->resident_bytes;
}

static void take_line(struct mapping_reading *reading, const char *line,
		      struct proc_mapping *mapping)
{
	uint64_t kib;

	if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1)
		reading->last.resident_bytes += kib * 1024;
	/* Every process is shown this page of the kernel's; its size is in no total. */
	else if (procfs_parse_mapping(line, mapping) && strcmp(mapping->path, "[vsyscall]") != 0)
		mapping_reading_take(reading, mapping);
}

int mapping_kinds_read(const struct sysroot *root, uint32_t pid, struct mapping_kinds *ret_kinds)
{
	_cleanup_fclose_ FILE *stream = procfs_open(root, pid, "smaps");
	_cleanup_free_ struct proc_mapping *mapping = malloc(sizeof(*mapping));
	_cleanup_free_ char *line = NULL;
	struct mapping_kinds kinds = {0};
	struct mapping_reading reading = {.tell = count, .context = &kinds};
	size_t capacity = 0;

	if (!stream)
		return -errno;
	if (!mapping)
		return -ENOMEM;
	while (getline(&line, &capacity, stream) > 0)
		take_line(&reading, line, mapping);
	if (!reading.last.end)
		return -ESRCH;
	mapping_reading_end(&reading);
	*ret_kinds = kinds;
	return 0;
}
