// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_spots.h"

#include <errno.h>
#include <stdlib.h>

const struct code_spot_range *code_spots_range(const struct code_spots *spots, uint64_t address)
{
	size_t low = 0, high = spots->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct code_spot_range *range = &spots->ranges[middle];

		if (address < range->start)
			high = middle;
		else if (address >= range->end)
			low = middle + 1;
		else
			return range;
	}
	return NULL;
}

uint32_t code_spots_find(const struct code_spots *spots, uint64_t address)
{
	const struct code_spot_range *range = code_spots_range(spots, address);

	return range ? range->first + (uint32_t)(address - range->start) : CODE_SPOT_NONE;
}

const struct code_spot_range *code_spots_range_of(const struct code_spots *spots, uint32_t spot)
{
	size_t low = 0, high = spots->range_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (spots->ranges[middle].first <= spot)
			low = middle;
		else
			high = middle;
	}
	return &spots->ranges[low];
}

int code_spots_init(struct code_spots *spots, const struct code_image *image,
		    const struct code_range *ranges, size_t count, uint64_t max_bytes)
{
	uint64_t total = 0;

	spots->ranges = calloc(count + 1, sizeof(*spots->ranges));
	if (!spots->ranges)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct bytes bytes = code_image_bytes(image, ranges[i].start);
		uint64_t size = ranges[i].end - ranges[i].start;

		if (size > bytes_left(&bytes))
			continue;
		if (size > max_bytes - total)
			return -E2BIG;
		spots->ranges[spots->range_count++] = (struct code_spot_range){
			ranges[i].start, ranges[i].end, bytes.at, (uint32_t)total};
		total += size;
	}
	spots->items = calloc(total + 1, sizeof(*spots->items));
	return spots->items ? 0 : -ENOMEM;
}

void code_spots_release(struct code_spots *spots)
{
	free(spots->items);
	free(spots->ranges);
}
