// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/xml.h"

#include <string.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

static const char *entity_of(uint32_t character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void xml_text(struct buf *out, const char *bytes, size_t len_bytes)
{
	size_t length;

	for (; len_bytes; bytes += length, len_bytes -= length) {
		uint32_t character;
		const char *entity;

		length = utf8_decode(bytes, len_bytes, &character);
		if (!length || utf8_is_control(character) || character == 0xfffe ||
		    character == 0xffff) {
			buf_append_string(out, REPLACEMENT);
			length = length ? length : 1;
			continue;
		}
		entity = entity_of(character);
		if (entity)
			buf_append_string(out, entity);
		else
			buf_append(out, bytes, length);
	}
}

void xml_string(struct buf *out, const char *string)
{
	xml_text(out, string, strlen(string));
}
