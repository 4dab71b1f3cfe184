// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/unwind_rows.h"

#include <errno.h>

#include "base/cleanup.h"
#include "symbols/go_functions.h"

#define PAGE_BYTES (1ull << OT_UNWIND_PAGE_SHIFT)
#define RULE_NONE OT_RULE(OT_CFA_NONE, 0, OT_RBP_SAME, 0)
#define RULE_END OT_RULE(OT_CFA_END, 0, OT_RBP_LOST, 0)
/* The assembly a process begins in: the dynamic linker's has 60 bytes and no unwind data. */
#define ENTRY_BYTES 64
/* Functions begin at multiples of it. What fills them up is never run, and costs no row. */
#define ALIGNMENT_BYTES 16
/*
 * What compilers take of call frame information for a row, and for a function. Room for all of them
 * is taken at once: it costs no memory before it is written to, and growing costs copies.
 */
#define ROW_FRAME_BYTES 5
#define FUNCTION_FRAME_BYTES 40
/* Of the addresses that functions are sorted by. */
#define DIGIT_BITS 11
#define DIGIT_MASK ((1u << DIGIT_BITS) - 1)
/* Larger sections are none of a compiler's, or their rows may grow. */
#define RESERVED_FRAME_BYTES (32u << 20)

/* One function: its rows are items[first] up to the next function's first. */
struct function {
	uint32_t start;
	uint32_t end;
	uint32_t first;
	uint32_t count;
};

struct row_array {
	uint64_t *items;
	size_t count, capacity;
};

struct builder {
	const struct unwind_text *text;
	struct unwind_dictionary *dictionary;
	struct function *functions;
	size_t function_count, function_capacity;
	struct row_array raw;
	bool skipping; /* the function that is read lies outside of the text */
};

static int row_reserve(struct row_array *array, size_t capacity)
{
	uint64_t *items = reallocarray(array->items, capacity, sizeof(*items));

	if (!items)
		return -ENOMEM;
	array->items = items;
	array->capacity = capacity;
	return 0;
}

static int row_push(struct row_array *array, uint64_t row)
{
	if (array->count == array->capacity && row_reserve(array, 2 * array->capacity))
		return -ENOMEM;
	array->items[array->count++] = row;
	return 0;
}

static int function_reserve(struct builder *builder, size_t capacity)
{
	struct function *items = reallocarray(builder->functions, capacity, sizeof(*items));

	if (!items)
		return -ENOMEM;
	builder->functions = items;
	builder->function_capacity = capacity;
	return 0;
}

static struct function *function_push(struct builder *builder)
{
	if (builder->function_count == builder->function_capacity &&
	    function_reserve(builder, 2 * builder->function_capacity))
		return NULL;
	return &builder->functions[builder->function_count++];
}

static int reserve(struct builder *builder, const struct cfi_section *sections, size_t count)
{
	size_t bytes = 0;
	int r;

	for (size_t i = 0; i < count; i++)
		bytes += bytes_left(&sections[i].bytes);
	bytes = bytes < RESERVED_FRAME_BYTES ? bytes : RESERVED_FRAME_BYTES;
	r = row_reserve(&builder->raw, bytes / ROW_FRAME_BYTES + 1);
	return r < 0 ? r : function_reserve(builder, bytes / FUNCTION_FRAME_BYTES + 1);
}

/* What the linker discarded is left behind at address 0, or outside of the code. */
static int on_function(void *context, uint64_t start, uint64_t end)
{
	struct builder *builder = context;
	const struct unwind_text *text = builder->text;
	struct function *function;

	builder->skipping = start < text->base || end - text->base > text->size_bytes;
	if (builder->skipping)
		return 0;
	if (builder->function_count == UNWIND_ROWS_MAX)
		return -E2BIG;
	function = function_push(builder);
	if (!function)
		return -ENOMEM;
	*function = (struct function){
		.start = (uint32_t)(start - text->base),
		.end = (uint32_t)(end - text->base),
		.first = (uint32_t)builder->raw.count,
	};
	return 0;
}

