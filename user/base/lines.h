/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a file, read into a buffer of fixed size: for who may not allocate, as stdio does
 * for each stream. Knows nothing of what the lines say.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* A line of maps with a path of PATH_MAX, some of it escaped; what is longer is cut. */
#define LINES_BUFFER_BYTES 8192

/* Lives where its user puts it. The descriptor stays the user's. */
struct lines {
	int fd;
	int error; /* 0, or -errno of the read that ended it */
	bool ended;
	bool is_cut;                /* the line that was handed out last */
	size_t at_bytes, end_bytes; /* of `bytes`: what has been read and not handed out */
	char bytes[LINES_BUFFER_BYTES + 1];
};

void lines_begin(struct lines *lines, int fd);

/*
 * The next line, without its end; of one that does not fit, its beginning. Valid until the next
 * call, which may write over it. NULL at the end, or when `error` says why there is no more.
 */
char *lines_next(struct lines *lines);

#endif
