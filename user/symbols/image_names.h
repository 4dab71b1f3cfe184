/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All the function names that can be had of an ELF file: its own symbol tables, the one that
 * distributions pack into .gnu_debugdata, and its separate debug file. Called by the names child.
 */
#ifndef SYMBOLS_IMAGE_NAMES_H
#define SYMBOLS_IMAGE_NAMES_H

#include "symbols/image.h"

/*
 * `debug_fd` is its separate debug file (image_debug.h), or -1. A damaged table is left out;
 * -EBADMSG when that leaves nothing, -E2BIG or -ENOMEM when there are too many.
 */
int image_names(struct image *image, int debug_fd, struct symbol_table **ret_table);

/* Adds names for the stubs of the linkage table alone ("malloc@plt"). As symbol_table_add(). */
int image_plt_names(struct image *image, struct symbol_table *table);

/* Has a table of all its functions, not only of those that others call. */
bool image_has_symbols(struct image *image);

/* Compiled by Go: its line table is there whatever was stripped. */
bool image_is_go(struct image *image);

/* Go's table of functions, and where the text starts that it counts from. -ENODATA: none. */
int image_go_table(struct image *image, struct image_section *ret_table, uint64_t *ret_text_start);

#endif
