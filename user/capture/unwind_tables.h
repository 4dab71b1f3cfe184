/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind rows where the kernel's walk finds them (bpf/unwind.bpf.h): segments of 2 MiB, filled one
 * after the other. A module is entered once, whoever maps it; one that does not fit into what is
 * left of a segment goes on in the next. Knows nothing of files and processes.
 */
#ifndef CAPTURE_UNWIND_TABLES_H
#define CAPTURE_UNWIND_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "bpf/oomtrace.h"
#include "base/module_rows.h"

/* Where they are kept: maps of the loaded programs, borrowed. */
struct unwind_store {
	int segments_fd; /* array of maps; -1: kept in this process alone, for tests */
	struct ot_unwind_table *tables;
	uint32_t table_count;
	uint32_t segment_limit; /* how many may be in use */
};

struct unwind_tables;

/* Addresses of a module, from its text base, that one table has the rows of. */
struct unwind_part {
	uint32_t start, end;
	uint32_t table;
};

struct unwind_parts {
	struct unwind_part *items; /* by address */
	size_t count;
};

int unwind_tables_new(const struct unwind_store *store, struct unwind_tables **ret_tables);
void unwind_tables_free(struct unwind_tables *tables);
DEFINE_CLEANUP(struct unwind_tables *, unwind_tables_free)

/* Enters a module. 0, -ENOSPC when there is no room left, or -errno. */
int unwind_tables_add(struct unwind_tables *tables, const struct module_rows *rows,
		      struct unwind_parts *ret_parts);

/* Gives the room back; nothing that the kernel can find may refer to the parts any more. */
void unwind_tables_drop(struct unwind_tables *tables, struct unwind_parts *parts);

/* A segment's words, NULL when there is none: for the walk in user space. */
const uint64_t *unwind_tables_segment(const struct unwind_tables *tables, uint32_t number);
const struct ot_unwind_table *unwind_tables_get(const struct unwind_tables *tables,
						uint32_t number);
/* How many tables there can be, number 0 included. */
uint32_t unwind_tables_count(const struct unwind_tables *tables);

/* Memory of the segments in use. */
uint64_t unwind_tables_bytes(const struct unwind_tables *tables);

#endif
