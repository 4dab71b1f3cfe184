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
	uint8_t frames_word;    /* of the tables by address; NONE: they are relative to the table */
	uint8_t frame_offset;   /* of the number of its stack sizes, next to the name's */
	bool relative;          /* addresses are, to the start of the text */
};

static const struct layout layouts[] = {
	{0xfffffffb, NONE, NONE, 8, 8, NONE, 20, false}, /* 1.2 */
	{0xfffffffa, 2, 6, 8, 8, 5, 20, false},          /* 1.16 */
	{0xfffffff0, 3, 7, 4, 4, 6, 16, true},           /* 1.18 */
	{0xfffffff1, 3, 7, 4, 4, 6, 16, true},           /* 1.20 */
};

struct reading {
	const struct layout *layout;
	struct bytes table;
	struct bytes names;
	struct bytes list;      /* of functions: address and place, one after the other */
	struct bytes functions; /* what the places are relative to */
	struct bytes frames;    /* what the numbers of stack sizes are relative to */
	uint8_t quantum;        /* least size of an instruction */
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

	if (!layout || bytes_number(&header, 2) != 0)
		return -EBADMSG;
	/* 1 on x86, 4 on arm64 */
	reading->quantum = bytes_u8(&header);
	if (reading->quantum > 4 || bytes_u8(&header) != POINTER_BYTES)
		return -EBADMSG;
	reading->layout = layout;
	reading->count = header_word(reading, 0);
	reading->names = part(reading, layout->names_word, 0);
	reading->list = part(reading, layout->functions_word, HEADER_BYTES + POINTER_BYTES);
	reading->functions = part(reading, layout->functions_word, 0);
	reading->frames = part(reading, layout->frames_word, 0);
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

struct function {
	uint64_t start, end;
	uint64_t place; /* of its description */
};

/* The list ends in an address, so that each function ends where the next one begins. */
static int function_read(const struct reading *reading, uint64_t index,
			 struct function *ret_function)
{
	size_t field = reading->layout->field_bytes;
	struct bytes entry = bytes_from(reading->list, 2 * field * index);
	struct function function;

	function.start = reading->text_start + bytes_number(&entry, field);
	function.place = bytes_number(&entry, field);
	function.end = reading->text_start + bytes_number(&entry, field);
	if (entry.bad || function.start >= function.end)
		return -EBADMSG;
	*ret_function = function;
	return 0;
}

static int function_add(const struct reading *reading, uint64_t index, struct symbol_table *symbols)
{
	struct function function;
	struct bytes name;
	int r = function_read(reading, index, &function);

	if (r < 0)
		return r;
	name = function_name(reading, function.place);
	if (name.bad)
		return -EBADMSG;
	return symbol_table_add(symbols, &(struct symbol){
						 .start = function.start,
						 .size_bytes = function.end - function.start,
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

/* Go tells how far the stack pointer is below where it was before the return address was pushed. */
static struct cfi_rule frame_rule(int32_t size_bytes)
{
	return (struct cfi_rule){
		.base = CFI_RSP,
		.offset = (int64_t)size_bytes + POINTER_BYTES,
		.return_address = {.how = CFI_AT_CFA, .offset = -POINTER_BYTES},
	};
}

/*
 * Pairs of numbers: by how much the size changes, and for how many instructions it then holds. A
 * change of 0 ends them, unless it is the first. The first size is -1 and one more than that.
 */
static int sizes_read(const struct reading *reading, const struct function *function,
		      struct bytes sizes, const struct cfi_listener *listener)
{
	uint64_t address = function->start;
	uint32_t size_bytes = (uint32_t)-1;
	int r = 0;

	while (r == 0 && address < function->end) {
		uint64_t change = bytes_uleb128(&sizes);
		struct cfi_rule rule;

		if (sizes.bad || (change == 0 && address != function->start))
			break;
		size_bytes += (uint32_t)(change & 1 ? ~(change >> 1) : change >> 1);
		rule = frame_rule((int32_t)size_bytes);
		r = listener->rule(listener->context, address, &rule);
		address += bytes_uleb128(&sizes) * reading->quantum;
	}
	return r;
}

static int frames_of_function(const struct reading *reading, uint64_t index,
			      const struct cfi_listener *listener)
{
	struct function function;
	struct bytes description;
	uint64_t place;
	int r = function_read(reading, index, &function);

	if (r < 0)
		return 0;
	description = bytes_from(reading->functions, function.place);
	bytes_take(&description, reading->layout->frame_offset);
	place = bytes_number(&description, 4);
	/* without sizes it is assembly that does as it likes */
	if (description.bad || place == 0)
		return 0;
	r = listener->function(listener->context, function.start, function.end);
	return r ? r : sizes_read(reading, &function, bytes_from(reading->frames, place), listener);
}

int go_frames_read(struct bytes table, uint64_t text_start, const struct cfi_listener *listener)
{
	struct reading reading = {.table = table};
	int r = reading_begin(&reading, text_start);

	/* a table that is none has no frames */
	if (r < 0 || reading.frames.bad)
		return 0;
	for (uint64_t i = 0; i < reading.count && r == 0; i++)
		r = frames_of_function(&reading, i, listener);
	return r;
}
