// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/source_lines.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

/* Ranges of units, or of the functions of one unit. */
#define RANGES_MAX 4000000
/* Levels of scopes: namespaces above a function, blocks and inlined calls in it. */
#define DEPTH_MAX 64
/* Between two looks at the clock. */
#define STEPS_A_LOOK 4096
#define NS_PER_MS 1000000ull

/* [start, end) belongs to the entry at `die`. */
struct range {
	uint64_t start, end;
	Dwarf_Off die;
};

struct ranges {
	struct range *items;
	size_t count, capacity;
};

struct source_lines {
	Elf *elf;
	Dwarf *dwarf;
	struct ranges units;
	struct ranges functions; /* of the unit that was asked last */
	Dwarf_Off unit;          /* which one that is; 0: none */
	uint64_t until_ns;       /* of the process's CPU time */
	unsigned int steps;
	bool late;
};

static void ranges_release(struct ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct ranges){};
}

static int ranges_add(struct ranges *ranges, const struct range *range)
{
	if (ranges->count == RANGES_MAX)
		return -E2BIG;
	if (ranges->count == ranges->capacity) {
		size_t capacity = ranges->capacity ? 2 * ranges->capacity : 256;
		struct range *items = reallocarray(ranges->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		ranges->items = items;
		ranges->capacity = capacity;
	}
	ranges->items[ranges->count++] = *range;
	return 0;
}

static int range_compare(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void ranges_sort(struct ranges *ranges)
{
	if (ranges->count > 1)
		qsort(ranges->items, ranges->count, sizeof(*ranges->items), range_compare);
}

/* The last range that begins at or before an address, if it goes on to it. */
static const struct range *ranges_find(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && address < ranges->items[low - 1].end ? &ranges->items[low - 1] : NULL;
}

static uint64_t cpu_ns(void)
{
	struct timespec now = {};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

/* To be asked at each step of a loop whose length the file chooses. */
static bool is_late(struct source_lines *lines)
{
	if (++lines->steps % STEPS_A_LOOK == 0 && cpu_ns() > lines->until_ns)
		lines->late = true;
	return lines->late;
}

static int die_ranges_add(struct source_lines *lines, Dwarf_Die *die, struct ranges *ranges)
{
	struct range range = {.die = dwarf_dieoffset(die)};
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;
	int r = 0;

	while (r == 0 && !is_late(lines) &&
	       (offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
		range.start = start;
		range.end = end;
		/* what the linker threw away begins at 0 */
		if (start > 0 && start < end)
			r = ranges_add(ranges, &range);
	}
	return r;
}

static int units_read(struct source_lines *lines)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;
	int r = 0;

	while (r == 0 && !is_late(lines) &&
	       dwarf_get_units(lines->dwarf, unit, &unit, &version, &type, &die, NULL) == 0)
		if (type == DW_UT_compile)
			r = die_ranges_add(lines, &die, &lines->units);
	ranges_sort(&lines->units);
	return r;
}

static bool file_is_regular(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Read, not mapped: see image.h. */
static int dwarf_open(int fd, struct source_lines *lines)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Half version;
	uint8_t type;

	if (fd < 0)
		return -ENODATA;
	if (!file_is_regular(fd))
		return -ENOEXEC;
	elf_version(EV_CURRENT);
	lines->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!lines->elf)
		return -ENOEXEC;
	lines->dwarf = dwarf_begin_elf(lines->elf, DWARF_C_READ, NULL);
	if (lines->dwarf &&
	    dwarf_get_units(lines->dwarf, unit, &unit, &version, &type, NULL, NULL) == 0)
		return 0;
	dwarf_end(lines->dwarf);
	elf_end(lines->elf);
	lines->dwarf = NULL;
	lines->elf = NULL;
	return -ENODATA;
}

int source_lines_open(int fd, int debug_fd, struct source_lines **ret_lines)
{
	_cleanup_(source_lines_closep) struct source_lines *lines = calloc(1, sizeof(*lines));
	int r;

	if (!lines)
		return -ENOMEM;
	lines->until_ns = cpu_ns() + SOURCE_CPU_MS * NS_PER_MS;
	r = dwarf_open(fd, lines);
	if (r == -ENODATA)
		r = dwarf_open(debug_fd, lines);
	if (r == 0)
		r = units_read(lines);
	if (r == 0)
		*ret_lines = TAKE_PTR(lines);
	return r;
}

void source_lines_close(struct source_lines *lines)
{
	ranges_release(&lines->functions);
	ranges_release(&lines->units);
	dwarf_end(lines->dwarf);
	elf_end(lines->elf);
	free(lines);
}

/* What functions may lie in: Rust has them in namespaces and types. */
static bool has_functions(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return true;
	default:
		return false;
	}
}

/* The functions of a unit, by a walk that keeps its own way back. */
static int functions_walk(struct source_lines *lines, Dwarf_Die *unit)
{
	Dwarf_Die way[DEPTH_MAX];
	size_t depth = 0;
	int r = 0;

	if (dwarf_child(unit, &way[0]) != 0)
		return 0;
	while (r == 0 && !is_late(lines)) {
		Dwarf_Die *die = &way[depth];
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_subprogram)
			r = die_ranges_add(lines, die, &lines->functions);
		if (has_functions(tag) && depth + 1 < DEPTH_MAX &&
		    dwarf_child(die, &way[depth + 1]) == 0) {
			depth++;
			continue;
		}
		while (dwarf_siblingof(&way[depth], &way[depth]) != 0)
			if (depth-- == 0)
				return r;
	}
	return r;
}

