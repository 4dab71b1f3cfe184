// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A Go line table of any bytes, behind each of the magic numbers.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_go_functions.c user/symbols/{go_functions,symbol_table}.c \
 *         -o fuzz_go_functions
 */
#include "symbols/go_functions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void bytes_exercise(uint8_t *bytes, size_t length, uint32_t magic)
{
	static const uint8_t rest[] = {0, 0, 1, 8};
	_cleanup_(symbol_table_freep) struct symbol_table *symbols = NULL;

	memcpy(bytes, &magic, sizeof(magic));
	memcpy(bytes + sizeof(magic), rest, sizeof(rest));
	if (symbol_table_new(&symbols) == 0)
		go_functions_add(bytes_of(bytes, length), 0x400000, symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	static const uint32_t magics[] = {0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1};
	_cleanup_free_ uint8_t *copy = length >= 8 ? malloc(length) : NULL;

	if (!copy)
		return 0;
	memcpy(copy, data, length);
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		bytes_exercise(copy, length, magics[i]);
	return 0;
}
