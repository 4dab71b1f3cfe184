// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A perf map of any bytes.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_perf_map.c user/symbols/{perf_map,symbol_table}.c -o fuzz_perf_map
 */
#include "symbols/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* What comes out ascends, does not overlap, and has names. */
static void ranges_check(const struct symbol_table *table)
{
	uint64_t end = 0;

	for (size_t i = 0; i < symbol_table_count(table); i++) {
		struct symbol_range range = symbol_table_get(table, i);

		if (range.start < end || range.end <= range.start || !range.name[0])
			__builtin_trap();
		end = range.end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;

	if (symbol_table_new(&table) == 0 && perf_map_add(bytes_of(data, length), table) == 0 &&
	    symbol_table_finish(table) == 0)
		ranges_check(table);
	return 0;
}
