// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_pointers.h"

#define ADDRESS_BYTES 8
#define NUMBER_BYTES 4
/* What is looked at before a number. */
#define OPCODE_BYTES_MAX 2

#define OPCODE_CALL 0xe8
#define OPCODE_JUMP 0xe9
#define OPCODE_LEA 0x8d
#define OPCODE_STORE 0xc7
/* "mov" of a number to a register, the lower three bits of which are in the opcode */
#define OPCODE_MOV 0xb8
/* An operand relative to the next instruction, whatever the other one is. */
#define MODRM_MASK 0xc7
#define MODRM_RELATIVE 0x05

static int data_add(struct code_walk *walk, const struct code_section *section)
{
	struct bytes bytes = section->bytes;
	int r = 0;

	bytes_take(&bytes, -section->address % ADDRESS_BYTES);
	while (r == 0 && bytes_left(&bytes) >= ADDRESS_BYTES)
		r = code_walk_add_mention(walk, bytes_number(&bytes, ADDRESS_BYTES));
	return r;
}

static bool is_relative(const uint8_t *number)
{
	return number[-1] == OPCODE_CALL || number[-1] == OPCODE_JUMP ||
	       (number[-2] == OPCODE_LEA && (number[-1] & MODRM_MASK) == MODRM_RELATIVE);
}

/* To a register, or to memory that a register points to. */
static bool is_absolute(const uint8_t *number)
{
	return (number[-1] & ~7) == OPCODE_MOV || number[-2] == OPCODE_STORE;
}

/* What code that is not walked leads to. */
static int outside_add(struct code_walk *walk, const uint8_t *at, uint64_t address, int32_t number)
{
	if (is_relative(at))
		return code_walk_add_mention(walk,
					     address + NUMBER_BYTES + (uint64_t)(int64_t)number);
	return is_absolute(at) ? code_walk_add_mention(walk, (uint32_t)number) : 0;
}

/* The numbers between two places of a section. */
static int numbers_add(struct code_walk *walk, const struct code_section *section, uint64_t start,
		       uint64_t end)
{
	int r = 0;

	for (; r == 0 && start + NUMBER_BYTES <= end; start++) {
		const uint8_t *at = section->bytes.at + (start - section->address);
		int32_t number;

		memcpy(&number, at, sizeof(number));
		r = outside_add(walk, at, start, number);
	}
	return r;
}

/*
 * What code that is to be walked calls, one instruction after the other, as if there were nothing
 * but code: where functions begin is better known before the first one is walked than found on the
 * way.
 */
static int calls_add(struct code_walk *walk, const struct code_section *section,
		     const struct code_range *range)
{
	struct code_decoder decoder;
	uint64_t address = range->start;
	int r = 0;

	code_decoder_init(&decoder);
	while (r == 0 && address < range->end) {
		struct bytes code = bytes_of(section->bytes.at + (address - section->address),
					     range->end - address);
		struct code_step step;

		if (!code_step_read(&decoder, code, address, &step)) {
			address++;
			continue;
		}
		if (step.flow == CODE_CALL)
			r = code_walk_add_function(walk, step.target);
		address += step.length;
	}
	return r;
}

static int code_add(struct code_walk *walk, const struct code_section *section,
		    const struct code_range *ranges, size_t count)
{
	uint64_t position = section->address + OPCODE_BYTES_MAX;
	uint64_t end = section->address + bytes_left(&section->bytes);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (ranges[i].end <= position || ranges[i].start >= end)
			continue;
		r = numbers_add(walk, section, position, ranges[i].start);
		if (r == 0)
			r = calls_add(walk, section, &ranges[i]);
		position = ranges[i].end;
	}
	return r == 0 ? numbers_add(walk, section, position, end) : r;
}

int code_pointers_add(struct code_walk *walk, const struct code_image *image,
		      const struct code_range *ranges, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < image->count && r == 0; i++)
		r = image->sections[i].executable
			    ? code_add(walk, &image->sections[i], ranges, count)
			    : data_add(walk, &image->sections[i]);
	return r;
}
