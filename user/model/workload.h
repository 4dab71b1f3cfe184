/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which workload a victim was a life of: the place it ran in, its program, its command line and its
 * largest stacks, without what differs from one life to the next: ids, hashes and numbers. Pure
 * functions over a finished incident; everything in it is hostile and only ever compared. Two
 * lives are of the same workload where all of that fits together; the same name alone is nothing.
 * Called by kill_history.h.
 */
#ifndef MODEL_WORKLOAD_H
#define MODEL_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/event.h"

struct arena;
struct incident;

struct workload {
	const char *cgroup;    /* as it was; NULL: unknown */
	const char *place;     /* its pod's container, its unit, or its cgroup, generalised */
	bool place_is_named;   /* by people: it is more than a pattern of a path */
	const char *image;     /* of its container, without tag and digest; NULL: unknown */
	const char *container; /* what the runtime calls it; NULL: unknown */
	const char *program;   /* its file, or its name where that is unknown */
	const char *command;   /* its words, generalised; NULL: unknown */
	uint64_t stacks[LIFE_STACKS]; /* the largest first, by hash; 0: none */
};

/* Strings lie in `arena`. 0, -ENOMEM, or -ENODATA where nobody is known to have been killed. */
int workload_of(const struct incident *incident, struct arena *arena,
		struct workload *ret_workload);

bool workload_is_same(const struct workload *left, const struct workload *right);

/*
 * "name-7d9f8b6c5-x2x4z" becomes "name-*-*", "worker@3.service" "worker@*.service", "slot12"
 * "slot*". Room: that of the text.
 */
void workload_generalise(const char *text, char *ret_text);

struct growth;
struct growth_row;

/* Of its frames by their names: the same in another life. 0: it has none that could be. */
uint64_t workload_stack_hash(const struct growth_row *row);

/* Of the first rows with a hash, by it, threads and kinds together. Both start as zeros. */
void workload_top_stacks(const struct growth_row *rows, size_t count, uint64_t hashes[LIFE_STACKS],
			 uint64_t bytes[LIFE_STACKS]);

#endif
