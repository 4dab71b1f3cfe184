// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/buf.h"

#include <stdarg.h>
#include <string.h>

#define BUF_FIRST_CAPACITY 256

struct buf buf_within(char *memory, size_t capacity_bytes)
{
	memory[0] = '\0';
	return (struct buf){.data = memory, .capacity_bytes = capacity_bytes, .is_fixed = true};
}

void buf_release(struct buf *buf)
{
	if (!buf->is_fixed)
		free(buf->data);
	*buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
	buf->len_bytes = 0;
	buf->error = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_fit(struct buf *buf)
{
	char *data = buf->data && !buf->is_fixed ? realloc(buf->data, buf->len_bytes + 1) : NULL;

	if (!data)
		return;
	buf->data = data;
	buf->capacity_bytes = buf->len_bytes + 1;
}

/* Makes room for `more` bytes and the final NUL. */
static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t capacity = buf->capacity_bytes ? buf->capacity_bytes : BUF_FIRST_CAPACITY;
	char *data;

	if (buf->error)
		return false;
	if (more < buf->capacity_bytes - buf->len_bytes)
		return true;
	if (buf->is_fixed)
		goto no_memory;
	while (capacity - buf->len_bytes <= more)
		if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
			goto no_memory;

	data = realloc(buf->data, capacity);
	if (!data)
		goto no_memory;
	buf->data = data;
	buf->capacity_bytes = capacity;
	return true;

no_memory:
	buf->error = -ENOMEM;
	return false;
}

void buf_append(struct buf *buf, const void *bytes, size_t len_bytes)
{
	if (!buf_reserve(buf, len_bytes))
		return;
	if (len_bytes)
		memcpy(buf->data + buf->len_bytes, bytes, len_bytes);
	buf->len_bytes += len_bytes;
	buf->data[buf->len_bytes] = '\0';
}

void buf_append_byte(struct buf *buf, uint8_t byte)
{
	buf_append(buf, &byte, 1);
}

void buf_append_string(struct buf *buf, const char *string)
{
	buf_append(buf, string, strlen(string));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !buf_reserve(buf, (size_t)len))
		return;

	va_start(args, format);
	vsnprintf(buf->data + buf->len_bytes, (size_t)len + 1, format, args);
	va_end(args);
	buf->len_bytes += (size_t)len;
}

const char *buf_string(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

int buf_error(const struct buf *buf)
{
	return buf->error;
}

int buf_write(const struct buf *buf, FILE *stream)
{
	if (buf->error)
		return buf->error;
	errno = 0;
	if (fwrite(buf_string(buf), 1, buf->len_bytes, stream) != buf->len_bytes)
		return errno ? -errno : -EIO;
	return 0;
}
