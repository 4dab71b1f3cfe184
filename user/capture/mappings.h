/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executable mappings of one process, as they were when last looked at: turns the addresses of
 * a stack into (module, file offset), which stay true when the process is gone.
 */
#ifndef CAPTURE_MAPPINGS_H
#define CAPTURE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/modules.h"

struct mapping {
	uint64_t start, end;
	uint64_t offset;
	uint32_t module;   /* 0: anonymous code, a JIT's */
	uint32_t perf_map; /* of such code: the module that has its names, 0: none */
};

/* The items are in the store that they were asked for in, or malloc()'s where it was NULL. */
struct mappings {
	struct mapping *items; /* by address */
	size_t count;
	uint64_t read_ns; /* CLOCK_MONOTONIC, 0: never */
};

/* Reads them anew; what was known stays when the process cannot be read. 0 or -errno. */
int mappings_read(struct mappings *mappings, struct store *store, const struct sysroot *root,
		  struct modules *modules, uint32_t pid);

/*
 * The same from what the kernel's walk told of a process before it was gone: `count` areas, by
 * address. 0 or -ENOMEM.
 */
int mappings_of_areas(struct mappings *mappings, struct store *store, struct modules *modules,
		      const struct ot_code_area *areas, size_t count);

/* False when no known mapping covers `address`. */
bool mappings_find(const struct mappings *mappings, uint64_t address,
		   struct event_frame *ret_frame);

/* The first one that ends behind `address`; their count where none does. */
size_t mappings_from(const struct mappings *mappings, uint64_t address);

/* Is another file mapped where some of one is known to be? Not: is it gone, or another part. */
bool mappings_contradict(const struct mappings *known, const struct mappings *fresh,
			 const struct modules *modules);

/* For a forked child: it starts with its parent's. 0 or -ENOMEM. */
int mappings_copy(const struct mappings *from, struct store *store, struct mappings *ret_mappings);

void mappings_release(struct mappings *mappings);

#endif
