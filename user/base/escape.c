// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/escape.h"

#include <string.h>

#include "base/utf8.h"

static void escape_hex(struct buf *out, const char *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++)
		buf_printf(out, "\\x%02x", (uint8_t)bytes[i]);
}

void escape_terminal(struct buf *out, const char *bytes, size_t len_bytes)
{
	uint32_t character;
	size_t length;

	for (size_t at = 0; at < len_bytes; at += length) {
		length = utf8_decode(bytes + at, len_bytes - at, &character);
		if (length && !utf8_is_control(character)) {
			buf_append(out, bytes + at, length);
			continue;
		}
		if (!length)
			length = 1;
		escape_hex(out, bytes + at, length);
	}
}

void escape_terminal_string(struct buf *out, const char *string)
{
	escape_terminal(out, string, strlen(string));
}
