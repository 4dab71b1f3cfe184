/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of unwinding for code that has no call frame information, nor frame pointers: a C library
 * that was built without, and whatever is linked with it. What code does to its frame is read off
 * its instructions; where that cannot be told, the rule says so. Called by unwind_rows.c.
 */
#ifndef SYMBOLS_CODE_ROWS_H
#define SYMBOLS_CODE_ROWS_H

#include "symbols/cfi.h"
#include "symbols/code_walk.h"

/* Less, in parts of CODE_ROWS_PART_MIN, is what every program begins with: _start, stubs, padding.
 */
#define CODE_ROWS_BYTES_MIN 1024
#define CODE_ROWS_PART_MIN 64
/* A smaller gap is padding. */
#define CODE_ROWS_GAP_MIN 16
#define CODE_ROWS_GAPS_MAX 65536

/* Where the code of a file is, and who reads it if need be. */
struct code_source {
	struct code_range executable[CODE_SECTIONS_MAX];
	size_t count;
	/* the bytes of a range; none if they cannot be read */
	struct bytes (*peek)(void *context, const struct code_range *range);
	/* fills an image that is empty; 0 or -errno */
	int (*load)(void *context, struct code_image *image);
	void *context;
};

/* What is executable and has no call frame information. Starts as {source}. */
struct code_gaps {
	const struct code_source *source;
	uint64_t position; /* up to here it has been looked at */
	struct code_range *ranges;
	size_t count, capacity;
	struct code_range largest;
	uint64_t bytes;       /* of all */
	uint64_t parts_bytes; /* of those that are not too small to count */
};

/* Everything below `start` is looked at, what is below `end` is covered. -ENOMEM. */
int code_gaps_cover(struct code_gaps *gaps, uint64_t start, uint64_t end);

void code_gaps_release(struct code_gaps *gaps);

/*
 * Tells the listener of what can be found out about the gaps, once all is covered that is. Small
 * gaps, code that keeps frame pointers, and what takes too much time or memory are left alone. 0,
 * or what the listener returned.
 */
int code_gaps_tell(const struct code_gaps *gaps, const struct cfi_listener *listener);

/* Walks `ranges` from all that begins or is pointed to there. As code_walk_new() and _run(). */
int code_rows_walk(const struct code_image *image, const struct code_range *ranges, size_t count,
		   struct code_walk **ret_walk);

#endif
