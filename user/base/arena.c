// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES (64 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used_bytes;
	size_t capacity_bytes;
	_Alignas(max_align_t) char bytes[];
};

void arena_release(struct arena *arena)
{
	struct arena_block *next;

	for (struct arena_block *block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){0};
}

static struct arena_block *arena_grow(struct arena *arena, size_t need_bytes)
{
	size_t capacity_bytes = need_bytes > ARENA_BLOCK_BYTES ? need_bytes : ARENA_BLOCK_BYTES;
	struct arena_block *block;

	if (capacity_bytes > SIZE_MAX - sizeof(*block))
		return NULL;
	block = calloc(1, sizeof(*block) + capacity_bytes);
	if (!block)
		return NULL;
	block->capacity_bytes = capacity_bytes;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->bytes += capacity_bytes;
	return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t element_bytes)
{
	struct arena_block *block = arena->blocks;
	size_t need_bytes;
	void *memory;

	if (__builtin_mul_overflow(count, element_bytes, &need_bytes) ||
	    __builtin_add_overflow(need_bytes, _Alignof(max_align_t) - 1, &need_bytes))
		return NULL;
	need_bytes &= ~(_Alignof(max_align_t) - 1);

	if (!block || block->capacity_bytes - block->used_bytes < need_bytes)
		block = arena_grow(arena, need_bytes);
	if (!block)
		return NULL;
	memory = block->bytes + block->used_bytes;
	block->used_bytes += need_bytes;
	return memory;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t len_bytes)
{
	void *copy = arena_alloc(arena, len_bytes, 1);

	if (copy && len_bytes)
		memcpy(copy, bytes, len_bytes);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *string)
{
	return arena_copy(arena, string, strlen(string) + 1);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *string;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return NULL;
	string = arena_alloc(arena, (size_t)len + 1, 1);
	if (!string)
		return NULL;

	va_start(args, format);
	vsnprintf(string, (size_t)len + 1, format, args);
	va_end(args);
	return string;
}
