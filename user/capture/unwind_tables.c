// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/unwind_tables.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#define SEGMENT_BYTES (OT_SEGMENT_WORDS * sizeof(uint64_t))
#define DICTIONARY_WORDS (sizeof(struct ot_dictionary_entry) / sizeof(uint64_t))

struct segment {
	uint64_t *words; /* NULL: not made yet */
	uint32_t used;   /* words, from the beginning */
	uint32_t parts;  /* tables in it; without any it begins anew */
};

struct unwind_tables {
	struct unwind_store store;
	struct segment segments[OT_SEGMENTS];
	uint32_t *free_tables;
	uint32_t free_count;
};

int unwind_tables_new(const struct unwind_store *store, struct unwind_tables **ret_tables)
{
	_cleanup_free_ struct unwind_tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return -ENOMEM;
	tables->store = *store;
	if (tables->store.segment_limit > OT_SEGMENTS)
		tables->store.segment_limit = OT_SEGMENTS;
	tables->free_tables = calloc(store->table_count, sizeof(*tables->free_tables));
	if (!tables->free_tables)
		return -ENOMEM;
	/* the lowest is taken first; table 0 does not exist */
	for (uint32_t number = store->table_count; number-- > 1;)
		tables->free_tables[tables->free_count++] = number;
	*ret_tables = TAKE_PTR(tables);
	return 0;
}

void unwind_tables_free(struct unwind_tables *tables)
{
	for (size_t i = 0; i < OT_SEGMENTS; i++)
		if (tables->segments[i].words)
			munmap(tables->segments[i].words, SEGMENT_BYTES);
	free(tables->free_tables);
	free(tables);
}

/* A map of its own, entered into the array of maps: from then on the kernel finds it. */
static uint64_t *segment_map(int segments_fd, uint32_t number)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_segment",
						sizeof(uint32_t), SEGMENT_BYTES, 1, &options);
	void *words;

	if (fd < 0)
		return NULL;
	words = mmap(NULL, SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		return NULL;
	/* the names child is forked from us */
	madvise(words, SEGMENT_BYTES, MADV_DONTFORK);
	if (bpf_map_update_elem(segments_fd, &number, &fd, BPF_ANY)) {
		munmap(words, SEGMENT_BYTES);
		return NULL;
	}
	return words;
}

static int segment_make(const struct unwind_tables *tables, uint32_t number,
			struct segment *segment)
{
	void *words;

	if (tables->store.segments_fd >= 0) {
		segment->words = segment_map(tables->store.segments_fd, number);
		return segment->words ? 0 : -errno;
	}
	words = mmap(NULL, SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (words == MAP_FAILED)
		return -errno;
	segment->words = words;
	return 0;
}

/*
 * The rows of a range of pages: those that begin in it, and the one that still holds where it
 * begins.
 */
struct cut {
	uint32_t first_page, page_count;
	uint32_t first_row, row_count;
};

static struct cut cut_make(const struct module_rows *rows, uint32_t first_page, uint32_t page_count)
{
	struct cut cut = {.first_page = first_page, .page_count = page_count};

	cut.first_row = rows->pages[first_page].first;
	cut.row_count = rows->pages[first_page + page_count - 1].last - cut.first_row + 1;
	return cut;
}

static uint64_t cut_words(const struct module_rows *rows, const struct cut *cut)
{
	return (uint64_t)cut->row_count + cut->page_count +
	       rows->dictionary_count * DICTIONARY_WORDS;
}

/* The longest run of pages from `first_page` on that fits; 0 pages: not even one. */
static struct cut cut_longest(const struct module_rows *rows, uint32_t first_page, uint64_t room)
{
	uint32_t low = 0, high = rows->page_count - first_page;
	struct cut cut;

	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		cut = cut_make(rows, first_page, middle);
		if (cut_words(rows, &cut) <= room)
			low = middle;
		else
			high = middle - 1;
	}
	return low ? cut_make(rows, first_page, low) : (struct cut){0};
}

/* The first segment that has room for at least a page of `rows`; -ENOSPC: none has. */
static int segment_find(struct unwind_tables *tables, const struct module_rows *rows,
			uint32_t first_page, uint32_t *ret_number, struct cut *ret_cut)
{
	for (uint32_t i = 0; i < tables->store.segment_limit; i++) {
		struct segment *segment = &tables->segments[i];
		struct cut cut = cut_longest(rows, first_page, OT_SEGMENT_WORDS - segment->used);
		int error;

		if (!cut.page_count)
			continue;
		error = segment->words ? 0 : segment_make(tables, i, segment);
		if (error)
			return error;
		*ret_number = i;
		*ret_cut = cut;
		return 0;
	}
	return -ENOSPC;
}