static int on_rule(void *context, uint64_t address, const struct cfi_rule *rule)
{
	struct builder *builder = context;
	uint32_t word;

	if (builder->skipping)
		return 0;
	if (builder->raw.count == UNWIND_ROWS_MAX)
		return -E2BIG;
	word = unwind_rule(rule, builder->dictionary);
	builder->functions[builder->function_count - 1].count++;
	return row_push(&builder->raw, OT_ROW(address - builder->text->base, word));
}

/* One pass of a radix sort, which keeps the order of what has the same digit. */
static void functions_distribute(const struct function *from, struct function *to, size_t count,
				 unsigned int shift)
{
	uint32_t places[1 << DIGIT_BITS] = {};
	uint32_t place = 0;

	for (size_t i = 0; i < count; i++)
		places[from[i].start >> shift & DIGIT_MASK]++;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		uint32_t digits = places[i];

		places[i] = place;
		place += digits;
	}
	for (size_t i = 0; i < count; i++)
		to[places[from[i].start >> shift & DIGIT_MASK]++] = from[i];
}

static bool functions_are_sorted(const struct builder *builder)
{
	size_t i = 1;

	while (i < builder->function_count &&
	       builder->functions[i - 1].start <= builder->functions[i].start)
		i++;
	return i >= builder->function_count;
}

/*
 * By address, and those of one address in the order they were read. Linkers mostly sort them: then
 * there is nothing to do. Three passes: a tenth of the time of a module file is that of qsort().
 */
static int functions_sort(struct builder *builder)
{
	struct function *other;

	if (functions_are_sorted(builder))
		return 0;
	other = calloc(builder->function_count, sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 32; shift += DIGIT_BITS) {
		struct function *sorted = other;

		functions_distribute(builder->functions, sorted, builder->function_count, shift);
		other = builder->functions;
		builder->functions = sorted;
	}
	builder->function_capacity = builder->function_count;
	free(other);
	return 0;
}

/* Appends to the final rows: the same address replaces, the same rule continues. */
static int row_append(struct row_array *rows, uint64_t pc, uint32_t rule)
{
	if (rows->count > 0 && OT_ROW_PC(rows->items[rows->count - 1]) == pc)
		rows->count--;
	if (rows->count > 0 && (uint32_t)rows->items[rows->count - 1] == rule)
		return 0;
	return row_push(rows, OT_ROW(pc, rule));
}

/* The rows of a function from `position` on: what comes before was another function's. */
static int function_append(const struct builder *builder, const struct function *function,
			   uint32_t position, struct row_array *rows)
{
	const uint64_t *items = builder->raw.items + function->first;
	int r = 0;

	for (uint32_t i = 0; i < function->count && r == 0; i++) {
		uint32_t pc = OT_ROW_PC(items[i]);

		r = row_append(rows, pc < position ? position : pc, (uint32_t)items[i]);
	}
	return r;
}

static bool is_padding(uint64_t start, uint64_t end)
{
	return start > 0 && end - start < ALIGNMENT_BYTES && end % ALIGNMENT_BYTES == 0;
}

/*
 * Between functions nothing is known: frame pointers, if anything. But where the process begins
 * nobody called.
 */
static int gap_append(const struct unwind_text *text, uint64_t start, uint64_t end,
		      struct row_array *rows)
{
	uint64_t entry = text->entry - text->base;
	bool has_entry = text->entry >= text->base && entry >= start && entry < end;
	int r;

	if (start >= end || (is_padding(start, end) && !has_entry))
		return 0;
	r = row_append(rows, start, RULE_NONE);
	if (r < 0 || !has_entry)
		return r;
	r = row_append(rows, entry, RULE_END);
	if (r == 0 && entry + ENTRY_BYTES < end)
		r = row_append(rows, entry + ENTRY_BYTES, RULE_NONE);
	return r;
}

