/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in the source an address is, and which calls the compiler inlined there: from the DWARF of
 * one file. libdw does the parsing, this goes through what it finds, without recursion and for so
 * much CPU time. Called by the names child.
 *
 * What is split off (.dwo, dwz's supplementary files) is not looked for: the child opens nothing.
 */
#ifndef SYMBOLS_SOURCE_LINES_H
#define SYMBOLS_SOURCE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Calls inlined into each other at one address; compilers stop at a dozen. */
#define SOURCE_FRAMES_MAX 32
/* For all addresses of one file together; a browser's line tables take a second. */
#define SOURCE_CPU_MS 5000

struct source_lines;

/* One function at an address. Strings belong to the file that is open. */
struct source_frame {
	const char *name; /* as the linker has it, or would; NULL: unknown */
	const char *file; /* NULL: unknown */
	uint32_t line;    /* 0: unknown */
};

/*
 * Opens the first of the two that has DWARF; -1: there is none. Both are borrowed and must outlive
 * it. -ENODATA when neither has, -ENOEXEC, -ENOMEM.
 */
int source_lines_open(int fd, int debug_fd, struct source_lines **ret_lines);
void source_lines_close(struct source_lines *lines);
DEFINE_CLEANUP(struct source_lines *, source_lines_close)

/*
 * The functions at an address (as linked), the innermost inlined one first, the one that was
 * compiled last. The place of each is where it was, or called the one before. Returns how many, 0
 * when nothing is known, -ETIME when the file has had its time.
 */
int source_lines_find(struct source_lines *lines, uint64_t address,
		      struct source_frame ret_frames[SOURCE_FRAMES_MAX]);

#endif
