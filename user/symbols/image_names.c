// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image_names.h"

#include <string.h>

#include <elf.h>
#include <lzma.h>

#include "symbols/go_functions.h"
#include "symbols/plt_names.h"

/* A hundred times what distributions pack in. */
#define PACKED_BYTES_MAX (64u << 20)
#define UNPACKED_BYTES_MAX (256u << 20)
#define LZMA_MEMORY_BYTES (128ull << 20)
/* Of the largest Go programs: 60 MiB. */
#define GO_TABLE_BYTES_MAX (256u << 20)
#define RELOCATIONS_BYTES_MAX (256u << 20)
#define PLT_BYTES_MAX (16u << 20)

/* Unpacks into a buffer of `capacity`; LZMA_BUF_ERROR when that is too small. */
static lzma_ret unpack_into(const struct image_section *packed, uint8_t *buffer, size_t capacity,
			    size_t *ret_size)
{
	uint64_t memory = LZMA_MEMORY_BYTES;
	size_t read = 0;

	*ret_size = 0;
	return lzma_stream_buffer_decode(&memory, 0, NULL, packed->bytes, &read, packed->size_bytes,
					 buffer, ret_size, capacity);
}

/* -EBADMSG for what is no xz stream, -E2BIG for one that would not end. */
static int unpack(const struct image_section *packed, uint8_t **ret_bytes, size_t *ret_size)
{
	size_t capacity = 4 * packed->size_bytes + 4096;

	for (; capacity <= UNPACKED_BYTES_MAX; capacity *= 4) {
		_cleanup_free_ uint8_t *buffer = malloc(capacity);
		lzma_ret r;

		if (!buffer)
			return -ENOMEM;
		r = unpack_into(packed, buffer, capacity, ret_size);
		if (r == LZMA_OK)
			*ret_bytes = TAKE_PTR(buffer);
		if (r != LZMA_BUF_ERROR)
			return r == LZMA_OK ? 0 : -EBADMSG;
	}
	return -E2BIG;
}

/* "MiniDebugInfo": an ELF file with the functions that .dynsym does not have, packed with xz. */
static int packed_names_add(struct image *image, struct symbol_table *table)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_(image_closep) struct image *inner = NULL;
	struct image_section packed;
	size_t size;
	int r;

	r = image_section(image, ".gnu_debugdata", PACKED_BYTES_MAX, &packed);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	r = unpack(&packed, &bytes, &size);
	if (r == 0)
		r = image_open_memory(bytes, size, &inner);
	return r < 0 ? r : image_functions_add(inner, table);
}

/* Position-independent programs have it under another name, for it is relocated. */
static const char *const go_tables[] = {".gopclntab", ".data.rel.ro.gopclntab"};

static int go_table_read(struct image *image, struct image_section *ret_table)
{
	int r = image_section(image, go_tables[0], GO_TABLE_BYTES_MAX, ret_table);

	return r == -ENODATA ? image_section(image, go_tables[1], GO_TABLE_BYTES_MAX, ret_table)
			     : r;
}

/* What a relocation would write to an address; 0 when there is none. */
static uint64_t relocation_at(struct image *image, uint64_t address)
{
	struct image_section section;
	struct bytes bytes;

	if (image_section(image, ".rela.dyn", RELOCATIONS_BYTES_MAX, &section) < 0 &&
	    image_section(image, ".rela", RELOCATIONS_BYTES_MAX, &section) < 0)
		return 0;
	bytes = bytes_of(section.bytes, section.size_bytes);
	while (bytes_left(&bytes) >= sizeof(Elf64_Rela)) {
		struct bytes entry = bytes_take(&bytes, sizeof(Elf64_Rela));

		if (bytes_number(&entry, 8) == address) {
			bytes_take(&entry, 8);
			return bytes_number(&entry, 8);
		}
	}
	return 0;
}

int image_go_table(struct image *image, struct image_section *ret_table, uint64_t *ret_text_start)
{
	struct image_section text;
	int r = go_table_read(image, ret_table);

	if (r < 0)
		return r;
	*ret_text_start = relocation_at(image, ret_table->address + GO_TEXT_START_OFFSET);
	if (*ret_text_start == 0 && image_section(image, ".text", GO_TABLE_BYTES_MAX, &text) == 0)
		*ret_text_start = text.address;
	return 0;
}

/* Go's own table has every function: it is asked for when the usual one was stripped. */
static int go_names_add(struct image *image, struct symbol_table *table)
{
	struct image_section lines, symtab;
	uint64_t start;
	int r;

	if (image_section(image, ".symtab", 0, &symtab) != -ENODATA)
		return 0;
	r = image_go_table(image, &lines, &start);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	return go_functions_add(bytes_of(lines.bytes, lines.size_bytes), start, table);
}

