/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The separate debug file of an ELF file: how it is told to be called, and which of some files is
 * it. Called by the names child.
 */
#ifndef SYMBOLS_IMAGE_DEBUG_H
#define SYMBOLS_IMAGE_DEBUG_H

#include "symbols/image.h"

/* A file's name with its NUL, as file systems have it. */
#define IMAGE_DEBUG_NAME_MAX 256

/* Of .gnu_debuglink. */
struct image_debug_link {
	char name[IMAGE_DEBUG_NAME_MAX]; /* of a file, never a path */
	uint32_t crc32;                  /* of all its bytes */
};

/* False: there is none, or it is damaged. */
bool image_debug_link(struct image *image, struct image_debug_link *ret_link);

/*
 * The first of `fds` (borrowed) that is the debug file of the image: one of its build-id; where one
 * of them has none, one with the checksum that the image tells. -1: none of them.
 */
int image_debug_choose(struct image *image, const int *fds, size_t count);

#endif
