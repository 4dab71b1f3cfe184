/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process held before tracing began, entered into the ledger as [resident before tracing],
 * so that it closes like any other page. Anonymous memory and tmpfs alone: page cache belongs to
 * whoever read it, and that was not seen.
 */
#ifndef CAPTURE_ADOPT_H
#define CAPTURE_ADOPT_H

#include "base/sysroot.h"
#include "capture/ledger.h"

/*
 * Called with the programs attached, so that no page falls between. Returns 0, -EPERM without the
 * capability to read frame numbers, -E2BIG when a mapping was too large to walk, or -errno; what
 * was adopted until then stays.
 */
int adopt_resident(struct ledger *ledger, const struct sysroot *root, uint32_t account,
		   uint32_t pid);

#endif
