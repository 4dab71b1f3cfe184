/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading hostile bytes, from front to back. What lies beyond the end reads as zero and marks the
 * reader bad, so that a parser may read a whole group of fields and ask once. Little endian, as
 * everything that is unwound or symbolized here.
 */
#ifndef SYMBOLS_BYTES_H
#define SYMBOLS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
	return (struct bytes){.at = data, .end = (const uint8_t *)data + size};
}

static inline size_t bytes_left(const struct bytes *bytes)
{
	return (size_t)(bytes->end - bytes->at);
}

/* The next `size` bytes as a reader of their own; an empty, bad one if there are not so many. */
static inline struct bytes bytes_take(struct bytes *bytes, uint64_t size)
{
	struct bytes taken = {.at = bytes->at, .end = bytes->at, .bad = bytes->bad};

	if (size > bytes_left(bytes)) {
		bytes->at = bytes->end;
		bytes->bad = taken.bad = true;
		return taken;
	}
	bytes->at += size;
	taken.end = bytes->at;
	return taken;
}

/* A little-endian number of `size` bytes, 8 at most. */
static inline uint64_t bytes_number(struct bytes *bytes, size_t size)
{
	struct bytes taken = bytes_take(bytes, size);
	uint64_t number = 0;

	memcpy(&number, taken.at, bytes_left(&taken));
	return number;
}

static inline uint8_t bytes_u8(struct bytes *bytes)
{
	if (bytes->at == bytes->end) {
		bytes->bad = true;
		return 0;
	}
	return *bytes->at++;
}

/* LEB128, however long: bits beyond 64 are lost. `ret_shift` is how many bits it had. */
static inline uint64_t bytes_leb128(struct bytes *bytes, unsigned int *ret_shift, uint8_t *ret_last)
{
	uint64_t number = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = bytes_u8(bytes);
		if (shift < 64) {
			number |= (uint64_t)(byte & 0x7f) << shift;
			shift += 7;
		}
	} while (byte & 0x80);
	*ret_shift = shift;
	*ret_last = byte;
	return number;
}

static inline uint64_t bytes_uleb128(struct bytes *bytes)
{
	unsigned int shift;
	uint8_t last;

	return bytes_leb128(bytes, &shift, &last);
}

static inline int64_t bytes_sleb128(struct bytes *bytes)
{
	unsigned int shift;
	uint8_t last;
	uint64_t number = bytes_leb128(bytes, &shift, &last);

	if ((last & 0x40) && shift < 64)
		number |= ~0ull << shift;
	return (int64_t)number;
}

#endif
