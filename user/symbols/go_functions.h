/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions in a Go program's line table (.gopclntab), which is there whatever was stripped,
 * for the runtime unwinds by it. Bounded: the bytes are hostile. Knows nothing of ELF; the layouts
 * are those of Go 1.2, 1.16, 1.18 and 1.20 (src/debug/gosym/pclntab.go). Called by image_names.c.
 */
#ifndef SYMBOLS_GO_FUNCTIONS_H
#define SYMBOLS_GO_FUNCTIONS_H

#include "symbols/bytes.h"
#include "symbols/cfi.h"
#include "symbols/symbol_table.h"

/* Where in the table the start of the text is stored; a relocation may have to fill it in. */
#define GO_TEXT_START_OFFSET 24

/*
 * Adds the functions of a table to `symbols`. Entries are relative to `text_start` since Go 1.18:
 * it is used unless the table itself has one. -EBADMSG when it is no such table, or damaged: what
 * was added before that is right. Or the errors of symbol_table_add().
 */
int go_functions_add(struct bytes table, uint64_t text_start, struct symbol_table *symbols);

/*
 * Tells the listener of each function's frame, address by address, as call frame information would:
 * the table has that, too. 0, or what the listener returned.
 */
int go_frames_read(struct bytes table, uint64_t text_start, const struct cfi_listener *listener);

#endif
