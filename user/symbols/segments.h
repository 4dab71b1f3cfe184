/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From file offsets, which is what a mapping knows, to the addresses symbols are given in: the
 * loadable segments of one ELF file. Pure arithmetic; filled in by image.c.
 */
#ifndef SYMBOLS_SEGMENTS_H
#define SYMBOLS_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Linkers write four or five, instrumented kernels' vdso and odd loaders some more. */
#define SEGMENTS_MAX 64

struct segment {
	uint64_t offset;
	uint64_t size_bytes; /* in the file */
	uint64_t address;
	bool executable;
};

struct segments {
	size_t count;
	struct segment items[SEGMENTS_MAX];
};

/*
 * The address a file offset is loaded to, before relocation. Of segments that overlap in the file
 * the executable one counts: offsets come from instruction pointers. False: in no segment.
 */
bool segments_address(const struct segments *segments, uint64_t offset, uint64_t *ret_address);

#endif
