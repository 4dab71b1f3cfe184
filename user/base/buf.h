/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing string of bytes. Appending never fails visibly: once memory has run out the buffer
 * stays as it is and buf_error() says so, so that a caller checks once, at the end. Knows nothing
 * of what the bytes mean; escaping is escape.h.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct buf {
	char *data; /* always ends in a NUL that len_bytes does not count; NULL while empty */
	size_t len_bytes;
	size_t capacity_bytes;
	bool is_fixed; /* the memory is somebody else's, and there is no more of it */
	int error;     /* 0 or -ENOMEM */
};

/*
 * An empty one in memory of the caller's, which must outlive it: for who may not allocate. What
 * does not fit is missing, and buf_error() says so.
 */
struct buf buf_within(char *memory, size_t capacity_bytes);

/* An owning local starts as {0} and wears _cleanup_(buf_release). */
void buf_release(struct buf *buf);

/* Forgets the contents and the error, keeps the memory. */
void buf_clear(struct buf *buf);

/* Keeps the contents and gives the rest of the memory back: for who appends no more. */
void buf_fit(struct buf *buf);

void buf_append(struct buf *buf, const void *bytes, size_t len_bytes);
void buf_append_byte(struct buf *buf, uint8_t byte);
void buf_append_string(struct buf *buf, const char *string);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The contents as a string, "" while empty. Valid until the next append. */
const char *buf_string(const struct buf *buf);

/* 0, or -ENOMEM when something is missing from the contents. */
int buf_error(const struct buf *buf);

/* Writes the contents to a stream. 0, buf_error(), or -errno of the stream. */
int buf_write(const struct buf *buf, FILE *stream);

#endif
