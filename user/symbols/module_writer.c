// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/module_writer.h"

#include <string.h>

#include <zlib.h>

#include "symbols/image_debug.h"
#include "symbols/image_names.h"
#include "symbols/image_unwind.h"
#include "symbols/perf_map.h"

#define CRC_START (offsetof(struct module_file_header, crc32) + sizeof(uint32_t))

/* What the sections are made of. */
struct parts {
	struct image *image;
	struct unwind_text text;
	struct unwind_rows unwind;
	struct segments segments;
	struct module_segment file_segments[SEGMENTS_MAX];
	struct symbol_table *functions;
	struct module_symbol *symbols;
	char *names;
	size_t symbol_count, names_bytes;
	uint16_t machine;
	bool is_go, has_all_names;
};

static void parts_release(struct parts *parts)
{
	if (parts->image)
		image_close(parts->image);
	if (parts->functions)
		symbol_table_free(parts->functions);
	unwind_rows_release(&parts->unwind);
	free(parts->symbols);
	free(parts->names);
}

/* A symbol of each range, and its name unless the range before has the same. */
static int symbols_collect(struct parts *parts)
{
	size_t count = symbol_table_count(parts->functions);
	const char *last = NULL;

	parts->symbols = calloc(count + 1, sizeof(*parts->symbols));
	parts->names = malloc(symbol_table_names_bytes(parts->functions) + 1);
	if (!parts->symbols || !parts->names)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct symbol_range range = symbol_table_get(parts->functions, i);
		uint64_t size_bytes = range.end - range.start;

		if (range.name != last) {
			size_t bytes = strlen(range.name) + 1;

			memcpy(parts->names + parts->names_bytes, range.name, bytes);
			parts->names_bytes += bytes;
		}
		last = range.name;
		parts->symbols[i] = (struct module_symbol){
			.address = range.start,
			.size_bytes = size_bytes < UINT32_MAX ? (uint32_t)size_bytes : UINT32_MAX,
			.name = (uint32_t)(parts->names_bytes - strlen(range.name) - 1),
		};
	}
	parts->symbol_count = count;
	return 0;
}

/* Without rows there is still the way by frame pointers. */
static int unwind_collect(struct parts *parts)
{
	int r;

	if (image_text(parts->image, &parts->text) < 0) {
		parts->text = (struct unwind_text){};
		return 0;
	}
	r = image_unwind_rows(parts->image, &parts->unwind);
	return r == -ENOMEM ? r : 0;
}

/* A table too large, or damaged, costs the names and leaves the rows. */
static int names_collect(struct parts *parts, const struct module_sources *sources)
{
	int debug_fd = image_debug_choose(parts->image, sources->debug_fds, sources->debug_count);
	int r = image_names(parts->image, debug_fd, &parts->functions);

	parts->has_all_names = debug_fd >= 0 || parts->is_go || image_has_symbols(parts->image);

	if (r == -ENOMEM || r == -EBADMSG || r == -E2BIG)
		return r;
	return r < 0 ? 0 : symbols_collect(parts);
}

static int parts_collect(const struct module_sources *sources, struct parts *parts)
{
	struct image_header header;
	int r;

	r = image_open(sources->fd, &parts->image);
	if (r == 0)
		r = image_segments(parts->image, &parts->segments);
	if (r < 0)
		return r;
	for (size_t i = 0; i < parts->segments.count; i++)
		parts->file_segments[i] = (struct module_segment){
			parts->segments.items[i].offset,
			parts->segments.items[i].size_bytes,
			parts->segments.items[i].address,
			parts->segments.items[i].executable,
		};
	parts->is_go = image_is_go(parts->image);
	if (image_header(parts->image, &header) == 0)
		parts->machine = header.machine;
	r = unwind_collect(parts);
	return r < 0 ? r : names_collect(parts, sources);
}

/* One section's bytes, and the place it gets. */
struct piece {
	const void *bytes;
	size_t size_bytes;
};

static void sections_lay_out(const struct parts *parts, struct module_file_header *header,
			     struct piece pieces[MODULE_SECTION_COUNT])
{
	const struct {
		const void *items;
		size_t count;
	} contents[MODULE_SECTION_COUNT] = {
		[MODULE_ROWS] = {parts->unwind.rows, parts->unwind.row_count},
		[MODULE_PAGES] = {parts->unwind.pages, parts->unwind.page_count},
		[MODULE_DICTIONARY] = {parts->unwind.dictionary.entries,
				       parts->unwind.dictionary.count},
		[MODULE_SEGMENTS] = {parts->file_segments, parts->segments.count},
		[MODULE_SYMBOLS] = {parts->symbols, parts->symbol_count},
		[MODULE_NAMES] = {parts->names, parts->names_bytes},
	};

