// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/frame_short.h"

#include <stdbool.h>
#include <string.h>

#include "base/escape.h"

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Beginnings of names of functions that are the leaf of nearly every stack, and say nothing of who
 * wanted the memory. glibc, C++, jemalloc, tcmalloc, Go, Rust.
 */
static const char *const plumbing[] = {
	"malloc",
	"calloc",
	"realloc",
	"_int_malloc",
	"_int_realloc",
	"_int_memalign",
	"sysmalloc",
	"__libc_malloc",
	"__libc_calloc",
	"alloc_perturb",
	"operator new",
	"memset",
	"memcpy",
	"memmove",
	"__memset",
	"__memcpy",
	"__memmove",
	"__mempcpy",
	"je_",
	"tcmalloc::",
	"tc_malloc",
	"runtime.mallocgc",
	"runtime.mem",
	"runtime.newobject",
	"runtime.makeslice",
	"runtime.growslice",
	"runtime.systemstack",
	"__rust_alloc",
	"__rdl_",
	"alloc::",
};

static bool is_plumbing(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(plumbing); i++)
		if (strncmp(name, plumbing[i], strlen(plumbing[i])) == 0)
			return true;
	return false;
}

/* The last part of a path; a type's pointer, "(*shop)", is no path. */
static const char *without_path(const char *name)
{
	const char *slash = NULL;

	for (const char *at = name; *at && *at != ' ' && *at != '(' && *at != '<'; at++)
		if (*at == '/')
			slash = at;
	return slash && slash[1] ? slash + 1 : name;
}

/*
 * Where arguments or template parameters begin, unless it is with them that the name begins: then
 * how many bytes belong to them. "(*T)" of Go and "(anonymous namespace)" are no arguments.
 */
static size_t parameters_at(const char *name)
{
	char open = *name, close = open == '<' ? '>' : ')';
	size_t len = 0;
	int depth = 0;

	if ((open != '<' && open != '(') || name[1] == '*' || strncmp(name, "(anon", 5) == 0)
		return 0;
	do {
		depth += name[len] == open;
		depth -= name[len] == close;
		len++;
	} while (depth && name[len]);
	return depth ? 0 : len;
}

void frame_short(struct buf *out, const char *name)
{
	_cleanup_(buf_release) struct buf kept = {0};
	const char *at = without_path(name);
	/* "[heap]", "<unknown>", "operator<" are names as they are */
	bool whole = *at == '[' || *at == '<' || *at == '(' || strstr(at, "operator");

	while (*at) {
		size_t parameters = whole ? 0 : parameters_at(at);

		if (parameters)
			at += parameters;
		else
			buf_append_byte(&kept, (uint8_t)*at++);
	}
	escape_terminal_string(out, buf_string(&kept));
}

/* Frames at the leaf that are passed over: none where all of them would be. */
static uint32_t plumbing_frames(const struct growth_row *row)
{
	for (uint32_t i = 0; i < row->frame_count; i++)
		if (!is_plumbing(row->frames[row->frame_count - 1 - i]))
			return i;
	return 0;
}

void stack_short(struct buf *out, const struct growth_row *row, size_t width)
{
	size_t start = out->len_bytes;

	for (uint32_t i = plumbing_frames(row); i < row->frame_count; i++) {
		frame_short(out, row->frames[row->frame_count - 1 - i]);
		if (i + 1 == row->frame_count || out->len_bytes - start > 2 * width)
			return;
		buf_append_string(out, " < ");
	}
}
