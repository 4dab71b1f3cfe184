/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All cgroups that account for memory: which there are, what the kernel says about them when a
 * session begins and at each snapshot, whose processes are in which. Paths are looked up when a
 * cgroup is first heard of, for it may be gone at the end.
 */
#ifndef CAPTURE_CGROUPS_H
#define CAPTURE_CGROUPS_H

#include "base/table.h"
#include "capture/cgroup.h"
#include "capture/event_queue.h"

/*
 * More are not told apart: their processes are in none, which is counted. Those that are gone make
 * room, unless their dead have left something.
 */
#define CGROUPS_MAX 16384

struct known_cgroup {
	uint32_t id; /* never used again */
	uint64_t inode;
	char *path;
	uint32_t legacy_account; /* of what its dead have left; 0: none */
	uint32_t legacy_process; /* id of the process that this is shown as; 0: none yet */
	bool wanted;             /* told in this snapshot */
};

/* The first that is found. */
#define CGROUPS_CHOSEN 1

struct cgroups {
	struct cgroup root;          /* fd -1: no hierarchy accounts for memory */
	const struct cgroup *chosen; /* NULL: all of them are of interest */
	struct known_cgroup *items;  /* by id */
	uint32_t count, last_id;
	struct table by_inode; /* -> its id */
	uint64_t walked_ns, walk_took_ns;
	bool forgot;      /* in this walk: whoever is left is there */
	uint64_t refused; /* walks that ended because there was no room */
};

/*
 * Finds those that are there now: all, or with `chosen` (borrowed) that one and those below it; it
 * has the id CGROUPS_CHOSEN. Where memory is not accounted for there are none. 0 or -ENOMEM.
 */
int cgroups_init(struct cgroups *cgroups, const struct sysroot *root, const struct cgroup *chosen);
void cgroups_release(struct cgroups *cgroups);

/* Of an account's cgroup: its id; 0: unknown. New ones are looked for, but not all the time. */
uint32_t cgroups_id(struct cgroups *cgroups, uint64_t inode);
/* The same without looking for new ones, which takes memory: on the way of an incident. */
uint32_t cgroups_known(const struct cgroups *cgroups, uint64_t inode);
/* Looks for new ones, whoever is in them, but not all the time. */
void cgroups_look(struct cgroups *cgroups);

/* Until new ones are looked for again; NULL: it is not known, or not any more. */
struct known_cgroup *cgroups_get(struct cgroups *cgroups, uint32_t id);

/* Queues how often there were too many, if never as well. */
void cgroups_queue_refused(const struct cgroups *cgroups, struct event_queue *queue);

/* Its directory, or -errno when it is gone. */
int cgroups_open(const struct cgroups *cgroups, const struct known_cgroup *known);

/* Is `path` that of a cgroup below `above`? */
bool cgroups_is_above(const char *above, const char *path);

/* A cgroup is to be told in this snapshot, with all above it. */
void cgroups_want(struct cgroups *cgroups, uint32_t id);

/* Queues the figures: at the start of all that there are, later of those wanted. */
void cgroups_queue_start(struct cgroups *cgroups, struct event_queue *queue);
void cgroups_queue_wanted(struct cgroups *cgroups, struct event_queue *queue);

#endif
