// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/mappings.h"

#include <string.h>

#include "base/clock.h"

/* A process has as many executable mappings as it likes; 256 KiB of them is a very large JIT. */
#define MAX_MAPPINGS 8192

/* As many as most processes have: room for them is taken once. */
#define FIRST_CAPACITY 32

struct reading {
	struct mappings mappings;
	size_t capacity;
	struct store *store;
	struct modules *modules;
	uint32_t pid;
	bool asked_perf_map;
	uint32_t perf_map;
};

/* A JIT's. What a process calls a part of its memory stands within "[anon:". */
static bool is_anonymous(const struct proc_mapping *mapping)
{
	static const char *const names[] = {"[anon", "[heap]", "[stack]"};

	if (mapping->inode)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(mapping->path, names[i], strlen(names[i])) == 0)
			return true;
	return !mapping->path[0];
}

/* Who names anonymous code: asked for once for all of it. */
static uint32_t perf_map(struct reading *reading)
{
	if (!reading->asked_perf_map)
		reading->perf_map = modules_of_perf_map(reading->modules, reading->pid);
	reading->asked_perf_map = true;
	return reading->perf_map;
}

static int make_room(struct reading *reading)
{
	size_t capacity = reading->capacity ? 2 * reading->capacity : FIRST_CAPACITY;
	struct mapping *items;

	if (reading->mappings.count < reading->capacity)
		return 0;
	items = store_resize(reading->store, reading->mappings.items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	reading->mappings.items = items;
	reading->capacity = capacity;
	return 0;
}

static int add_mapping(const struct proc_mapping *mapping, void *context)
{
	struct reading *reading = context;
	struct mappings *mappings = &reading->mappings;
	struct mapping *added;

	if (!mapping->executable || mappings->count == MAX_MAPPINGS)
		return 0;
	if (make_room(reading))
		return -ENOMEM;
	added = &mappings->items[mappings->count++];
	*added = (struct mapping){
		.start = mapping->start,
		.end = mapping->end,
		.offset = mapping->offset,
		.module = modules_of_mapping(reading->modules, reading->pid, mapping),
	};
	if (is_anonymous(mapping))
		added->perf_map = perf_map(reading);
	return 0;
}

/* There are thousands of processes, and what is known of each stays. */
static void give_back_rest(struct mappings *mappings)
{
	struct mapping *items = NULL;

	if (mappings->count)
		items = store_resize(NULL, mappings->items, mappings->count, sizeof(*items));
	if (items)
		mappings->items = items;
}

int mappings_read(struct mappings *mappings, struct store *store, const struct sysroot *root,
		  struct modules *modules, uint32_t pid)
{
	struct reading reading = {.store = store, .modules = modules, .pid = pid};
	int error = procfs_each_mapping(root, pid, add_mapping, &reading);

	mappings->read_ns = clock_monotonic_ns();
	if (error) {
		mappings_release(&reading.mappings);
		return error;
	}
	give_back_rest(&reading.mappings);
	reading.mappings.read_ns = mappings->read_ns;
	mappings_release(mappings);
	*mappings = reading.mappings;
	return 0;
}

int mappings_of_areas(struct mappings *mappings, struct store *store, struct modules *modules,
		      const struct ot_code_area *areas, size_t count)
{
	struct mapping *items = store_alloc_array(store, count, sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct mapping){
			.start = areas[i].start,
			.end = areas[i].end,
			.offset = areas[i].offset,
			.module = modules_of_area(modules, &areas[i]),
		};
	mappings_release(mappings);
	*mappings = (struct mappings){items, count, clock_monotonic_ns()};
	return 0;
}

bool mappings_find(const struct mappings *mappings, uint64_t address, struct event_frame *ret_frame)
{
	size_t low = 0, high = mappings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mapping *mapping = &mappings->items[middle];

		if (address < mapping->start) {
			high = middle;
		} else if (address >= mapping->end) {
			low = middle + 1;
		} else {
			ret_frame->module = mapping->module ? mapping->module : mapping->perf_map;
			ret_frame->offset = mapping->module
						    ? address - mapping->start + mapping->offset
						    : address;
			return true;
		}
	}
	return false;
}

size_t mappings_from(const struct mappings *mappings, uint64_t address)
{
	size_t low = 0, high = mappings->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mappings->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_contradicted(const struct mapping *known, const struct mappings *fresh,
			    const struct modules *modules)
{
	for (size_t i = mappings_from(fresh, known->start);
	     i < fresh->count && fresh->items[i].start < known->end; i++)
		if (modules_are_other_files(modules, known->module, fresh->items[i].module))
			return true;
	return false;
}

bool mappings_contradict(const struct mappings *known, const struct mappings *fresh,
			 const struct modules *modules)
{
	for (size_t i = 0; i < known->count; i++)
		if (is_contradicted(&known->items[i], fresh, modules))
			return true;
	return false;
}

int mappings_copy(const struct mappings *from, struct store *store, struct mappings *ret_mappings)
{
	struct mapping *items = store_alloc_array(store, from->count, sizeof(*items));

	if (!items)
		return -ENOMEM;
	if (from->count)
		memcpy(items, from->items, from->count * sizeof(*items));
	*ret_mappings = (struct mappings){items, from->count, from->read_ns};
	return 0;
}

void mappings_release(struct mappings *mappings)
{
	store_free(mappings->items);
	*mappings = (struct mappings){0};
}
