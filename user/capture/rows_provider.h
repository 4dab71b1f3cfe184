/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is asked for the unwind rows of a module. Recording does not know how they are made. */
#ifndef CAPTURE_ROWS_PROVIDER_H
#define CAPTURE_ROWS_PROVIDER_H

#include "base/module_rows.h"

struct rows_provider {
	void *context;
	/*
	 * The rows of a module, by its id. `fd` is its file the first time, and -1 after that. What
	 * is in *ret_rows stays valid until the next call. 0, -EINPROGRESS: ask again later, or
	 * -errno: there are none.
	 */
	int (*get)(void *context, uint32_t module, int fd, struct module_rows *ret_rows);
	/* They have been copied: their pages need not stay in memory. NULL: no matter. */
	void (*copied)(void *context, uint32_t module);
};

#endif
