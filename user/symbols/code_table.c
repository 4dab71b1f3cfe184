// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_table.h"

#define OFFSET_BYTES 4
#define ADDRESS_BYTES 8

void code_table_note(struct code_table *table, const struct code_step *step)
{
	switch (step->part) {
	case CODE_COMPARISON:
		table->compared = step->number + 1;
		break;
	case CODE_ABOVE:
		table->entries = table->compared;
		break;
	case CODE_OFFSET:
		table->is_relative = true;
		break;
	default:
		break;
	}
	if (step->mentions)
		table->base = step->mentions;
}

struct code_table code_table_at_target(const struct code_table *before,
				       const struct code_step *step)
{
	struct code_table table = *before;

	if (step->part == CODE_NOT_ABOVE)
		table.entries = table.compared;
	return table;
}

static bool is_indexed(const struct code_step *jump)
{
	return jump->part == CODE_INDEXED;
}

uint64_t code_table_entries(const struct code_table *table, const struct code_step *jump)
{
	if ((!table->is_relative && !is_indexed(jump)) || table->entries > CODE_TABLE_ENTRIES_MAX)
		return 0;
	return table->entries;
}

bool code_table_target(const struct code_table *table, const struct code_image *image,
		       const struct code_step *jump, uint64_t index, uint64_t *ret_target)
{
	size_t entry_bytes = is_indexed(jump) ? ADDRESS_BYTES : OFFSET_BYTES;
	uint64_t base = is_indexed(jump) ? jump->number : table->base;
	struct bytes bytes = code_image_bytes(image, base + index * entry_bytes);
	uint64_t number = bytes_number(&bytes, entry_bytes);

	if (bytes.bad)
		return false;
	*ret_target = is_indexed(jump) ? number : base + (uint64_t)(int64_t)(int32_t)number;
	return true;
}
