/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table from a key of one or two numbers to a pointer it does not own. The keys are ids of
 * this session and offsets in files, so two words are all anybody needs.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/store.h"

struct table_key {
	uint64_t major;
	uint64_t minor;
};

struct table_entry {
	struct table_key key;
	void *value; /* NULL: the entry is free */
};

/* {0} is an empty table; with a store, which is borrowed, its entries are in that. */
struct table {
	struct store *store;
	struct table_entry *entries;
	size_t capacity; /* a power of two */
	size_t count;
};

void table_release(struct table *table);

/* NULL when there is none. */
void *table_get(const struct table *table, struct table_key key);

/* Removes; the value is the caller's again. NULL when there was none. */
void *table_take(struct table *table, struct table_key key);

/* Room for so many more keys. 0 or -ENOMEM. */
int table_reserve(struct table *table, size_t more);

/* Adds or replaces; `value` may not be NULL. 0 or -ENOMEM. */
int table_put(struct table *table, struct table_key key, void *value);

#endif
