// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void lines_begin(struct lines *lines, int fd)
{
	lines->fd = fd;
	lines->error = 0;
	lines->ended = lines->is_cut = false;
	lines->at_bytes = lines->end_bytes = 0;
}

static bool is_full(const struct lines *lines)
{
	return lines->at_bytes == 0 && lines->end_bytes == LINES_BUFFER_BYTES;
}

/* Behind what is there, which moves to the front. */
static void read_more(struct lines *lines)
{
	size_t left = lines->end_bytes - lines->at_bytes;
	ssize_t len;

	memmove(lines->bytes, lines->bytes + lines->at_bytes, left);
	lines->at_bytes = 0;
	lines->end_bytes = left;
	do
		len = read(lines->fd, lines->bytes + left, LINES_BUFFER_BYTES - left);
	while (len < 0 && errno == EINTR);
	if (len < 0)
		lines->error = -errno;
	if (len <= 0)
		lines->ended = true;
	else
		lines->end_bytes += (size_t)len;
}

/* The next end of a line, for which as much is read as there is room for; NULL: there is none. */
static char *find_end(struct lines *lines)
{
	for (;;) {
		char *end = memchr(lines->bytes + lines->at_bytes, '\n',
				   lines->end_bytes - lines->at_bytes);

		if (end || lines->ended || is_full(lines))
			return end;
		read_more(lines);
	}
}

/* Up to its end; where there is none, all that has been read. */
static char *hand_out(struct lines *lines, char *end)
{
	char *line = lines->bytes + lines->at_bytes;

	if (!end)
		end = lines->bytes + lines->end_bytes;
	*end = '\0';
	lines->at_bytes = (size_t)(end - lines->bytes);
	if (lines->at_bytes < lines->end_bytes)
		lines->at_bytes++;
	return line;
}

char *lines_next(struct lines *lines)
{
	bool was_cut;
	char *line;

	do {
		char *end = find_end(lines);

		if (lines->at_bytes == lines->end_bytes)
			return NULL;
		/* what follows a line that was cut is the rest of it */
		was_cut = lines->is_cut;
		lines->is_cut = !end && !lines->ended;
		line = hand_out(lines, end);
	} while (was_cut);
	return line;
}
