// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/largest_mappings.h"

#include <stdlib.h>
#include <string.h>

/* The kernel's own names say what the kind says, too. */
static const char *name_of(const struct mapping_seen *seen)
{
	return seen->kind == MAPPING_HEAP || seen->kind == MAPPING_STACK ||
			       seen->kind == MAPPING_SPECIAL
		       ? ""
		       : seen->name;
}

static struct named_mappings *find(struct mappings_by_name *all, enum mapping_kind kind,
				   const char *name)
{
	/* those of one file lie side by side */
	for (uint32_t i = all->count; i-- > 0;)
		if (all->items[i].kind == kind && strcmp(all->items[i].name, name) == 0)
			return &all->items[i];
	return NULL;
}

static struct named_mappings *smallest(struct mappings_by_name *all)
{
	struct named_mappings *found = &all->items[0];

	for (uint32_t i = 1; i < all->count; i++)
		if (all->items[i].bytes < found->bytes)
			found = &all->items[i];
	return found;
}

static struct named_mappings *find_room(struct mappings_by_name *all)
{
	struct named_mappings *place;

	if (all->count < LARGEST_MAPPINGS_READ)
		return &all->items[all->count++];
	place = smallest(all);
	all->other_count += place->count;
	all->other_bytes += place->bytes;
	return place;
}

void mappings_by_name_add(const struct mapping_seen *seen, void *context)
{
	struct mappings_by_name *all = context;
	const char *name = name_of(seen);
	struct named_mappings *mappings = find(all, seen->kind, name);

	if (!mappings) {
		mappings = find_room(all);
		*mappings = (struct named_mappings){.kind = seen->kind};
		memcpy(mappings->name, name, strlen(name));
	}
	mappings->count++;
	mappings->bytes += seen->end - seen->start;
}

static int compare(const void *left, const void *right)
{
	const struct named_mappings *a = left, *b = right;

	return (a->bytes < b->bytes) - (a->bytes > b->bytes);
}

void largest_mappings_of(struct mappings_by_name *all, struct largest_mappings *ret_largest)
{
	qsort(all->items, all->count, sizeof(all->items[0]), compare);
	*ret_largest = (struct largest_mappings){
		.other_count = all->other_count,
		.other_bytes = all->other_bytes,
	};
	for (uint32_t i = 0; i < all->count; i++) {
		if (i < LARGEST_MAPPINGS_MAX) {
			ret_largest->items[ret_largest->count++] = all->items[i];
			continue;
		}
		ret_largest->other_count += all->items[i].count;
		ret_largest->other_bytes += all->items[i].bytes;
	}
}
