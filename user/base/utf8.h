/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes hostile bytes apart into characters: the one place that knows UTF-8 and which characters
 * may not reach a terminal, a log or a line of output. What replaces them is up to each output.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the first character of `bytes`, which hold at least one byte. Returns its length and
 * sets *ret_character, or returns 0 where the bytes are no well-formed UTF-8 (overlong forms,
 * surrogates and values beyond U+10FFFF included).
 */
size_t utf8_decode(const char *bytes, size_t len_bytes, uint32_t *ret_character);

/* Encodes a character (at most U+10FFFF). Returns its length. */
size_t utf8_encode(uint32_t character, char ret_bytes[4]);

/*
 * Whether a character controls instead of showing: C0, DEL, C1, line and paragraph separators,
 * and the directional marks that make text read differently from what it is.
 */
bool utf8_is_control(uint32_t character);

#endif
