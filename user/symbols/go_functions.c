// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/go_functions.h"

#include <errno.h>

#define POINTER_BYTES 8
/* Magic number, two zeros, the size of an instruction, and of a pointer. */
#define HEADER_BYTES 8
/* What has no such word in its header. */
#define NONE 0xff

/* How a version lays its table out. Words are those after the header, 8 bytes each. */
struct layout {
	uint32_t magic;
	uint8_t names_word; /* holds the offset of the names; NONE: they are relative to the table
			     */
	uint8_t functions_word; /* of the list of functions; NONE: it follows the first word */
	uint8_t field_bytes;    /* of a number in that list */
	uint8_t name_offset;    /* of the name's number, in what the list points to */
	bool relative;          /* addresses are, to the start of the text */
};

static const struct layout layouts[] = {
	{0xfffffffb, NONE, NONE, 8, 8, false}, /* 1.2 */
	{0xfffffffa, 2, 6, 8, 8, false},       /* 1.16 */
	{0xfffffff0, 3, 7, 4, 4, true},        /* 1.18 */
	{0xfffffff1, 3, 7, 4, 4, true},        /* 1.20 */
};

struct reading {
	const struct layout *layout;
	struct bytes table;
	struct bytes names;
	struct bytes list;      /* of functions: address and place, one after the other */
	struct bytes functions; /* what the places are relative to */
	uint64_t count;
	uint64_t text_start;
};

static const struct layout *layout_find(uint32_t magic)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].magic == magic)
			return &layouts[i];
	return NULL;
}

static struct bytes bytes_from(struct bytes bytes, uint64_t offset)
{
	bytes_take(&bytes, offset);
	return bytes;
}

static uint64_t header_word(const struct reading *reading, unsigned int word)
{
	struct bytes bytes = bytes_from(reading->table, HEADER_BYTES + POINTER_BYTES * word);

	return bytes_number(&bytes, POINTER_BYTES);
}

/* The part of the table that a word of its header points to. */
static struct bytes part(const struct reading *reading, uint8_t word, uint64_t otherwise)
{
	return bytes_from(reading->table, word == NONE ? otherwise : header_word(reading, word));
}

static int reading_begin(struct reading *reading, uint64_t text_start)
{
	struct bytes header = reading->table;
	const struct layout *layout = layout_find((uint32_t)bytes_number(&header, 4));

	/* two zeros, then the least size of an instruction: 1 on x86, 4 on arm64 */
	if (!layout || bytes_number(&header, 2) != 0 || bytes_u8(&header) > 4 ||
	    bytes_u8(&header) != POINTER_BYTES)
		return -EBADMSG;
	reading->layout = layout;
	reading->count = header_word(reading, 0);
	reading->names = part(reading, layout->names_word, 0);
	reading->list = part(reading, layout->functions_word, HEADER_BYTES + POINTER_BYTES);
	reading->functions = part(reading, layout->functions_word, 0);
	if (layout->relative)
		reading->text_start = header_word(reading, 2);
	if (layout->relative && reading->text_start == 0)
		reading->text_start = text_start;
	return reading->names.bad || reading->list.bad ||
			       reading->count >
				       bytes_left(&reading->list) / (2 * layout->field_bytes)
		       ? -EBADMSG
		       : 0;
}

/* The name of the function whose description lies at `place`, up to its NUL. */
static struct bytes function_name(const struct reading *reading, uint64_t place)
{
	struct bytes description = bytes_from(reading->functions, place);
	struct bytes name;

	bytes_take(&description, reading->layout->name_offset);
	name = bytes_from(reading->names, bytes_number(&description, 4));
	name.end = name.at + strnlen((const char *)name.at, bytes_left(&name));
	name.bad |= description.bad;
	return name;
}

/* The list ends in an address, so that each function ends where the next one begins. */
static int function_add(const struct reading *reading, uint64_t index, struct symbol_table *symbols)
{
	size_t field = reading->layout->field_bytes;
	struct bytes entry = bytes_from(reading->list, 2 * field * index);
	uint64_t start = bytes_number(&entry, field), place = bytes_number(&entry, field);
	uint64_t end = bytes_number(&entry, field);
	struct bytes name = function_name(reading, place);

	if (entry.bad || name.bad || start >= end)
		return -EBADMSG;
	return symbol_table_add(symbols, &(struct symbol){
						 .start = reading->text_start + start,
						 .size_bytes = end - start,
						 .name = (const char *)name.at,
						 .name_length = bytes_left(&name),
					 });
}

int go_functions_add(struct bytes table, uint64_t text_start, struct symbol_table *symbols)
{
	struct reading reading = {.table = table};
	int r;

	r = reading_begin(&reading, text_start);
	for (uint64_t i = 0; i < reading.count && r == 0; i++)
		r = function_add(&reading, i, symbols);
	return r;
}
