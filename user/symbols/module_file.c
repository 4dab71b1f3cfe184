// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/module_file.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <zlib.h>

#define CRC_START (offsetof(struct module_file_header, crc32) + sizeof(uint32_t))
#define REGISTERS 16

_Static_assert((int)MODULE_FILE_GO == (int)OT_UNWIND_GO, "flags go to the kernel as they are");

const size_t module_item_bytes[MODULE_SECTION_COUNT] = {
	[MODULE_ROWS] = sizeof(uint64_t),
	[MODULE_PAGES] = sizeof(struct ot_unwind_page),
	[MODULE_DICTIONARY] = sizeof(struct ot_dictionary_entry),
	[MODULE_SEGMENTS] = sizeof(struct module_segment),
	[MODULE_SYMBOLS] = sizeof(struct module_symbol),
	[MODULE_NAMES] = 1,
};

struct module_file {
	const struct module_file_header *header; /* mapped */
	struct segments segments;
};

static const void *section(const struct module_file_header *header, enum module_section which)
{
	return (const char *)header + header->sections[which].offset;
}

static uint64_t count(const struct module_file_header *header, enum module_section which)
{
	return header->sections[which].count;
}

static bool header_is_valid(const struct module_file_header *header, size_t size_bytes)
{
	return size_bytes >= sizeof(*header) &&
	       memcmp(header->magic, MODULE_FILE_MAGIC, sizeof(header->magic)) == 0 &&
	       header->version == MODULE_FILE_VERSION && header->total_bytes == size_bytes &&
	       header->identity.build_id_bytes <= MODULE_BUILD_ID_MAX &&
	       header->text_bytes <= UINT32_MAX;
}

static bool sections_fit(const struct module_file_header *header)
{
	for (size_t i = 0; i < MODULE_SECTION_COUNT; i++) {
		const struct module_file_section *its = &header->sections[i];

		if (its->offset % sizeof(uint64_t) || its->offset < sizeof(*header) ||
		    its->offset > header->total_bytes ||
		    its->count > (header->total_bytes - its->offset) / module_item_bytes[i])
			return false;
	}
	return count(header, MODULE_ROWS) <= UINT32_MAX &&
	       count(header, MODULE_SEGMENTS) <= SEGMENTS_MAX &&
	       count(header, MODULE_NAMES) <= UINT32_MAX;
}

static bool rows_are_valid(const struct module_file_header *header)
{
	const uint64_t *rows = section(header, MODULE_ROWS);
	uint64_t row_count = count(header, MODULE_ROWS);

	for (uint64_t i = 0; i < row_count; i++) {
		if (i == 0 ? OT_ROW_PC(rows[i]) != 0 : OT_ROW_PC(rows[i - 1]) >= OT_ROW_PC(rows[i]))
			return false;
		if (OT_RULE_CFA((uint32_t)rows[i]) == OT_CFA_DICTIONARY &&
		    OT_RULE_CFA_WORDS((uint32_t)rows[i]) >= count(header, MODULE_DICTIONARY))
			return false;
	}
	return true;
}

/* Each address of the text has its page, and each page its rows. */
static bool pages_are_valid(const struct module_file_header *header)
{
	const struct ot_unwind_page *pages = section(header, MODULE_PAGES);
	uint64_t text_pages =
		(header->text_bytes + (1 << OT_UNWIND_PAGE_SHIFT) - 1) >> OT_UNWIND_PAGE_SHIFT;

	if (count(header, MODULE_PAGES) != (count(header, MODULE_ROWS) ? text_pages : 0))
		return false;
	for (uint64_t i = 0; i < count(header, MODULE_PAGES); i++)
		if (pages[i].first > pages[i].last || pages[i].last >= count(header, MODULE_ROWS))
			return false;
	return true;
}

static bool dictionary_is_valid(const struct module_file_header *header)
{
	const struct ot_dictionary_entry *entries = section(header, MODULE_DICTIONARY);

	for (uint64_t i = 0; i < count(header, MODULE_DICTIONARY); i++)
		if (entries[i].kind >= OT_DICTIONARY_KIND_COUNT || entries[i].reg >= REGISTERS)
			return false;
	return true;
}

