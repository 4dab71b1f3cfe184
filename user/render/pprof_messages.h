/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile under way (profile.proto of github.com/google/pprof): its messages by number, its
 * strings, and where frames are. Everything is of one arena. The first thing that goes wrong is
 * kept in `err`; what follows does nothing of use, and does no harm. For pprof*.c alone.
 */
#ifndef RENDER_PPROF_MESSAGES_H
#define RENDER_PPROF_MESSAGES_H

#include "base/arena.h"
#include "base/table.h"
#include "model/growth.h"
#include "render/profile.pb-c.h"

struct view;

/* An array of pointers to messages, as protobuf-c wants them. */
struct list {
	void **items;
	size_t count;
	size_t capacity;
};

struct profile {
	struct arena arena; /* all messages and strings */
	struct list strings, samples, mappings, locations, functions;
	struct table string_index;   /* hash of the text -> struct known_string */
	struct table mapping_index;  /* module id -> Mapping */
	struct table location_index; /* module id and offset, or 0 and the name -> Location */
	struct table function_index; /* numbers of its name and file -> Function */
	const struct view *view;     /* of pprof.c */
	uint64_t page_bytes;
	int err;
};

void profile_release(struct profile *profile);

void profile_fail(struct profile *profile, int err);

/* Zeroed, of the profile's arena. NULL, and the profile has failed. */
void *profile_make(struct profile *profile, size_t count, size_t bytes);

/* Returns the number of the item, from 1. */
uint64_t profile_list_add(struct profile *profile, struct list *list, void *item);
void profile_index_put(struct profile *profile, struct table *table, struct table_key key,
		       void *value);

/* The number of a clean string, which it is given when it is new. */
int64_t profile_intern(struct profile *profile, const char *text);

/* The same of one that a target chose: made valid UTF-8, with nothing that controls how it
 * reads. */
int64_t profile_intern_hostile(struct profile *profile, const char *text);

/* --- pprof_places.c --- */

/* A frame, and those that were inlined into it. */
struct place_frames {
	const struct growth_row *row;
	uint32_t first, end;
};

Perftools__Profiles__Mapping *profile_mapping(struct profile *profile,
					      const struct growth_module *module);

/* Returns the number of the location; 0: the profile has failed. */
uint64_t profile_location(struct profile *profile, const struct place_frames *frames);

#endif
