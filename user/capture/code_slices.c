// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/code_slices.h"

#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/clock.h"

/* How often all processes are looked at for room, at most. */
#define COLLECT_INTERVAL_NS 100000000

struct code_slices {
	int index_fd;
	struct ot_code_mapping *mappings;
	uint32_t mapping_count;
	uint32_t next, end; /* the gap that is being filled */
	uint64_t collected_ns;
	uint32_t generation;
};

int code_slices_new(int index_fd, struct ot_code_mapping *mappings, uint32_t mapping_count,
		    struct code_slices **ret_slices)
{
	struct code_slices *slices = calloc(1, sizeof(*slices));

	if (!slices)
		return -ENOMEM;
	*slices = (struct code_slices){.index_fd = index_fd,
				       .mappings = mappings,
				       .mapping_count = mapping_count,
				       .end = mapping_count};
	*ret_slices = slices;
	return 0;
}

void code_slices_free(struct code_slices *slices)
{
	free(slices);
}

struct used {
	struct ot_code_slice *items;
	size_t count, capacity;
};

static int used_add(struct used *used, struct ot_code_slice slice)
{
	struct ot_code_slice *items;

	if (used->count == used->capacity) {
		used->capacity = used->capacity ? 2 * used->capacity : 256;
		items = reallocarray(used->items, used->capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		used->items = items;
	}
	used->items[used->count++] = slice;
	return 0;
}

static int by_place(const void *a_of, const void *b_of)
{
	const struct ot_code_slice *a = a_of, *b = b_of;

	return a->first < b->first ? -1 : a->first > b->first;
}

/* Of all processes, by place; the same one may be there more than once. */
static int used_collect(const struct code_slices *slices, struct used *used)
{
	uint32_t key, next;
	bool more = bpf_map_get_next_key(slices->index_fd, NULL, &next) == 0;

	while (more) {
		struct ot_code_slice slice;

		key = next;
		if (bpf_map_lookup_elem(slices->index_fd, &key, &slice) == 0 &&
		    used_add(used, slice))
			return -ENOMEM;
		more = bpf_map_get_next_key(slices->index_fd, &key, &next) == 0;
	}
	if (used->count)
		qsort(used->items, used->count, sizeof(*used->items), by_place);
	return 0;
}

/* The largest gap between slices in use is the one to fill next. */
static int find_gap(struct code_slices *slices)
{
	_cleanup_free_ struct ot_code_slice *items = NULL;
	struct used used = {0};
	uint32_t at = 0;
	int error = used_collect(slices, &used);

	items = used.items;
	if (error)
		return error;
	slices->next = slices->end = 0;
	for (size_t i = 0; i <= used.count; i++) {
		uint32_t end = i < used.count ? items[i].first : slices->mapping_count;

		if (end > at && end - at > slices->end - slices->next) {
			slices->next = at;
			slices->end = end;
		}
		if (i < used.count && items[i].first + items[i].count > at)
			at = items[i].first + items[i].count;
	}
	return 0;
}

static int make_room(struct code_slices *slices, uint32_t count)
{
	uint64_t now_ns = clock_monotonic_ns();
	int error;

	if (slices->end - slices->next >= count)
		return 0;
	if (slices->collected_ns && now_ns - slices->collected_ns < COLLECT_INTERVAL_NS)
		return -ENOSPC;
	slices->collected_ns = now_ns;
	error = find_gap(slices);
	if (error)
		return error;
	return slices->end - slices->next >= count ? 0 : -ENOSPC;
}

int code_slices_publish(struct code_slices *slices, uint32_t tgid,
			const struct ot_code_mapping *mappings, uint32_t count)
{
	struct ot_code_slice slice;
	int error = make_room(slices, count);

	if (error)
		return error;
	slices->generation = slices->generation % OT_SLICE_GENERATIONS + 1;
	slice = (struct ot_code_slice){
		.first = slices->next, .count = count, .generation = slices->generation};
	memcpy(slices->mappings + slice.first, mappings, count * sizeof(*mappings));
	if (bpf_map_update_elem(slices->index_fd, &tgid, &slice, BPF_ANY))
		return -errno;
	slices->next += count;
	return 0;
}

int code_slices_each(struct code_slices *slices, code_slices_fn callback, void *context)
{
	_cleanup_free_ struct ot_code_slice *items = NULL;
	struct used used = {0};
	int error = used_collect(slices, &used);

	items = used.items;
	for (size_t i = 0; i < used.count && !error; i++)
		for (uint32_t at = 0; at < items[i].count; at++)
			callback(&slices->mappings[items[i].first + at], context);
	return error;
}
