// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image_names.h"

#include <string.h>

#include <lzma.h>

/* A hundred times what distributions pack in. */
#define PACKED_BYTES_MAX (64u << 20)
#define UNPACKED_BYTES_MAX (256u << 20)
#define LZMA_MEMORY_BYTES (128ull << 20)

/* Unpacks into a buffer of `capacity`; LZMA_BUF_ERROR when that is too small. */
static lzma_ret unpack_into(const struct image_section *packed, uint8_t *buffer, size_t capacity,
			    size_t *ret_size)
{
	uint64_t memory = LZMA_MEMORY_BYTES;
	size_t read = 0;

	*ret_size = 0;
	return lzma_stream_buffer_decode(&memory, 0, NULL, packed->bytes, &read, packed->size_bytes,
					 buffer, ret_size, capacity);
}

/* -EBADMSG for what is no xz stream, -E2BIG for one that would not end. */
static int unpack(const struct image_section *packed, uint8_t **ret_bytes, size_t *ret_size)
{
	size_t capacity = 4 * packed->size_bytes + 4096;

	for (; capacity <= UNPACKED_BYTES_MAX; capacity *= 4) {
		_cleanup_free_ uint8_t *buffer = malloc(capacity);
		lzma_ret r;

		if (!buffer)
			return -ENOMEM;
		r = unpack_into(packed, buffer, capacity, ret_size);
		if (r == LZMA_OK)
			*ret_bytes = TAKE_PTR(buffer);
		if (r != LZMA_BUF_ERROR)
			return r == LZMA_OK ? 0 : -EBADMSG;
	}
	return -E2BIG;
}

/* "MiniDebugInfo": an ELF file with the functions that .dynsym does not have, packed with xz. */
static int packed_names_add(struct image *image, struct symbol_table *table)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_(image_closep) struct image *inner = NULL;
	struct image_section packed;
	size_t size;
	int r;

	r = image_section(image, ".gnu_debugdata", PACKED_BYTES_MAX, &packed);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	r = unpack(&packed, &bytes, &size);
	if (r == 0)
		r = image_open_memory(bytes, size, &inner);
	return r < 0 ? r : image_functions_add(inner, table);
}

static bool same_build_id(struct image *a, struct image *b)
{
	uint8_t left[IMAGE_BUILD_ID_MAX], right[IMAGE_BUILD_ID_MAX];
	size_t length = image_build_id(a, left);

	return length > 0 && image_build_id(b, right) == length && memcmp(left, right, length) == 0;
}

static int debug_file_add(struct image *image, int debug_fd, struct symbol_table *table)
{
	_cleanup_(image_closep) struct image *debug = NULL;
	int r;

	if (debug_fd < 0)
		return 0;
	r = image_open(debug_fd, &debug);
	if (r < 0)
		return r;
	return same_build_id(image, debug) ? image_functions_add(debug, table) : 0;
}

/* Of what goes wrong only that counts which leaves too much or too little memory. */
static bool is_fatal(int error)
{
	return error == -ENOMEM || error == -E2BIG;
}

int image_names(struct image *image, int debug_fd, struct symbol_table **ret_table)
{
	_cleanup_(symbol_table_freep) struct symbol_table *table = NULL;
	int own, packed = 0, debug = 0, r;

	r = symbol_table_new(&table);
	if (r < 0)
		return r;
	own = image_functions_add(image, table);
	if (!is_fatal(own))
		packed = packed_names_add(image, table);
	if (!is_fatal(own) && !is_fatal(packed))
		debug = debug_file_add(image, debug_fd, table);
	r = is_fatal(own) ? own : is_fatal(packed) ? packed : debug;
	if (is_fatal(r))
		return r;
	if (symbol_table_is_empty(table) && (own < 0 || packed < 0))
		return -EBADMSG;
	r = symbol_table_finish(table);
	if (r == 0)
		*ret_table = TAKE_PTR(table);
	return r;
}

bool image_is_go(struct image *image)
{
	struct image_section section;

	/* of a limit of nothing: that it is there is all that matters */
	return image_section(image, ".gopclntab", 0, &section) != -ENODATA ||
	       image_section(image, ".data.rel.ro.gopclntab", 0, &section) != -ENODATA;
}
