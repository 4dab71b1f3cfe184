/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ELF file, hostile until proven otherwise: its build-id, where its segments lie, and its
 * function symbols. elfutils does the parsing. Used by the names child only; the recorder never
 * comes near it.
 *
 * Files are read with pread, never mapped: what has been read does not change or vanish under the
 * parser's feet while the target writes or truncates the file, and a sparse file of terabytes
 * costs no more than what its tables claim, which is bounded.
 */
#ifndef SYMBOLS_IMAGE_H
#define SYMBOLS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "symbols/segments.h"
#include "symbols/symbol_table.h"

#define IMAGE_BUILD_ID_MAX 20

struct image;

/*
 * Opens what `fd` refers to; the descriptor is borrowed and must outlive the image. Returns
 * -ENOEXEC for what is no ELF executable or library, or no regular file (a memfd is one).
 */
int image_open(int fd, struct image **ret_image);
/* The same for a file in memory; `bytes` are borrowed. */
int image_open_memory(void *bytes, size_t size_bytes, struct image **ret_image);
void image_close(struct image *image);
DEFINE_CLEANUP(struct image *, image_close)

/* Returns the length of the build-id, 0 without one (or one of more than IMAGE_BUILD_ID_MAX). */
size_t image_build_id(struct image *image, uint8_t ret_build_id[IMAGE_BUILD_ID_MAX]);

/* Reads the program headers. Returns -E2BIG for more than SEGMENTS_MAX loadable ones. */
int image_segments(struct image *image, struct segments *ret_segments);

/* What the file's header says. */
struct image_header {
	uint16_t machine; /* EM_... */
	bool is_64bit;
	uint64_t entry;
};

int image_header(struct image *image, struct image_header *ret_header);

/* A section's bytes, uncompressed; they are the image's. */
struct image_section {
	const void *bytes;
	size_t size_bytes;
	uint64_t address;
};

/*
 * Reads the first section of a name. -ENODATA when there is none, -EBADMSG when it has no bytes or
 * lies outside the file, -E2BIG when they are more than `max_bytes`, compressed or not.
 */
int image_section(struct image *image, const char *name, uint64_t max_bytes,
		  struct image_section *ret_section);

/*
 * Reads what is loaded at an address, which must be in one segment; the caller bounds it. -ENODATA
 * when it is not in the file, -EBADMSG.
 */
int image_bytes(struct image *image, uint64_t address, uint64_t size_bytes,
		struct image_section *ret_bytes);

/* Not 0 ends it. */
typedef int (*image_section_visitor)(void *context, const struct image_section *section,
				     bool is_executable);

/*
 * Shows the sections that are loaded from the file. Their bytes are read if `max_bytes` is not 0,
 * and then those that have more, or are damaged, are left out. 0, or what the visitor returned.
 */
int image_each_section(struct image *image, uint64_t max_bytes, image_section_visitor visit,
		       void *context);

/*
 * Adds the functions of .symtab and .dynsym. A damaged table is left out, which is -EBADMSG once
 * the others were read; -E2BIG or -ENOMEM when there are too many.
 */
int image_functions_add(struct image *image, struct symbol_table *table);

#endif
