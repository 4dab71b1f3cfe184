/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a module file of an ELF file or a perf map: the names child's work, where hostile files are
 * parsed.
 */
#ifndef SYMBOLS_MODULE_WRITER_H
#define SYMBOLS_MODULE_WRITER_H

#include "symbols/module_file.h"

/* Files to make one of. Descriptors are borrowed. */
struct module_sources {
	int fd;               /* of the ELF file */
	const int *debug_fds; /* what may be its debug file, which has more symbols */
	size_t debug_count;
};

/*
 * Writes the module file to `out_fd`, which is empty. What a file does not have (unwind data,
 * names) is missing from the result; -ENOEXEC for what is no program, -E2BIG, -ENOMEM, or -errno of
 * writing.
 */
int module_write(const struct module_sources *sources, const struct module_identity *identity,
		 int out_fd);

/*
 * The same of a perf map (perf_map.h): names alone, and offsets are addresses. -ENOEXEC for what is
 * no regular file.
 */
int module_write_perf_map(int fd, const struct module_identity *identity, int out_fd);

#endif