	header->total_bytes = sizeof(*header);
	for (size_t i = 0; i < MODULE_SECTION_COUNT; i++) {
		size_t bytes = contents[i].count * module_item_bytes[i];

		header->sections[i] =
			(struct module_file_section){header->total_bytes, contents[i].count};
		pieces[i] = (struct piece){contents[i].items, bytes};
		/* every section begins at a multiple of 8 */
		header->total_bytes += (bytes + 7) & ~7ull;
	}
}

static const uint8_t padding[8];

static size_t padding_bytes(const struct piece *piece)
{
	return -piece->size_bytes & 7;
}

static uint32_t checksum(const struct module_file_header *header,
			 const struct piece pieces[MODULE_SECTION_COUNT])
{
	uLong crc =
		crc32(0, (const Bytef *)header + CRC_START, (uInt)(sizeof(*header) - CRC_START));

	for (size_t i = 0; i < MODULE_SECTION_COUNT; i++) {
		if (pieces[i].size_bytes > 0)
			crc = crc32(crc, pieces[i].bytes, (uInt)pieces[i].size_bytes);
		crc = crc32(crc, padding, (uInt)padding_bytes(&pieces[i]));
	}
	return (uint32_t)crc;
}

static int bytes_write(int fd, const void *bytes, size_t size_bytes)
{
	while (size_bytes > 0) {
		ssize_t written = write(fd, bytes, size_bytes);

		if (written < 0)
			return -errno;
		bytes = (const char *)bytes + written;
		size_bytes -= (size_t)written;
	}
	return 0;
}

/* Where in the file the page of text_base lies. */
static uint64_t text_offset(const struct parts *parts)
{
	for (size_t i = 0; i < parts->segments.count; i++) {
		const struct segment *segment = &parts->segments.items[i];

		uint64_t before = segment->address - parts->text.base;

		if (segment->executable && before < 1 << OT_UNWIND_PAGE_SHIFT &&
		    before <= segment->offset)
			return segment->offset - before;
	}
	return 0;
}

static int parts_write(const struct parts *parts, const struct module_identity *identity, int fd)
{
	struct piece pieces[MODULE_SECTION_COUNT];
	struct module_file_header header = {
		.magic = MODULE_FILE_MAGIC,
		.version = MODULE_FILE_VERSION,
		.identity = *identity,
		.machine = parts->machine,
		.flags = (parts->is_go ? MODULE_FILE_GO : 0) |
			 (parts->has_all_names ? MODULE_FILE_ALL_NAMES : 0),
		.text_base = parts->text.base,
		.text_bytes = parts->text.size_bytes,
		.text_offset = text_offset(parts),
	};
	int r;

	sections_lay_out(parts, &header, pieces);
	if (header.total_bytes > MODULE_FILE_MAX_BYTES)
		return -E2BIG;
	header.crc32 = checksum(&header, pieces);
	r = bytes_write(fd, &header, sizeof(header));
	for (size_t i = 0; i < MODULE_SECTION_COUNT && r == 0; i++) {
		r = bytes_write(fd, pieces[i].bytes, pieces[i].size_bytes);
		if (r == 0)
			r = bytes_write(fd, padding, padding_bytes(&pieces[i]));
	}
	return r;
}

int module_write(const struct module_sources *sources, const struct module_identity *identity,
		 int out_fd)
{
	_cleanup_(parts_release) struct parts parts = {};
	int r;

	r = parts_collect(sources, &parts);
	return r < 0 ? r : parts_write(&parts, identity, out_fd);
}

/* One segment that says that offsets are addresses. */
static void segment_everything(struct parts *parts)
{
	parts->segments.count = 1;
	parts->file_segments[0] =
		(struct module_segment){.size_bytes = UINT64_MAX, .executable = 1};
}

int module_write_perf_map(int fd, const struct module_identity *identity, int out_fd)
{
	_cleanup_(parts_release) struct parts parts = {};
	int r;

	segment_everything(&parts);
	r = perf_map_read(fd, &parts.functions);
	if (r == 0)
		r = symbols_collect(&parts);
	return r < 0 ? r : parts_write(&parts, identity, out_fd);
}
