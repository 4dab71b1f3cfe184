/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is there before it is asked for: pieces of any size out of blocks that were touched
 * as they were taken, so that neither malloc() nor the kernel is asked on the way. Sealed, a store
 * takes no more blocks: what finds no room is refused and counted. Knows nothing of what is kept.
 *
 * Without a store (NULL) the same calls are malloc() and its kin: for who keeps the same things
 * and needs no memory set aside. A piece knows where it came from. Not for several threads.
 */
#ifndef BASE_STORE_H
#define BASE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct store;

/* An empty one. 0 or -ENOMEM. */
int store_new(struct store **ret_store);
/* Gives back all blocks, whatever is in them. */
void store_destroy(struct store *store);

/* Aligned for any type, not zeroed. NULL: no room. */
void *store_alloc(struct store *store, size_t bytes);
void *store_alloc_array(struct store *store, size_t count, size_t element_bytes);
/* As reallocarray(): `piece` may be NULL, and stays where NULL is returned. */
void *store_resize(struct store *store, void *piece, size_t count, size_t element_bytes);
char *store_strdup(struct store *store, const char *string);
/* NULL is nothing. */
void store_free(void *piece);

static inline void cleanup_store_free(void *pointer)
{
	store_free(*(void **)pointer);
}

#define _cleanup_store_free_ _cleanup_(cleanup_store_free)

/*
 * Takes blocks until `spare_bytes` are free in pieces that are worth it, and gives back empty ones
 * beyond half as much again. 0 or -ENOMEM. Of a sealed store: nothing.
 */
int store_fill(struct store *store, size_t spare_bytes);
/* What is free in pieces that are worth it. */
size_t store_spare_bytes(const struct store *store);

/*
 * For who can do without: is so much free now, or may more blocks be taken? Without a store: true.
 */
bool store_can_spare(const struct store *store, size_t bytes);

void store_seal(struct store *store, bool sealed);
/* Counts one more, which its user has refused. */
void store_refuse(struct store *store);
/* For tests: sealed, it refuses whatever it is asked for. */
void store_refuse_all(struct store *store);
/* How many pieces were refused while it was sealed. */
uint64_t store_refused(const struct store *store);

#endif
