// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/plt_names.h"

#include <errno.h>

#include <elf.h>

/* A relocation of a slot: which symbol's address it will hold. */
struct slot {
	uint64_t address;
	uint32_t symbol;
};

struct slots {
	struct slot *items;
	size_t count, capacity;
};

static void slots_release(struct slots *slots)
{
	free(slots->items);
}

static int slots_add(struct slots *slots, uint64_t address, uint32_t symbol)
{
	if (slots->count == slots->capacity) {
		size_t capacity = slots->capacity ? 2 * slots->capacity : 256;
		struct slot *items = reallocarray(slots->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		slots->items = items;
		slots->capacity = capacity;
	}
	slots->items[slots->count++] = (struct slot){address, symbol};
	return 0;
}

static int slots_read(struct bytes relocations, struct slots *slots)
{
	int r = 0;

	while (r == 0 && bytes_left(&relocations) >= sizeof(Elf64_Rela)) {
		uint64_t address = bytes_number(&relocations, 8);
		uint64_t info = bytes_number(&relocations, 8);

		bytes_number(&relocations, 8);
		if (ELF64_R_TYPE(info) != R_X86_64_JUMP_SLOT &&
		    ELF64_R_TYPE(info) != R_X86_64_GLOB_DAT)
			continue;
		if (slots->count == PLT_STUBS_MAX)
			break;
		r = slots_add(slots, address, (uint32_t)ELF64_R_SYM(info));
	}
	return r;
}

static int slot_compare(const void *left, const void *right)
{
	const struct slot *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

/* "jmp *displacement(%rip)" within the stub: the address of the slot. */
static bool stub_slot(struct bytes stub, uint64_t address, uint64_t *ret_slot)
{
	size_t size = bytes_left(&stub);

	for (size_t at = 0; at + 6 <= size; at++) {
		struct bytes displacement = bytes_of(stub.at + at + 2, 4);

		if (stub.at[at] != 0xff || stub.at[at + 1] != 0x25)
			continue;
		*ret_slot = address + at + 6 +
			    (uint64_t)(int64_t)(int32_t)bytes_number(&displacement, 4);
		return true;
	}
	return false;
}

/* The name of a dynamic symbol; empty where there is none. */
static struct bytes symbol_name(const struct plt *plt, uint32_t number)
{
	struct bytes symbols = plt->symbols, name = plt->strings;

	bytes_take(&symbols, (uint64_t)number * sizeof(Elf64_Sym));
	bytes_take(&name, symbols.bad ? UINT64_MAX : bytes_number(&symbols, 4));
	if (symbols.bad || name.bad)
		return bytes_of(NULL, 0);
	return bytes_of(name.at, strnlen((const char *)name.at, bytes_left(&name)));
}

static int stub_add(const struct plt *plt, uint32_t number, uint64_t address, uint32_t stub_bytes,
		    struct symbol_table *table)
{
	char text[SYMBOL_NAME_MAX];
	struct bytes name = symbol_name(plt, number);
	size_t length = bytes_left(&name);

	if (length == 0 || length > sizeof(text) - strlen(PLT_SUFFIX))
		return 0;
	memcpy(text, name.at, length);
	memcpy(text + length, PLT_SUFFIX, strlen(PLT_SUFFIX));
	return symbol_table_add(table, &(struct symbol){
					       .start = address,
					       .size_bytes = stub_bytes,
					       .name = text,
					       .name_length = length + strlen(PLT_SUFFIX),
				       });
}

static int section_add(const struct plt *plt, const struct plt_section *section,
		       const struct slots *slots, struct symbol_table *table)
{
	struct bytes code = section->code;
	uint64_t address = section->address;
	int r = 0;

	for (size_t i = 0; r == 0 && i < PLT_STUBS_MAX && bytes_left(&code) >= section->stub_bytes;
	     i++, address += section->stub_bytes) {
		struct slot wanted = {};
		const struct slot *slot;

		if (!stub_slot(bytes_take(&code, section->stub_bytes), address, &wanted.address))
			continue;
		slot = bsearch(&wanted, slots->items, slots->count, sizeof(wanted), slot_compare);
		if (slot)
			r = stub_add(plt, slot->symbol, address, section->stub_bytes, table);
	}
	return r;
}

int plt_names_add(const struct plt *plt, struct symbol_table *table)
{
	_cleanup_(slots_release) struct slots slots = {};
	int r = 0;

	for (size_t i = 0; i < plt->relocation_count && r == 0; i++)
		r = slots_read(plt->relocations[i], &slots);
	if (r < 0 || slots.count == 0)
		return r;
	qsort(slots.items, slots.count, sizeof(*slots.items), slot_compare);
	for (size_t i = 0; i < plt->section_count && r == 0; i++)
		r = section_add(plt, &plt->sections[i], &slots, table);
	return r;
}
