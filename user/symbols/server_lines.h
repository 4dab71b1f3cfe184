/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of the names child about lines: keeps one file open, for its DWARF takes longer to open
 * than to ask, and many addresses are asked of it. Called by server.c.
 */
#ifndef SYMBOLS_SERVER_LINES_H
#define SYMBOLS_SERVER_LINES_H

#include "symbols/wire.h"

/*
 * Opens a module's DWARF in the place of the last one's: its own, or that of the first of
 * `debug_fds` that is its debug file. Descriptors are borrowed. 0 or -errno.
 */
int server_lines_open(uint32_t module, int fd, const int *debug_fds, size_t debug_count);

/* Fills in error, length and bytes. -ENOENT: not the module that is open; -ENODATA: no such depth.
 */
void server_line(uint32_t module, const struct names_place *place, struct names_answer *answer);

#endif
