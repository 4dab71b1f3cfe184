/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is asked for the unwind rows of a module. Recording does not know how they are made. */
#ifndef CAPTURE_ROWS_PROVIDER_H
#define CAPTURE_ROWS_PROVIDER_H

#include "base/module_rows.h"

/* A module's file and where it was found. */
struct found_module {
	int fd;
	uint32_t pid;     /* of a process that maps it; 0: found by its path */
	const char *path; /* borrowed */
};

struct rows_provider {
	void *context;
	/*
	 * The rows of a module, by its id. `found` is its file the first time, and NULL after that.
	 * What is in *ret_rows stays valid until the next call. 0, -EINPROGRESS: ask again later,
	 * or -errno: there are none.
	 */
	int (*get)(void *context, uint32_t module, const struct found_module *found,
		   struct module_rows *ret_rows);
	/* They have been copied: their pages need not stay in memory. NULL: no matter. */
	void (*copied)(void *context, uint32_t module);
};

#endif