/* A section as bytes, where it is there. */
static bool section_bytes(struct image *image, const char *name, uint64_t max_bytes,
			  struct bytes *ret_bytes, uint64_t *ret_address)
{
	struct image_section section;

	if (image_section(image, name, max_bytes, &section) < 0)
		return false;
	*ret_bytes = bytes_of(section.bytes, section.size_bytes);
	*ret_address = section.address;
	return true;
}

/* Stubs of .plt.got are as short as their jump, unless they are marked as its target. */
static uint32_t plt_stub_bytes(const struct plt_section *section)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

	return bytes_left(&section->code) >= sizeof(endbr64) &&
			       memcmp(section->code.at, endbr64, sizeof(endbr64)) == 0
		       ? 16
		       : 8;
}

/* *ret_by_data: there are stubs of functions whose address is data as well (.plt.got). */
static void plt_code_read(struct image *image, struct plt *plt, bool *ret_by_data)
{
	static const struct {
		const char *name;
		uint32_t stub_bytes; /* 0: it depends */
	} kinds[PLT_SECTIONS_MAX] = {{".plt", 16}, {".plt.sec", 16}, {".plt.got", 0}};

	*ret_by_data = false;
	for (size_t i = 0; i < PLT_SECTIONS_MAX; i++) {
		struct plt_section *section = &plt->sections[plt->section_count];

		if (!section_bytes(image, kinds[i].name, PLT_BYTES_MAX, &section->code,
				   &section->address))
			continue;
		section->stub_bytes =
			kinds[i].stub_bytes ? kinds[i].stub_bytes : plt_stub_bytes(section);
		plt->section_count++;
		*ret_by_data = kinds[i].stub_bytes == 0;
	}
}

int image_plt_names(struct image *image, struct symbol_table *table)
{
	static const char *const relocations[PLT_RELOCATIONS_MAX] = {".rela.plt", ".rela.dyn"};
	struct image_header header;
	struct plt plt = {};
	uint64_t address;
	bool by_data;

	if (image_header(image, &header) < 0 || header.machine != EM_X86_64 || !header.is_64bit)
		return 0;
	plt_code_read(image, &plt, &by_data);
	/* the others are millions, of which no other stub has one */
	for (size_t i = 0; i < (by_data ? PLT_RELOCATIONS_MAX : 1); i++)
		plt.relocation_count +=
			section_bytes(image, relocations[i], RELOCATIONS_BYTES_MAX,
				      &plt.relocations[plt.relocation_count], &address);
	if (plt.section_count == 0 || plt.relocation_count == 0 ||
	    !section_bytes(image, ".dynsym", SYMBOL_TABLE_NAMES_MAX, &plt.symbols, &address) ||
	    !section_bytes(image, ".dynstr", SYMBOL_TABLE_NAMES_MAX, &plt.strings, &address))
		return 0;
	return plt_names_add(&plt, table);
}

static int debug_file_add(int debug_fd, struct symbol_table *table)
{
	_cleanup_(image_closep) struct image *debug = NULL;
	int r;

	if (debug_fd < 0)
		return 0;
	r = image_open(debug_fd, &debug);
	if (r < 0)
		return r;
	return image_functions_add(debug, table);
}

/* Of what goes wrong only that counts which leaves too much or too little memory. */
static bool is_fatal(int error)
{
	return error == -ENOMEM || error == -E2BIG;
}

/* What the file itself has. -EBADMSG when that is nothing, for something was damaged. */
static int names_add(struct image *image, struct symbol_table *table)
{
	static int (*const sources[])(struct image * image, struct symbol_table * table) = {
		image_functions_add,
		packed_names_add,
		go_names_add,
		image_plt_names,
	};
	bool damaged = false;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		int r = sources[i](image, table);

		if (is_fatal(r))
			return r;
		damaged |= r < 0;
	}
	return damaged && symbol_table_is_empty(table) ? -EBADMSG : 0;
}

int image_names(struct image *image, int debug_fd, struct symbol_table **ret_table)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;
	int own, debug, r;

	r = symbol_table_new(&table);
	if (r < 0)
		return r;
	own = names_add(image, table);
	if (is_fatal(own))
		return own;
	debug = debug_file_add(debug_fd, table);
	if (is_fatal(debug))
		return debug;
	if (own < 0 && symbol_table_is_empty(table))
		return own;
	r = symbol_table_finish(table);
	if (r == 0)
		*ret_table = TAKE_PTR(table);
	return r;
}

bool image_has_symbols(struct image *image)
{
	struct image_section section;

	/* of a limit of nothing: that it is there is all that matters */
	return image_section(image, ".symtab", 0, &section) != -ENODATA;
}

bool image_is_go(struct image *image)
{
	struct image_section section;

	return image_section(image, go_tables[0], 0, &section) != -ENODATA ||
	       image_section(image, go_tables[1], 0, &section) != -ENODATA;
}