static bool symbols_are_valid(const struct module_file_header *header)
{
	const struct module_symbol *symbols = section(header, MODULE_SYMBOLS);
	const char *names = section(header, MODULE_NAMES);
	uint64_t names_bytes = count(header, MODULE_NAMES), end = 0;

	/* the last name's end is every name's end */
	if (names_bytes > 0 && names[names_bytes - 1] != '\0')
		return false;
	for (uint64_t i = 0; i < count(header, MODULE_SYMBOLS); i++) {
		if (symbols[i].address < end || symbols[i].name >= names_bytes ||
		    names[symbols[i].name] == '\0' ||
		    __builtin_add_overflow(symbols[i].address, symbols[i].size_bytes, &end))
			return false;
	}
	return true;
}

int module_file_check(const void *bytes, size_t size_bytes)
{
	static bool (*const checks[])(const struct module_file_header *header) = {
		sections_fit,        rows_are_valid,    pages_are_valid,
		dictionary_is_valid, symbols_are_valid,
	};
	const struct module_file_header *header = bytes;

	if (!header_is_valid(header, size_bytes))
		return -EBADMSG;
	if (crc32(0, (const Bytef *)bytes + CRC_START, (uInt)(size_bytes - CRC_START)) !=
	    header->crc32)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		if (!checks[i](header))
			return -EBADMSG;
	return 0;
}

static void segments_load(const struct module_file_header *header, struct segments *segments)
{
	const struct module_segment *items = section(header, MODULE_SEGMENTS);

	segments->count = count(header, MODULE_SEGMENTS);
	for (size_t i = 0; i < segments->count; i++)
		segments->items[i] = (struct segment){
			.offset = items[i].offset,
			.size_bytes = items[i].size_bytes,
			.address = items[i].address,
			.executable = items[i].executable,
		};
}

int module_file_map(int fd, struct module_file **ret_file)
{
	_cleanup_free_ struct module_file *file = calloc(1, sizeof(*file));
	struct stat status;
	void *bytes;
	int r;

	if (!file)
		return -ENOMEM;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size > MODULE_FILE_MAX_BYTES)
		return -E2BIG;
	if (status.st_size < (off_t)sizeof(*file->header))
		return -EBADMSG;
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	r = module_file_check(bytes, (size_t)status.st_size);
	if (r < 0) {
		munmap(bytes, (size_t)status.st_size);
		return r;
	}
	file->header = bytes;
	segments_load(file->header, &file->segments);
	*ret_file = TAKE_PTR(file);
	return 0;
}

void module_file_unmap(struct module_file *file)
{
	munmap((void *)file->header, file->header->total_bytes);
	free(file);
}

void module_file_rest(const struct module_file *file)
{
	munlock(file->header, file->header->total_bytes);
	madvise((void *)file->header, file->header->total_bytes, MADV_DONTNEED);
}

const struct module_file_header *module_file_header(const struct module_file *file)
{
	return file->header;
}

const void *module_file_bytes(const struct module_file *file, size_t *ret_size_bytes)
{
	*ret_size_bytes = file->header->total_bytes;
	return file->header;
}

/* The last symbol that begins at or before an address, or NULL. */
static const struct module_symbol *symbol_find(const struct module_file_header *header,
					       uint64_t address)
{
	const struct module_symbol *symbols = section(header, MODULE_SYMBOLS);
	uint64_t low = 0, high = count(header, MODULE_SYMBOLS);

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &symbols[low - 1] : NULL;
}

bool module_file_address(const struct module_file *file, uint64_t offset, uint64_t *ret_address)
{
	return segments_address(&file->segments, offset, ret_address);
}

const char *module_file_symbol(const struct module_file *file, uint64_t offset)
{
	const char *names = section(file->header, MODULE_NAMES);
	const struct module_symbol *symbol;
	uint64_t address;

	if (!segments_address(&file->segments, offset, &address))
		return NULL;
	symbol = symbol_find(file->header, address);
	if (!symbol || address - symbol->address >= symbol->size_bytes)
		return NULL;
	return names + symbol->name;
}

struct module_rows module_file_rows(const struct module_file *file)
{
	const struct module_file_header *header = file->header;

	return (struct module_rows){
		.text_base = header->text_base,
		.text_bytes = header->text_bytes,
		.text_offset = header->text_offset,
		.machine = header->machine,
		.flags = header->flags,
		.rows = section(header, MODULE_ROWS),
		.row_count = count(header, MODULE_ROWS),
		.pages = section(header, MODULE_PAGES),
		.page_count = count(header, MODULE_PAGES),
		.dictionary = section(header, MODULE_DICTIONARY),
		.dictionary_count = count(header, MODULE_DICTIONARY),
	};
}

bool module_identity_equals(const struct module_identity *a, const struct module_identity *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
