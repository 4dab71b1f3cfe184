/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which function an address belongs to: an index over the function symbols of one module, built
 * once and asked often. Knows nothing of ELF; addresses and names come from image.c.
 *
 * A function covers [start, end) and nothing beyond: an address after its end has no name rather
 * than a guess. Where functions overlap the one that starts last wins, and of aliases the name a
 * programmer would use: exported before local, few leading underscores before many ("fread" before
 * "_IO_fread"), strong before weak, short before long. Symbols without a size (hand-written
 * assembly) name what no sized function covers, up to the next symbol or the end of their section.
 */
#ifndef SYMBOLS_SYMBOL_TABLE_H
#define SYMBOLS_SYMBOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* The largest binaries known (browsers with all their symbols) have about a million functions. */
#define SYMBOL_TABLE_MAX 4000000
/* Bytes of all names together. */
#define SYMBOL_TABLE_NAMES_MAX (256u << 20)
/* Bytes taken of one mangled name. */
#define SYMBOL_NAME_MAX 4096

/* One function symbol, as a file describes it. */
struct symbol {
	uint64_t start;
	uint64_t size_bytes; /* 0: unknown */
	uint64_t limit;   /* where it ends at the latest if its size is unknown: of its section */
	const char *name; /* not NUL-terminated */
	size_t name_length;
	bool local;
	bool weak;
};

struct symbol_table;

int symbol_table_new(struct symbol_table **ret_table);
void symbol_table_free(struct symbol_table *table);
DEFINE_CLEANUP(struct symbol_table *, symbol_table_free)

/* Copies the symbol. Returns -E2BIG beyond the limits above, -ENOMEM; an empty name is skipped. */
int symbol_table_add(struct symbol_table *table, const struct symbol *symbol);

bool symbol_table_is_empty(const struct symbol_table *table);

/* Makes the table ready to be asked; nothing may be added after it. */
int symbol_table_finish(struct symbol_table *table);

/* What came of it: ranges that ascend and do not overlap. Neighbours may share a name. */
struct symbol_range {
	uint64_t start;
	uint64_t end;
	const char *name; /* valid as long as the table */
};

size_t symbol_table_count(const struct symbol_table *table);
struct symbol_range symbol_table_get(const struct symbol_table *table, size_t index);

/* Bytes of the names of all ranges at most, with their NULs. */
size_t symbol_table_names_bytes(const struct symbol_table *table);

#endif
