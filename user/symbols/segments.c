// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/segments.h"

bool segments_address(const struct segments *segments, uint64_t offset, uint64_t *ret_address)
{
	const struct segment *found = NULL;

	for (size_t i = 0; i < segments->count; i++) {
		const struct segment *segment = &segments->items[i];

		if (offset < segment->offset || offset - segment->offset >= segment->size_bytes)
			continue;
		if (!found || (segment->executable && !found->executable))
			found = segment;
	}
	if (!found)
		return false;
	*ret_address = offset - found->offset + found->address;
	return true;
}