static void copy_pages(const struct module_rows *rows, const struct cut *cut, uint64_t *to)
{
	for (uint32_t i = 0; i < cut->page_count; i++) {
		struct ot_unwind_page page = rows->pages[cut->first_page + i];

		page.first -= cut->first_row;
		page.last -= cut->first_row;
		memcpy(&to[i], &page, sizeof(page));
	}
}

/* Copies behind what the segment has; the kernel does not look there before it is told to. */
static void segment_fill(struct segment *segment, uint32_t number, const struct module_rows *rows,
			 const struct cut *cut, struct ot_unwind_table *table)
{
	*table = (struct ot_unwind_table){
		.segment = number,
		.rows = segment->used,
		.pages = segment->used + cut->row_count,
		.first_page = cut->first_page,
		.page_count = cut->page_count,
		.dictionary = segment->used + cut->row_count + cut->page_count,
		.dictionary_count = rows->dictionary_count,
		.flags = rows->flags,
	};
	memcpy(segment->words + table->rows, rows->rows + cut->first_row,
	       cut->row_count * sizeof(*rows->rows));
	copy_pages(rows, cut, segment->words + table->pages);
	if (rows->dictionary_count)
		memcpy(segment->words + table->dictionary, rows->dictionary,
		       rows->dictionary_count * sizeof(*rows->dictionary));
	segment->used += cut_words(rows, cut);
	segment->parts++;
}

static int part_add(struct unwind_tables *tables, const struct module_rows *rows,
		    uint32_t first_page, struct unwind_parts *parts, uint32_t *ret_pages)
{
	struct unwind_part *items;
	uint32_t number, table;
	struct cut cut;
	int error;

	if (!tables->free_count)
		return -ENOSPC;
	error = segment_find(tables, rows, first_page, &number, &cut);
	if (error)
		return error;
	items = reallocarray(parts->items, parts->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	parts->items = items;
	table = tables->free_tables[--tables->free_count];
	segment_fill(&tables->segments[number], number, rows, &cut, &tables->store.tables[table]);
	items[parts->count++] = (struct unwind_part){
		.start = first_page << OT_UNWIND_PAGE_SHIFT,
		.end = (first_page + cut.page_count) << OT_UNWIND_PAGE_SHIFT,
		.table = table,
	};
	*ret_pages = cut.page_count;
	return 0;
}

int unwind_tables_add(struct unwind_tables *tables, const struct module_rows *rows,
		      struct unwind_parts *ret_parts)
{
	struct unwind_parts parts = {0};
	uint32_t pages;

	for (uint32_t page = 0; page < rows->page_count; page += pages) {
		int error = part_add(tables, rows, page, &parts, &pages);

		if (error) {
			unwind_tables_drop(tables, &parts);
			return error;
		}
	}
	*ret_parts = parts;
	return 0;
}

/* Room is used again when all of its segment is free: pieces in between would only get smaller. */
void unwind_tables_drop(struct unwind_tables *tables, struct unwind_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		uint32_t number = parts->items[i].table;
		struct segment *segment = &tables->segments[tables->store.tables[number].segment];

		if (--segment->parts == 0)
			segment->used = 0;
		tables->free_tables[tables->free_count++] = number;
	}
	free(parts->items);
	*parts = (struct unwind_parts){0};
}

const uint64_t *unwind_tables_segment(const struct unwind_tables *tables, uint32_t number)
{
	return number < OT_SEGMENTS ? tables->segments[number].words : NULL;
}

const struct ot_unwind_table *unwind_tables_get(const struct unwind_tables *tables, uint32_t number)
{
	return number > 0 && number < tables->store.table_count ? &tables->store.tables[number]
								: NULL;
}

uint32_t unwind_tables_count(const struct unwind_tables *tables)
{
	return tables->store.table_count;
}

uint64_t unwind_tables_bytes(const struct unwind_tables *tables)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < OT_SEGMENTS; i++)
		bytes += tables->segments[i].words ? SEGMENT_BYTES : 0;
	return bytes;
}
