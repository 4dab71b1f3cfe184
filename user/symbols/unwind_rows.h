/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind rows of one module (bpf/oomtrace.h says what a row is), made of its call frame
 * information: sorted, without overlaps, equal neighbours merged, gaps said. Knows nothing of ELF
 * files: image.c finds the sections. Called in the names child.
 */
#ifndef SYMBOLS_UNWIND_ROWS_H
#define SYMBOLS_UNWIND_ROWS_H

#include "symbols/code_rows.h"
#include "symbols/unwind_rule.h"

/* Ten times libLLVM's. A file that claims more has none. */
#define UNWIND_ROWS_MAX (8u << 20)

/* Where code lies, in the addresses of the file. */
struct unwind_text {
	uint64_t base;       /* of the lowest executable segment, on a page */
	uint64_t size_bytes; /* to the end of the highest; below 4 GiB */
	uint64_t entry;      /* where the process begins, 0: nowhere */
};

struct unwind_rows {
	uint64_t *rows;
	size_t row_count;
	struct ot_unwind_page *pages;
	size_t page_count;
	struct unwind_dictionary dictionary;
};

/* An owning local starts as {}. */
void unwind_rows_release(struct unwind_rows *rows);

/*
 * Builds the rows of `count` sections, of which the first to know an address is believed, and of
 * code that none of them knows, unless `code` is NULL. Without any function there are no rows and
 * no pages. -E2BIG for more rows than UNWIND_ROWS_MAX, -ENOMEM.
 */
int unwind_rows_build(const struct unwind_text *text, const struct cfi_section *sections,
		      size_t count, const struct code_source *code, struct unwind_rows *ret_rows);

#endif
