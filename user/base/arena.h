/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is given back all at once: what belongs to one model lives in one arena, so that a
 * finished structure can point into itself without any ownership to track.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

/* {0} is an empty arena. Pointers into it stay valid until arena_release(). */
struct arena {
	struct arena_block *blocks;
	size_t bytes; /* of all blocks */
};

void arena_release(struct arena *arena);

/* Zeroed, aligned for any type. NULL when memory has run out or the size overflows. */
void *arena_alloc(struct arena *arena, size_t count, size_t element_bytes);

/* Copies. NULL when memory has run out. */
void *arena_copy(struct arena *arena, const void *bytes, size_t len_bytes);
char *arena_strdup(struct arena *arena, const char *string);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
