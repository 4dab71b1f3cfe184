/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps what the kernel walks stacks by in step with what processes map: asks for the rows of each
 * module once, whoever maps it, enters them when they are there, and publishes the mappings of a
 * process as far as they are known. Reads no ELF and no /proc itself: who asks brings the mappings.
 */
#ifndef CAPTURE_UNWIND_FOLLOW_H
#define CAPTURE_UNWIND_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "capture/code_slices.h"
#include "capture/mappings.h"
#include "capture/rows_provider.h"
#include "capture/unwind_tables.h"
#include "capture/unwinder.h"

struct unwind_follow;

/* All are borrowed; `code_files_fd` is the map of files, by key. 0 or -ENOMEM. */
int unwind_follow_new(const struct rows_provider *provider, struct modules *files,
		      struct unwind_tables *tables, struct code_slices *slices, int code_files_fd,
		      struct unwind_follow **ret_follow);
void unwind_follow_free(struct unwind_follow *follow);
DEFINE_CLEANUP(struct unwind_follow *, unwind_follow_free)

enum unwind_rows_state {
	UNWIND_ROWS_ALL,     /* are there, or never will be */
	UNWIND_ROWS_NO_ROOM, /* for some of them: see unwind_follow_make_room() */
	UNWIND_ROWS_WAITED_FOR,
};

/* Asks for the rows of everything that is mapped. */
enum unwind_rows_state unwind_follow_load(struct unwind_follow *follow,
					  const struct mappings *mappings);

/* The same, and tells the kernel; publish again when more rows have come. 0 or -errno. */
int unwind_follow_publish(struct unwind_follow *follow, uint32_t tgid,
			  const struct mappings *mappings, enum unwind_rows_state *ret_state);

/*
 * Looks from time to time whether files that no process maps any more leave room for those that
 * found none. True: publish again what had no room.
 */
bool unwind_follow_make_room(struct unwind_follow *follow);

/*
 * Walks a stack of a process with these mappings: `input` without its code, of which a list is made
 * in the store, which may be NULL. 0 or -ENOMEM.
 */
int unwind_follow_walk(const struct unwind_follow *follow, struct store *store,
		       const struct mappings *mappings, const struct unwinder_input *input,
		       struct unwinder_stack *ret_stack);

/* Modules whose rows have no room now. */
uint32_t unwind_follow_refused(const struct unwind_follow *follow);

#endif
