/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process's mappings are, added up by kind: reserved addresses next to resident memory, as
 * /proc/PID/smaps has them. Tells kinds by names, permissions and neighbours; looks at no memory.
 */
#ifndef CAPTURE_MAPPING_KINDS_H
#define CAPTURE_MAPPING_KINDS_H

#include <stdint.h>

#include "base/sysroot.h"
#include "capture/event.h"

struct mapping_kinds {
	struct mappings_event kinds[MAPPING_KIND_COUNT]; /* process is left 0 */
};

/* 0, -ESRCH for a process without mappings, or -errno. */
int mapping_kinds_read(const struct sysroot *root, uint32_t pid, struct mapping_kinds *ret_kinds);

#endif
