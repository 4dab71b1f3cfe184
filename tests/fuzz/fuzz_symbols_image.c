// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ELF file of any bytes: read, and asked for a name at the beginning of each segment.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_symbols_image.c user/symbols/{image,segments,symbol_table,demangle}.c \
 *         -lelf -ldw -liberty -o fuzz_symbols_image
 */
#include <sys/mman.h>

#include "symbols/demangle.h"
#include "symbols/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void segments_name(const struct segments *segments, const struct symbol_table *functions)
{
	for (size_t i = 0; i < segments->count; i++) {
		const char *symbol = NULL;
		uint64_t address;
		char name[256];

		if (segments_address(segments, segments->items[i].offset, &address))
			symbol = symbol_table_find(functions, address);
		if (symbol && demangle(symbol, name, sizeof(name)) >= sizeof(name))
			abort();
	}
}

static void image_exercise(int fd)
{
	_cleanup_(symbol_table_freep) struct symbol_table *functions = NULL;
	_cleanup_(image_closep) struct image *image = NULL;
	uint8_t build_id[IMAGE_BUILD_ID_MAX];
	struct segments segments;

	if (image_open(fd, &image) < 0)
		return;
	if (image_build_id(image, build_id) > sizeof(build_id))
		abort();
	if (image_segments(image, &segments) == 0 && image_functions(image, &functions) == 0)
		segments_name(&segments, functions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, data, length) == (ssize_t)length)
		image_exercise(fd);
	return 0;
}
