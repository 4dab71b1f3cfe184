// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/utf8.h"

struct utf8_form {
	uint8_t mask;
	uint8_t lead;
	uint8_t length;
	uint32_t smallest; /* anything below has a shorter form */
};

static const struct utf8_form utf8_forms[] = {
	{0x80, 0x00, 1, 0x0},
	{0xe0, 0xc0, 2, 0x80},
	{0xf0, 0xe0, 3, 0x800},
	{0xf8, 0xf0, 4, 0x10000},
};

static const struct utf8_form *utf8_form_of(uint8_t lead)
{
	for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++)
		if ((lead & utf8_forms[i].mask) == utf8_forms[i].lead)
			return &utf8_forms[i];
	return NULL;
}

size_t utf8_decode(const char *bytes, size_t len_bytes, uint32_t *ret_character)
{
	const struct utf8_form *form = utf8_form_of((uint8_t)bytes[0]);
	uint32_t character;

	if (!form || form->length > len_bytes)
		return 0;
	character = (uint8_t)bytes[0] & (uint8_t)~form->mask;
	for (size_t i = 1; i < form->length; i++) {
		if (((uint8_t)bytes[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | ((uint8_t)bytes[i] & 0x3f);
	}
	if (character < form->smallest || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return 0;
	*ret_character = character;
	return form->length;
}

size_t utf8_encode(uint32_t character, char ret_bytes[4])
{
	static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; character >>= 6)
		ret_bytes[i] = (char)(0x80 | (character & 0x3f));
	ret_bytes[0] = (char)(leads[len] | character);
	return len;
}

bool utf8_is_control(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},     {0x7f, 0x9f},     /* C0, DEL and C1 */
		{0x61c, 0x61c},   {0x200e, 0x200f}, /* directional marks */
		{0x2028, 0x202e}, {0x2066, 0x2069}, /* separators, embeddings, isolates */
		{0xfeff, 0xfeff},                   /* byte order mark */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}
