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
#include "capture/procfs.h"

/* Of longer names the end is kept. */
#define MAPPING_NAME_MAX 64

struct mapping_seen {
	uint64_t start, end;
	enum mapping_kind kind;
	uint64_t resident_bytes; /* as far as somebody has added it */
	char name[MAPPING_NAME_MAX];
};

typedef void (*mapping_seen_fn)(const struct mapping_seen *seen, void *context);

/* Mappings, lowest first, each told as soon as its neighbours have said what it is. */
struct mapping_reading {
	struct mapping_seen last; /* all zero: none yet */
	mapping_seen_fn tell;
	void *context;
};

void mapping_reading_take(struct mapping_reading *reading, const struct proc_mapping *mapping);
void mapping_reading_end(struct mapping_reading *reading);

struct mapping_kinds {
	struct mappings_event kinds[MAPPING_KIND_COUNT]; /* process is left 0 */
};

/* 0, -ESRCH for a process without mappings, or -errno. */
int mapping_kinds_read(const struct sysroot *root, uint32_t pid, struct mapping_kinds *ret_kinds);

#endif
