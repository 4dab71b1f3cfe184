// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module file of any bytes, with the right length and checksum: refused, or used without harm.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_module_file.c user/symbols/{module_file,segments}.c -lz -o
 * fuzz_module_file
 */
#include <string.h>
#include <sys/mman.h>

#include <zlib.h>

#include "symbols/module_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* What a fuzzer would otherwise never guess. */
static void header_mend(uint8_t *bytes, size_t length)
{
	struct module_file_header header;
	size_t start = offsetof(struct module_file_header, total_bytes);

	memcpy(&header, bytes, sizeof(header));
	memcpy(header.magic, MODULE_FILE_MAGIC, sizeof(header.magic));
	header.version = MODULE_FILE_VERSION;
	header.total_bytes = length;
	memcpy(bytes, &header, sizeof(header));
	header.crc32 = (uint32_t)crc32(0, bytes + start, (uInt)(length - start));
	memcpy(bytes, &header, sizeof(header));
}

/* Follows every index the way an unwinder does. */
static void rows_follow(const struct module_rows *rows)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < rows->page_count; i++)
		for (size_t j = rows->pages[i].first; j <= rows->pages[i].last && j < 100; j++)
			sum += rows->rows[j];
	for (size_t i = 0; i < rows->row_count; i++)
		if (OT_RULE_CFA((uint32_t)rows->rows[i]) == OT_CFA_DICTIONARY)
			sum += rows->dictionary[OT_RULE_CFA_WORDS((uint32_t)rows->rows[i])].n;
	__asm__ volatile("" : : "r"(sum));
}

static void bytes_exercise(const uint8_t *bytes, size_t length)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	_cleanup_(module_file_unmapp) struct module_file *file = NULL;
	struct module_rows rows;

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length || module_file_map(fd, &file) < 0)
		return;
	rows = module_file_rows(file);
	rows_follow(&rows);
	for (uint64_t offset = 0; offset < 0x400; offset++) {
		const char *symbol = module_file_symbol(file, offset);

		if (symbol && strlen(symbol) == 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	_cleanup_free_ uint8_t *copy = NULL;

	if (length < sizeof(struct module_file_header))
		return 0;
	copy = malloc(length);
	if (!copy)
		return 0;
	memcpy(copy, data, length);
	header_mend(copy, length);
	bytes_exercise(copy, length);
	return 0;
}