static int rows_flatten(struct builder *builder, struct row_array *rows)
{
	uint32_t position = 0;
	int r = functions_sort(builder);

	if (r < 0)
		return r;
	/* a gap before each function at most, and what is split where functions overlap */
	r = row_reserve(rows, builder->raw.count + builder->function_count + 4);
	for (size_t i = 0; i < builder->function_count && r == 0; i++) {
		const struct function *function = &builder->functions[i];

		if (function->end <= position)
			continue;
		r = gap_append(builder->text, position, function->start, rows);
		if (position < function->start)
			position = function->start;
		if (r == 0)
			r = function_append(builder, function, position, rows);
		position = function->end;
	}
	return r < 0 ? r : gap_append(builder->text, position, builder->text->size_bytes, rows);
}

static struct ot_unwind_page *pages_build(const struct row_array *rows, size_t count)
{
	struct ot_unwind_page *pages = calloc(count, sizeof(*pages));
	uint32_t row = 0;

	for (size_t i = 0; pages && i < count; i++) {
		uint64_t start = i * PAGE_BYTES;

		while (row + 1 < rows->count && OT_ROW_PC(rows->items[row + 1]) <= start)
			row++;
		pages[i].first = row;
		while (row + 1 < rows->count &&
		       OT_ROW_PC(rows->items[row + 1]) < start + PAGE_BYTES)
			row++;
		pages[i].last = row;
	}
	return pages;
}

static void builder_release(struct builder *builder)
{
	free(builder->functions);
	free(builder->raw.items);
}

static void row_array_release(struct row_array *array)
{
	free(array->items);
}

static int sections_read(struct builder *builder, const struct cfi_section *sections, size_t count)
{
	const struct cfi_listener listener = {on_function, on_rule, builder};
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = sections[i].is_go_table
			    ? go_frames_read(sections[i].bytes, sections[i].address, &listener)
			    : cfi_read(&sections[i], &listener);
	return r;
}

/* Code that no section knows is looked at itself, once it is known where that is. */
static int uncovered_read(struct builder *builder, const struct code_source *source)
{
	const struct cfi_listener listener = {on_function, on_rule, builder};
	_cleanup_(code_gaps_release) struct code_gaps gaps = {.source = source};
	uint64_t base = builder->text->base;
	int r = functions_sort(builder);

	for (size_t i = 0; i < builder->function_count && r == 0; i++)
		r = code_gaps_cover(&gaps, base + builder->functions[i].start,
				    base + builder->functions[i].end);
	if (r == 0)
		r = code_gaps_cover(&gaps, UINT64_MAX, UINT64_MAX);
	return r < 0 ? r : code_gaps_tell(&gaps, &listener);
}

int unwind_rows_build(const struct unwind_text *text, const struct cfi_section *sections,
		      size_t count, const struct code_source *code, struct unwind_rows *ret_rows)
{
	struct unwind_rows result = {.page_count =
					     (text->size_bytes + PAGE_BYTES - 1) / PAGE_BYTES};
	_cleanup_(row_array_release) struct row_array rows = {};
	_cleanup_(builder_release) struct builder builder = {
		.text = text,
		.dictionary = &result.dictionary,
	};
	int r;

	r = reserve(&builder, sections, count);
	if (r == 0)
		r = sections_read(&builder, sections, count);
	if (r == 0 && code)
		r = uncovered_read(&builder, code);
	if (r == 0 && builder.function_count == 0) {
		*ret_rows = (struct unwind_rows){};
		return 0;
	}
	if (r == 0)
		r = rows_flatten(&builder, &rows);
	if (r < 0)
		return r;
	result.pages = pages_build(&rows, result.page_count);
	if (!result.pages)
		return -ENOMEM;
	result.row_count = rows.count;
	result.rows = TAKE_PTR(rows.items);
	*ret_rows = result;
	return 0;
}

void unwind_rows_release(struct unwind_rows *rows)
{
	free(rows->rows);
	free(rows->pages);
	*rows = (struct unwind_rows){};
}
