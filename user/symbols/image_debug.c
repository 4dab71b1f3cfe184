// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/image_debug.h"

#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "symbols/bytes.h"

#define LINK_BYTES_MAX 4096
/* A second of reading; the largest ones have build-ids. */
#define SUMMED_BYTES_MAX (1ll << 30)
#define CHUNK_BYTES (64u << 10)

static bool is_file_name(const char *name)
{
	return name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

/* A name with its NUL, up to three bytes of padding, and the checksum. */
bool image_debug_link(struct image *image, struct image_debug_link *ret_link)
{
	struct image_debug_link link;
	struct image_section section;
	struct bytes bytes;
	size_t length;

	if (image_section(image, ".gnu_debuglink", LINK_BYTES_MAX, &section) < 0)
		return false;
	length = strnlen(section.bytes, section.size_bytes);
	if (length >= sizeof(link.name))
		return false;
	bytes = bytes_of(section.bytes, section.size_bytes);
	memcpy(link.name, bytes_take(&bytes, length).at, length);
	link.name[length] = '\0';
	bytes_take(&bytes, 4 - length % 4);
	link.crc32 = (uint32_t)bytes_number(&bytes, sizeof(link.crc32));
	if (bytes.bad || !is_file_name(link.name))
		return false;
	*ret_link = link;
	return true;
}

static bool has_checksum(int fd, uint32_t wanted)
{
	_cleanup_free_ unsigned char *chunk = malloc(CHUNK_BYTES);
	uLong sum = crc32(0, NULL, 0);
	struct stat status;
	off_t at = 0;
	ssize_t got;

	if (!chunk || fstat(fd, &status) < 0 || status.st_size > SUMMED_BYTES_MAX)
		return false;
	while (at < SUMMED_BYTES_MAX && (got = pread(fd, chunk, CHUNK_BYTES, at)) > 0) {
		sum = crc32(sum, chunk, (uInt)got);
		at += got;
	}
	return sum == wanted;
}

static bool is_debug_file(struct image *image, int fd)
{
	uint8_t ours[IMAGE_BUILD_ID_MAX], its[IMAGE_BUILD_ID_MAX];
	_cleanup_(image_closep) struct image *debug = NULL;
	size_t our_bytes = image_build_id(image, ours), its_bytes;
	struct image_debug_link link;

	if (image_open(fd, &debug) < 0)
		return false;
	its_bytes = image_build_id(debug, its);
	if (our_bytes > 0 && its_bytes > 0)
		return our_bytes == its_bytes && memcmp(ours, its, our_bytes) == 0;
	return image_debug_link(image, &link) && has_checksum(fd, link.crc32);
}

int image_debug_choose(struct image *image, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_debug_file(image, fds[i]))
			return fds[i];
	return -1;
}