/* Addresses come in order, so one unit's functions are enough to keep. */
static int functions_read(struct source_lines *lines, Dwarf_Off unit)
{
	Dwarf_Die die;
	int r;

	if (lines->unit == unit)
		return 0;
	lines->unit = 0;
	lines->functions.count = 0;
	if (!dwarf_offdie(lines->dwarf, unit, &die))
		return -EBADMSG;
	r = functions_walk(lines, &die);
	if (r < 0)
		return r;
	ranges_sort(&lines->functions);
	lines->unit = unit;
	return 0;
}

/* The block or inlined call within `scope` that an address lies in. */
static bool scope_within(struct source_lines *lines, Dwarf_Die *scope, uint64_t address,
			 Dwarf_Die *ret_inner)
{
	Dwarf_Die child;
	int r = dwarf_child(scope, &child);

	for (; r == 0 && !is_late(lines); r = dwarf_siblingof(&child, &child)) {
		int tag = dwarf_tag(&child);

		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) &&
		    dwarf_haspc(&child, address) == 1) {
			*ret_inner = child;
			return true;
		}
	}
	return false;
}

/* The function, and what was inlined, from the outermost on. */
static size_t scopes_find(struct source_lines *lines, Dwarf_Die *function, uint64_t address,
			  Dwarf_Die ret_scopes[SOURCE_FRAMES_MAX])
{
	Dwarf_Die scope = *function, inner;
	size_t count = 1;

	ret_scopes[0] = *function;
	for (unsigned int depth = 0; depth < DEPTH_MAX && count < SOURCE_FRAMES_MAX &&
				     scope_within(lines, &scope, address, &inner);
	     depth++) {
		if (dwarf_tag(&inner) == DW_TAG_inlined_subroutine)
			ret_scopes[count++] = inner;
		scope = inner;
	}
	return count;
}

static const char *die_name(Dwarf_Die *die)
{
	static const unsigned int names[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name,
					     DW_AT_name};
	Dwarf_Attribute attribute;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *name =
			dwarf_formstring(dwarf_attr_integrate(die, names[i], &attribute));

		if (name && name[0])
			return name;
	}
	return NULL;
}

static uint64_t die_number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;

	return dwarf_formudata(dwarf_attr(die, name, &attribute), &number) == 0 ? number : 0;
}

/* Where an inlined call stood. */
static void place_of_call(Dwarf_Die *unit, Dwarf_Die *call, struct source_frame *frame)
{
	uint64_t file = die_number(call, DW_AT_call_file);
	uint64_t line = die_number(call, DW_AT_call_line);
	Dwarf_Files *files;
	size_t count;

	if (dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count)
		frame->file = dwarf_filesrc(files, file, NULL, NULL);
	frame->line = line <= UINT32_MAX ? (uint32_t)line : 0;
}

/* Where an address is, by the line table. */
static void place_of_address(Dwarf_Die *unit, uint64_t address, struct source_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	if (!line)
		return;
	frame->file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		frame->line = (uint32_t)number;
}

static int frames_make(struct source_lines *lines, Dwarf_Die *unit, uint64_t address,
		       struct source_frame ret_frames[SOURCE_FRAMES_MAX])
{
	const struct range *range = ranges_find(&lines->functions, address);
	Dwarf_Die function, scopes[SOURCE_FRAMES_MAX];
	size_t count = 0;

	if (range && dwarf_offdie(lines->dwarf, range->die, &function))
		count = scopes_find(lines, &function, address, scopes);
	for (size_t i = 0; i < count; i++) {
		struct source_frame *frame = &ret_frames[i];

		*frame = (struct source_frame){.name = die_name(&scopes[count - 1 - i])};
		if (i > 0)
			place_of_call(unit, &scopes[count - i], frame);
	}
	if (count == 0) {
		ret_frames[0] = (struct source_frame){};
		count = 1;
	}
	place_of_address(unit, address, &ret_frames[0]);
	return (int)count;
}

int source_lines_find(struct source_lines *lines, uint64_t address,
		      struct source_frame ret_frames[SOURCE_FRAMES_MAX])
{
	const struct range *unit = ranges_find(&lines->units, address);
	Dwarf_Die die;
	int count;

	lines->late |= cpu_ns() > lines->until_ns;
	if (lines->late)
		return -ETIME;
	if (!unit || functions_read(lines, unit->die) < 0 ||
	    !dwarf_offdie(lines->dwarf, unit->die, &die))
		return lines->late ? -ETIME : 0;
	count = frames_make(lines, &die, address, ret_frames);
	if (lines->late)
		return -ETIME;
	return count > 1 || ret_frames[0].name || ret_frames[0].file ? count : 0;
}
