/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions in a perf map, the text that JITs write for profilers: "START SIZE NAME" a line, in
 * hexadecimal, the name up to the end of the line (tools/perf/Documentation/jit-interface.txt of
 * the kernel). It is appended to while the program runs, and memory of code that was thrown away is
 * used again: of lines that overlap the last one is true. Hostile, so bounded; what is no such line
 * is left out. Called by the names child.
 */
#ifndef SYMBOLS_PERF_MAP_H
#define SYMBOLS_PERF_MAP_H

#include "symbols/bytes.h"
#include "symbols/symbol_table.h"

/* Of a map that is larger, or has more lines, the last ones count. */
#define PERF_MAP_MAX_BYTES (64u << 20)
#define PERF_MAP_MAX_LINES 1000000
/* Longer ones are no lines. */
#define PERF_MAP_MAX_LINE_BYTES 4096

/*
 * Reads what `fd` refers to, as far as it goes now, and finishes the table. -ENOEXEC for what is no
 * regular file, -ENOMEM, or -errno.
 */
int perf_map_read(int fd, struct symbol_table **ret_table);

/* Adds the functions of a text. -ENOMEM or the errors of symbol_table_add(). */
int perf_map_add(struct bytes text, struct symbol_table *table);

#endif
