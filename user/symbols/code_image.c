// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_image.h"

#include <errno.h>
#include <stdlib.h>

#define ADDRESSES_AT_FIRST 256

static const uint8_t nothing[1];

struct bytes code_image_bytes(const struct code_image *image, uint64_t address)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct code_section *section = &image->sections[i];
		struct bytes bytes = section->bytes;

		if (address < section->address || address - section->address >= bytes_left(&bytes))
			continue;
		bytes_take(&bytes, address - section->address);
		return bytes;
	}
	return (struct bytes){.at = nothing, .end = nothing, .bad = true};
}

int code_addresses_add(struct code_addresses *addresses, uint64_t address)
{
	if (addresses->count == addresses->capacity) {
		size_t capacity = addresses->count ? 2 * addresses->count : ADDRESSES_AT_FIRST;
		uint64_t *items = reallocarray(addresses->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		addresses->items = items;
		addresses->capacity = capacity;
	}
	addresses->items[addresses->count++] = address;
	return 0;
}

void code_image_release(struct code_image *image)
{
	free(image->starts.items);
	free(image->dead_ends.items);
	*image = (struct code_image){};
}
