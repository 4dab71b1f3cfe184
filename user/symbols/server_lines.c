// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/server_lines.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "symbols/demangle.h"
#include "symbols/image_debug.h"
#include "symbols/source_lines.h"

#define DOTS "..."

/* The module that is open, and what was found at the address that was asked last. */
static struct {
	struct source_lines *lines; /* NULL: none */
	uint32_t module;
	int fds[2];
	uint64_t address; /* 0: none */
	int count;
	struct source_frame frames[SOURCE_FRAMES_MAX];
} current = {.fds = {-1, -1}};

static void current_close(void)
{
	source_lines_closep(&current.lines);
	current.lines = NULL;
	current.address = 0;
	for (size_t i = 0; i < 2; i++) {
		cleanup_close(&current.fds[i]);
		current.fds[i] = -1;
	}
}

/* The request's descriptors are closed once it is answered. */
static int kept(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static int debug_file_of(int fd, const int *debug_fds, size_t count)
{
	_cleanup_(image_closep) struct image *image = NULL;

	return count > 0 && image_open(fd, &image) == 0
		       ? image_debug_choose(image, debug_fds, count)
		       : -1;
}

int server_lines_open(uint32_t module, int fd, const int *debug_fds, size_t debug_count)
{
	int r;

	current_close();
	current.module = module;
	current.fds[0] = kept(fd);
	current.fds[1] = kept(debug_file_of(fd, debug_fds, debug_count));
	r = source_lines_open(current.fds[0], current.fds[1], &current.lines);
	if (r < 0)
		current_close();
	return r;
}

/* The end of a path tells more than its beginning. */
static size_t file_append(char *at, const char *file)
{
	size_t length = strlen(file);
	bool cut = length >= NAMES_LINE_FILE_MAX;

	if (cut) {
		file += length - (NAMES_LINE_FILE_MAX - sizeof(DOTS));
		memcpy(at, DOTS, strlen(DOTS));
		at += strlen(DOTS);
	}
	length = strlen(file);
	memcpy(at, file, length);
	return length + (cut ? strlen(DOTS) : 0);
}

static void frame_encode(const struct source_frame *frame, struct names_answer *answer)
{
	char *at = answer->bytes;

	memcpy(at, &frame->line, sizeof(frame->line));
	at += NAMES_LINE_HEADER;
	if (frame->name)
		at += demangle(frame->name, at, NAMES_LINE_NAME_MAX);
	*at++ = '\0';
	if (frame->file)
		at += file_append(at, frame->file);
	answer->length = (uint32_t)(at - answer->bytes);
}

void server_line(uint32_t module, const struct names_place *place, struct names_answer *answer)
{
	answer->error = -ENOENT;
	if (!current.lines || current.module != module)
		return;
	if (current.address != place->address) {
		current.count = source_lines_find(current.lines, place->address, current.frames);
		current.address = place->address;
	}
	answer->error = current.count < 0 ? current.count : -ENODATA;
	if (current.count <= 0 || place->depth >= (uint64_t)current.count)
		return;
	answer->error = 0;
	frame_encode(&current.frames[(uint64_t)current.count - 1 - place->depth], answer);
}
