// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define TABLE_FIRST_CAPACITY 64

void table_release(struct table *table)
{
	store_free(table->entries);
	*table = (struct table){.store = table->store};
}

/* The finalizer of MurmurHash3: every bit of the key reaches every bit of the index. */
static uint64_t table_mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	return value ^ value >> 33;
}

static bool table_key_equal(struct table_key a, struct table_key b)
{
	return a.major == b.major && a.minor == b.minor;
}

/* The entry of `key`, or the free one where it belongs. Never full: table_grow() sees to it. */
static struct table_entry *table_find(struct table_entry *entries, size_t capacity,
				      struct table_key key)
{
	size_t at = table_mix(key.major ^ table_mix(key.minor)) & (capacity - 1);

	while (entries[at].value && !table_key_equal(entries[at].key, key))
		at = (at + 1) & (capacity - 1);
	return &entries[at];
}

void *table_get(const struct table *table, struct table_key key)
{
	if (!table->capacity)
		return NULL;
	return table_find(table->entries, table->capacity, key)->value;
}

static int table_grow(struct table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : TABLE_FIRST_CAPACITY;
	struct table_entry *entries;

	entries = store_alloc_array(table->store, capacity, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	memset(entries, 0, capacity * sizeof(*entries));
	for (size_t i = 0; i < table->capacity; i++)
		if (table->entries[i].value)
			*table_find(entries, capacity, table->entries[i].key) = table->entries[i];
	store_free(table->entries);
	table->entries = entries;
	table->capacity = capacity;
	return 0;
}

/* At most three quarters full, so that a search stays short and always ends. */
int table_reserve(struct table *table, size_t more)
{
	int err = 0;

	while (!err && table->count + more > table->capacity / 4 * 3)
		err = table_grow(table);
	return err;
}

int table_put(struct table *table, struct table_key key, void *value)
{
	struct table_entry *entry;
	int err = table_reserve(table, 1);

	if (err)
		return err;
	entry = table_find(table->entries, table->capacity, key);
	if (!entry->value)
		table->count++;
	*entry = (struct table_entry){.key = key, .value = value};
	return 0;
}

static size_t table_home(const struct table *table, size_t at)
{
	const struct table_key *key = &table->entries[at].key;

	return table_mix(key->major ^ table_mix(key->minor)) & (table->capacity - 1);
}

/* Moves into the gap at `hole` what a search would not find behind it, and so on. */
static void table_close_gap(struct table *table, size_t hole)
{
	size_t mask = table->capacity - 1;

	for (size_t at = (hole + 1) & mask; table->entries[at].value; at = (at + 1) & mask) {
		size_t home = table_home(table, at);

		/* it may move back, but not to before its home */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		table->entries[hole] = table->entries[at];
		hole = at;
	}
	table->entries[hole] = (struct table_entry){.value = NULL};
}

void *table_take(struct table *table, struct table_key key)
{
	struct table_entry *entry;
	void *value;

	if (!table->capacity)
		return NULL;
	entry = table_find(table->entries, table->capacity, key);
	value = entry->value;
	if (!value)
		return NULL;
	table_close_gap(table, (size_t)(entry - table->entries));
	table->count--;
	return value;
}
