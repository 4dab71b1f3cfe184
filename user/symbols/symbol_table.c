// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/symbol_table.h"

#include <string.h>

/* [start, end) is called `name`, an offset into the names; low ranks win between aliases. */
struct range {
	uint64_t start;
	uint64_t end;
	uint32_t name;
	uint32_t rank;
};

struct range_array {
	struct range *items;
	size_t count;
	size_t capacity;
};

struct symbol_table {
	struct range_array sized; /* until finished: as added; then all, disjoint, ascending */
	struct range_array sizeless;
	char *names; /* each with its NUL */
	size_t names_length;
	size_t names_capacity;
};

/* The functions that overlap at one point while the ranges are swept, the last to start on top. */
struct sweep {
	struct range_array open;
	struct range_array result;
	uint64_t position; /* everything before it is decided */
};

int symbol_table_new(struct symbol_table **ret_table)
{
	struct symbol_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	*ret_table = table;
	return 0;
}

void symbol_table_free(struct symbol_table *table)
{
	free(table->sized.items);
	free(table->sizeless.items);
	free(table->names);
	free(table);
}

static int range_array_push(struct range_array *array, const struct range *range)
{
	if (array->count == array->capacity) {
		size_t capacity = array->capacity ? 2 * array->capacity : 64;
		struct range *items = reallocarray(array->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		array->items = items;
		array->capacity = capacity;
	}
	array->items[array->count++] = *range;
	return 0;
}

static void range_array_release(struct range_array *array)
{
	free(array->items);
}

/* The rank of a name among aliases: see the header. */
static uint32_t symbol_rank(const struct symbol *symbol)
{
	uint32_t underscores = 0;

	while (underscores < 3 && underscores < symbol->name_length &&
	       symbol->name[underscores] == '_')
		underscores++;
	return (uint32_t)symbol->local << 31 | underscores << 29 | (uint32_t)symbol->weak << 28 |
	       (uint32_t)symbol->name_length;
}

static int names_reserve(struct symbol_table *table, size_t length)
{
	size_t capacity = table->names_capacity ? table->names_capacity : 4096;
	char *names;

	while (capacity < table->names_length + length)
		capacity *= 2;
	if (capacity == table->names_capacity)
		return 0;
	names = realloc(table->names, capacity);
	if (!names)
		return -ENOMEM;
	table->names = names;
	table->names_capacity = capacity;
	return 0;
}

static int names_add(struct symbol_table *table, const char *name, size_t length,
		     uint32_t *ret_offset)
{
	int r;

	if (table->names_length + length + 1 > SYMBOL_TABLE_NAMES_MAX)
		return -E2BIG;
	r = names_reserve(table, length + 1);
	if (r < 0)
		return r;
	*ret_offset = (uint32_t)table->names_length;
	memcpy(table->names + table->names_length, name, length);
	table->names_length += length;
	table->names[table->names_length++] = '\0';
	return 0;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

int symbol_table_add(struct symbol_table *table, const struct symbol *symbol)
{
	bool sized = symbol->size_bytes > 0;
	struct range_array *array = sized ? &table->sized : &table->sizeless;
	struct symbol bounded = *symbol;
	struct range range = {.start = symbol->start};
	int r;

	if (symbol->name_length == 0)
		return 0;
	if (table->sized.count + table->sizeless.count >= SYMBOL_TABLE_MAX)
		return -E2BIG;
	if (bounded.name_length > SYMBOL_NAME_MAX)
		bounded.name_length = SYMBOL_NAME_MAX;
	range.end = sized ? add_saturating(symbol->start, symbol->size_bytes) : symbol->limit;
	range.rank = symbol_rank(&bounded);
	r = names_add(table, bounded.name, bounded.name_length, &range.name);
	return r < 0 ? r : range_array_push(array, &range);
}

bool symbol_table_is_empty(const struct symbol_table *table)
{
	return table->sized.count + table->sizeless.count == 0;
}

/* By start; where that is the same, what shall end up on top of the others comes last. */
static int range_compare(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	return (a->name < b->name) - (a->name > b->name);
}

static void range_array_sort(struct range_array *array)
{
	if (array->count > 1)
		qsort(array->items, array->count, sizeof(*array->items), range_compare);
}

/* Decides everything before `limit`: it belongs to what is open, the topmost first. */
static int sweep_advance(struct sweep *sweep, uint64_t limit)
{
	while (sweep->open.count > 0 && sweep->position < limit) {
		struct range piece = sweep->open.items[sweep->open.count - 1];
		int r;

		if (piece.end <= sweep->position) {
			sweep->open.count--;
			continue;
		}
		piece.start = sweep->position;
		piece.end = piece.end < limit ? piece.end : limit;
		r = range_array_push(&sweep->result, &piece);
		if (r < 0)
			return r;
		sweep->position = piece.end;
	}
	sweep->position = limit;
	return 0;
}

static int sweep_run(struct sweep *sweep, const struct range_array *sorted)
{
	int r;

	for (size_t i = 0; i < sorted->count; i++) {
		r = sweep_advance(sweep, sorted->items[i].start);
		if (r < 0)
			return r;
		r = range_array_push(&sweep->open, &sorted->items[i]);
		if (r < 0)
			return r;
	}
	return sweep_advance(sweep, UINT64_MAX);
}

/* Replaces ranges that may overlap by disjoint ones, so that looking up is one binary search. */
static int range_array_make_disjoint(struct range_array *array)
{
	_cleanup_(range_array_release) struct range_array old = *array;
	struct sweep sweep = {};
	int r;

	*array = (struct range_array){};
	r = sweep_run(&sweep, &old);
	range_array_release(&sweep.open);
	*array = sweep.result;
	return r;
}

/* The first range that starts at or after an address, or the count. */
static size_t range_array_after(const struct range_array *array, uint64_t address)
{
	size_t low = 0, high = array->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (array->items[middle].start < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * What of a symbol without a size is its own: up to the next symbol of either kind, and nothing if
 * a function covers its start: what follows that function is unknown.
 */
static struct range sizeless_piece(const struct symbol_table *table, size_t index)
{
	const struct range_array *sized = &table->sized, *sizeless = &table->sizeless;
	struct range piece = sizeless->items[index];
	size_t next = range_array_after(sized, piece.start);

	if (index + 1 < sizeless->count && sizeless->items[index + 1].start < piece.end)
		piece.end = sizeless->items[index + 1].start;
	if (next < sized->count && sized->items[next].start < piece.end)
		piece.end = sized->items[next].start;
	if (next > 0 && sized->items[next - 1].end > piece.start)
		piece.end = piece.start;
	return piece;
}

/* Joins both kinds. Pieces go behind the ranges and are sorted in: no two begin at one address. */
static int sizeless_join(struct symbol_table *table)
{
	struct range_array pieces = {};
	int r = 0;

	for (size_t i = 0; i < table->sizeless.count && r == 0; i++) {
		struct range piece = sizeless_piece(table, i);

		if (piece.start < piece.end)
			r = range_array_push(&pieces, &piece);
	}
	for (size_t i = 0; i < pieces.count && r == 0; i++)
		r = range_array_push(&table->sized, &pieces.items[i]);
	if (pieces.count > 0)
		range_array_sort(&table->sized);
	free(pieces.items);
	return r;
}

int symbol_table_finish(struct symbol_table *table)
{
	int r;

	range_array_sort(&table->sizeless);
	range_array_sort(&table->sized);
	r = range_array_make_disjoint(&table->sized);
	return r < 0 ? r : sizeless_join(table);
}

size_t symbol_table_count(const struct symbol_table *table)
{
	return table->sized.count;
}

struct symbol_range symbol_table_get(const struct symbol_table *table, size_t index)
{
	const struct range *range = &table->sized.items[index];

	return (struct symbol_range){range->start, range->end, table->names + range->name};
}

size_t symbol_table_names_bytes(const struct symbol_table *table)
{
	size_t bytes = 0;

	for (size_t i = 0; i < table->sized.count; i++)
		bytes += strlen(table->names + table->sized.items[i].name) + 1;
	return bytes;
}
