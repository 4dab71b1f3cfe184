/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the separate debug files of what a process runs, as the process sees them: by build-id
 * below /usr/lib/debug/.build-id, by name beside the file, in .debug beside it and below
 * /usr/lib/debug; by build-id on this host, too. Opens what is there; which of them is the right
 * one the names child finds out.
 */
#ifndef CAPTURE_DEBUG_FILES_H
#define CAPTURE_DEBUG_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/sysroot.h"

#define DEBUG_FILES_MAX 3

struct debug_wanted {
	uint32_t pid;     /* of a process that maps the file; 0: look on our own root alone */
	const char *path; /* of the file, as the mappings of the process tell it; NULL: unknown */
	int fd;           /* the file: its owner may own the debug file, as root may; -1: unknown */
	const uint8_t *build_id;
	size_t build_id_bytes;
	const char *name; /* that the file tells of its debug file; NULL: none */
};

struct debug_files {
	int fds[DEBUG_FILES_MAX];
	size_t count;
};

/* Fills in what is there, the likeliest first. */
void debug_files_find(const struct sysroot *root, const struct debug_wanted *wanted,
		      struct debug_files *ret_files);
void debug_files_release(struct debug_files *files);

#endif
