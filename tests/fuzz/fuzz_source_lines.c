// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ELF file of any bytes, asked for lines. Start from small programs built with -g.
 *
 *   clang -fsanitize=fuzzer,address,undefined -g -O1 -std=gnu11 -D_GNU_SOURCE= -I. -Iuser \
 *         tests/fuzz/fuzz_source_lines.c user/symbols/source_lines.c -ldw -lelf \
 *         -o fuzz_source_lines
 */
#include "symbols/source_lines.h"

#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

/* What comes out is strings and numbers that can be read. */
static size_t frames_read(const struct source_frame *frames, int count)
{
	size_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += (frames[i].name ? strlen(frames[i].name) : 0) +
			 (frames[i].file ? strlen(frames[i].file) : 0);
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	_cleanup_(source_lines_closep) struct source_lines *lines = NULL;
	struct source_frame frames[SOURCE_FRAMES_MAX];
	size_t bytes = 0;

	if (fd < 0 || write(fd, data, length) != (ssize_t)length ||
	    source_lines_open(fd, -1, &lines) < 0)
		return 0;
	for (uint64_t address = 0x1000; address < 0x1400; address += 37)
		bytes += frames_read(frames, source_lines_find(lines, address, frames));
	return bytes == SIZE_MAX;
}
