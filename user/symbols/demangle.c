// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/demangle.h"

#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbols/plt_names.h"

/* A name being written. `full` is jumped to when it needs to grow beyond its buffer. */
struct name_sink {
	char *name;
	size_t length;
	size_t capacity; /* without the NUL */
	jmp_buf full;
};

static void sink_cut(struct name_sink *sink)
{
	static const char dots[] = "...";

	memcpy(sink->name + sink->capacity - strlen(dots), dots, strlen(dots));
	sink->length = sink->capacity;
}

/*
 * Leaves the demangler by longjmp: it has no way to be told to stop, and would otherwise go on to
 * compute what nobody keeps. What it holds at that point is on its stack, but for the identifier
 * of a Rust name that is not ASCII; that one is lost with the child.
 */
static void sink_append(const char *text, size_t length, void *context)
{
	struct name_sink *sink = context;
	size_t room = sink->capacity - sink->length;
	size_t taken = length < room ? length : room;

	memcpy(sink->name + sink->length, text, taken);
	sink->length += taken;
	if (taken < length) {
		sink_cut(sink);
		longjmp(sink->full, 1);
	}
}

/* Legacy Rust names are valid C++ ones too, so Rust is asked first. */
static bool sink_demangle(struct name_sink *sink, const char *symbol)
{
	if (rust_demangle_callback(symbol, DMGL_NO_OPTS, sink_append, sink))
		return true;
	sink->length = 0;
	return cplus_demangle_v3_callback(symbol, DMGL_NO_OPTS, sink_append, sink);
}

/* A stub of the linkage table is called so by us (plt_names.c); the demangler would drop it. */
static bool is_stub(const char *symbol)
{
	size_t length = strlen(symbol);

	return length > strlen(PLT_SUFFIX) &&
	       strcmp(symbol + length - strlen(PLT_SUFFIX), PLT_SUFFIX) == 0;
}

/* Of what linkers append to a name; a name that begins with "@" is left alone. */
static size_t symbol_length_without_version(const char *symbol)
{
	size_t length = strcspn(symbol, "@");

	return length > 0 ? length : strlen(symbol);
}

/* The name, and of a stub that it is one. */
static void sink_name(struct name_sink *sink, const char *symbol)
{
	bool mangled = strncmp(symbol, "_Z", 2) == 0 || strncmp(symbol, "_R", 2) == 0;

	if (!(mangled && sink_demangle(sink, symbol))) {
		sink->length = 0;
		sink_append(symbol, symbol_length_without_version(symbol), sink);
	}
	if (is_stub(symbol))
		sink_append(PLT_SUFFIX, strlen(PLT_SUFFIX), sink);
}

size_t demangle(const char *symbol, char *ret_name, size_t ret_name_bytes)
{
	struct name_sink sink = {.name = ret_name, .capacity = ret_name_bytes - 1};

	if (setjmp(sink.full) == 0)
		sink_name(&sink, symbol);
	ret_name[sink.length] = '\0';
	return sink.length;
}
