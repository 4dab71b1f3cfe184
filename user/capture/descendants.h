/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that descend from another one, as /proc shows them now.
 */
#ifndef CAPTURE_DESCENDANTS_H
#define CAPTURE_DESCENDANTS_H

#include <stdint.h>

#include "base/sysroot.h"

/* Anything but 0 ends the walk. */
typedef int (*descendant_fn)(uint32_t pid, void *context);

/*
 * Calls back for each descendant of `pid` (itself not included), parents before children. A process
 * whose parent is gone belongs to init and is not found. 0, -errno, or what the callback returned.
 */
int descendants_each(const struct sysroot *root, uint32_t pid, descendant_fn callback,
		     void *context);

#endif
