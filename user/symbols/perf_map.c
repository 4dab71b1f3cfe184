// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/perf_map.h"

#include <ctype.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* One line. */
struct entry {
	uint64_t start, end;
	const char *name;
	uint32_t name_length;
	uint32_t age; /* 0: of the last line */
};

struct entries {
	struct entry *items;
	size_t count, capacity;
};

static void entries_release(struct entries *entries)
{
	free(entries->items);
}

/* Digits, with or without "0x", and what comes after them is no digit. */
static bool take_hexadecimal(struct bytes *line, uint64_t *ret_number)
{
	const uint8_t *first;
	uint64_t number = 0;

	if (bytes_left(line) > 2 && line->at[0] == '0' && line->at[1] == 'x')
		line->at += 2;
	first = line->at;
	for (; line->at < line->end && isxdigit(*line->at); line->at++) {
		int digit = isdigit(*line->at) ? *line->at - '0' : tolower(*line->at) - 'a' + 10;

		if (number >> 60)
			return false;
		number = number << 4 | (uint64_t)digit;
	}
	*ret_number = number;
	return line->at > first;
}

static void skip_blanks(struct bytes *line)
{
	while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
		line->at++;
}

static bool parse_line(struct bytes line, struct entry *ret_entry)
{
	uint64_t start, size_bytes, end;

	if (bytes_left(&line) > PERF_MAP_MAX_LINE_BYTES || !take_hexadecimal(&line, &start))
		return false;
	skip_blanks(&line);
	if (!take_hexadecimal(&line, &size_bytes) || size_bytes == 0 ||
	    __builtin_add_overflow(start, size_bytes, &end))
		return false;
	skip_blanks(&line);
	if (line.end > line.at && line.end[-1] == '\r')
		line.end--;
	/* a name has no NUL, and there is one */
	line.end = line.at + strnlen((const char *)line.at, bytes_left(&line));
	if (bytes_left(&line) == 0)
		return false;
	*ret_entry = (struct entry){
		.start = start,
		.end = end,
		.name = (const char *)line.at,
		.name_length = (uint32_t)bytes_left(&line),
	};
	return true;
}

static int entries_add(struct entries *entries, const struct entry *entry)
{
	if (entries->count == entries->capacity) {
		size_t capacity = entries->capacity ? 2 * entries->capacity : 1024;
		struct entry *items = reallocarray(entries->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		entries->items = items;
		entries->capacity = capacity;
	}
	entries->items[entries->count++] = *entry;
	return 0;
}

/* From the last line to the first. A line without an end is still being written. */
static int entries_read(struct bytes text, struct entries *entries)
{
	const uint8_t *end = memrchr(text.at, '\n', bytes_left(&text));
	int r = 0;

	for (uint32_t age = 0; r == 0 && end && age < PERF_MAP_MAX_LINES; age++) {
		const uint8_t *before = memrchr(text.at, '\n', (size_t)(end - text.at));
		struct bytes line = {.at = before ? before + 1 : text.at, .end = end};
		struct entry entry;

		if (parse_line(line, &entry)) {
			entry.age = age;
			r = entries_add(entries, &entry);
		}
		end = before;
	}
	return r;
}

static int entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->age < b->age ? -1 : a->age > b->age;
}

/* The entries that overlap at one address, the youngest on top. */
struct heap {
	const struct entry **items;
	size_t count;
};

static void heap_swap(struct heap *heap, size_t a, size_t b)
{
	const struct entry *kept = heap->items[a];

	heap->items[a] = heap->items[b];
	heap->items[b] = kept;
}

static void heap_push(struct heap *heap, const struct entry *entry)
{
	size_t at = heap->count++;

	heap->items[at] = entry;
	for (; at > 0 && heap->items[at]->age < heap->items[(at - 1) / 2]->age; at = (at - 1) / 2)
		heap_swap(heap, at, (at - 1) / 2);
}

static void heap_pop(struct heap *heap)
{
	size_t at = 0;

	heap->items[0] = heap->items[--heap->count];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < heap->count &&
		    heap->items[child + 1]->age < heap->items[child]->age)
			child++;
		if (child >= heap->count || heap->items[at]->age <= heap->items[child]->age)
			return;
		heap_swap(heap, at, child);
		at = child;
	}
}

static int piece_add(const struct entry *entry, uint64_t start, uint64_t end,
		     struct symbol_table *table)
{
	return symbol_table_add(table, &(struct symbol){
					       .start = start,
					       .size_bytes = end - start,
					       .name = entry->name,
					       .name_length = entry->name_length,
				       });
}

/* Goes up the addresses; at each the youngest entry that covers it has it. */
static int entries_paint(const struct entries *sorted, struct heap *heap,
			 struct symbol_table *table)
{
	uint64_t at = 0;
	size_t next = 0;
	int r = 0;

	while (r == 0 && (heap->count > 0 || next < sorted->count)) {
		const struct entry *top = heap->count > 0 ? heap->items[0] : NULL;
		uint64_t next_start = next < sorted->count ? sorted->items[next].start : UINT64_MAX;
		uint64_t end;

		if (next < sorted->count && (!top || next_start <= at)) {
			at = top ? at : next_start;
			heap_push(heap, &sorted->items[next++]);
			continue;
		}
		if (top->end <= at) {
			heap_pop(heap);
			continue;
		}
		end = top->end < next_start ? top->end : next_start;
		r = piece_add(top, at, end, table);
		at = end;
	}
	return r;
}

int perf_map_add(struct bytes text, struct symbol_table *table)
{
	_cleanup_(entries_release) struct entries entries = {};
	_cleanup_free_ const struct entry **items = NULL;
	int r;

	r = entries_read(text, &entries);
	if (r < 0 || entries.count == 0)
		return r;
	items = calloc(entries.count, sizeof(struct entry *));
	if (!items)
		return -ENOMEM;
	qsort(entries.items, entries.count, sizeof(*entries.items), entry_compare);
	return entries_paint(&entries, &(struct heap){.items = items}, table);
}

/* The end of a file. What is written meanwhile is left for the next time. */
static int text_read(int fd, uint8_t **ret_text, size_t *ret_bytes)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct stat status;
	size_t wanted, bytes = 0;
	off_t from = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENOEXEC;
	if (status.st_size > PERF_MAP_MAX_BYTES)
		from = status.st_size - PERF_MAP_MAX_BYTES;
	wanted = (size_t)(status.st_size - from);
	text = malloc(wanted + 1);
	if (!text)
		return -ENOMEM;
	while (bytes < wanted) {
		ssize_t read_bytes = pread(fd, text + bytes, wanted - bytes, from + (off_t)bytes);

		if (read_bytes < 0)
			return -errno;
		if (read_bytes == 0)
			break;
		bytes += (size_t)read_bytes;
	}
	*ret_text = TAKE_PTR(text);
	*ret_bytes = bytes;
	return 0;
}

int perf_map_read(int fd, struct symbol_table **ret_table)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	size_t bytes = 0;
	int r;

	r = text_read(fd, &text, &bytes);
	if (r == 0)
		r = symbol_table_new(&table);
	if (r == 0)
		r = perf_map_add(bytes_of(text, bytes), table);
	if (r == 0)
		r = symbol_table_finish(table);
	if (r == 0)
		*ret_table = TAKE_PTR(table);
	return r;
}
