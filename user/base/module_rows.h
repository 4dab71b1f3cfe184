/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind rows of one module, as they lie in its module file: who names modules hands them to
 * who loads them into the kernel, and neither knows the other. bpf/oomtrace.h says what a row is.
 */
#ifndef BASE_MODULE_ROWS_H
#define BASE_MODULE_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct ot_unwind_page;
struct ot_dictionary_entry;

/* Everything was checked: indices lie inside, rows ascend. Borrowed from who gave it. */
struct module_rows {
	uint64_t text_base; /* an address of the file, not an offset into it */
	uint64_t text_bytes;
	uint64_t text_offset; /* where the segment of text_base begins in the file, on a page */
	uint16_t machine;     /* EM_... */
	uint32_t flags;       /* enum module_file_flag */
	const uint64_t *rows;
	size_t row_count; /* 0: no unwind data */
	const struct ot_unwind_page *pages;
	size_t page_count;
	const struct ot_dictionary_entry *dictionary;
	size_t dictionary_count;
};

#endif
