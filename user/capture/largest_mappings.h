/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What address space a process has reserved, by name: those of its mappings that have one name and
 * are of one kind, added up; the largest of these, and all others together. How much there may be
 * of it is bounded, whatever a process maps. Filled by facts_process.c between kills.
 */
#ifndef CAPTURE_LARGEST_MAPPINGS_H
#define CAPTURE_LARGEST_MAPPINGS_H

#include "capture/mapping_kinds.h"

#define LARGEST_MAPPINGS_MAX 16

struct named_mappings {
	enum mapping_kind kind;
	uint32_t count;
	uint64_t bytes;
	char name[MAPPING_NAME_MAX]; /* hostile bytes; "": the kind says all */
};

struct largest_mappings {
	uint32_t count;
	struct named_mappings items[LARGEST_MAPPINGS_MAX]; /* largest first */
	uint32_t other_count;                              /* mappings that are in none of them */
	uint64_t other_bytes;
};

/* As many names are told apart while mappings are read: of more, the smallest are others. */
#define LARGEST_MAPPINGS_READ 128

struct mappings_by_name {
	uint32_t count;
	struct named_mappings items[LARGEST_MAPPINGS_READ];
	uint32_t other_count;
	uint64_t other_bytes;
};

/* A mapping_seen_fn; `context` is a struct mappings_by_name, all zero at first. */
void mappings_by_name_add(const struct mapping_seen *seen, void *context);

void largest_mappings_of(struct mappings_by_name *all, struct largest_mappings *ret_largest);

#endif
