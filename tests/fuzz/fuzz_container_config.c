// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A runtime's file of any bytes; the first one says which runtime's.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_container_config.c user/symbols/container_config.c -ljansson -o
 * fuzz_container_config
 */
#include "symbols/container_config.h"

#include <stdint.h>
#include <string.h>

#define ID "3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct container_names names;

	if (length == 0 || container_config_parse((const char *)data + 1, length - 1, data[0] % 5,
						  ID, &names) != 0)
		return 0;
	if (strnlen(names.image, sizeof(names.image)) == sizeof(names.image) ||
	    strnlen(names.name, sizeof(names.name)) == sizeof(names.name))
		__builtin_trap();
	return 0;
}
