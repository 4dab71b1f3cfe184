/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces: which stack has reserved which addresses, for every traced process, kept exact by
 * the records of bpf/mappings.bpf.c. Between records the sum of all ranges is the kernel's own
 * total; where it is not (a record was lost, or a change that no record explains) the space is
 * astray until /proc/PID/maps has been read while nothing changed. Never reads memory of a target.
 */
#ifndef CAPTURE_SPACES_H
#define CAPTURE_SPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intervals.h"
#include "capture/ledger.h"
#include "capture/lives.h"

struct ring_buffer;

/*
 * Owners of ranges are cells (enum ot_fixed_cell has those without a stack). Account 0 does not
 * exist, so two of its cells can stand for what was there before there were records.
 */
#define SPACE_BEFORE 1 /* when tracing began */
#define SPACE_FORK 2   /* when the process was forked */

struct space {
	uint32_t life; /* whose it is; 0: not in use */
	struct intervals ranges;
	uint32_t unseen_owner; /* of what is found in maps and no record told of */
	bool based;            /* what was there before the first record is in */
	bool astray;           /* the sum is not the kernel's */
	uint64_t records;      /* taken so far */
};

struct spaces {
	const struct sysroot *root;
	struct ledger *ledger;
	struct lives *lives;
	struct ring_buffer *ring;
	struct space *items; /* by account number */
	uint32_t records_this_turn;
	uint64_t taken;       /* records */
	uint64_t rereads;     /* of maps, because a space was astray */
	uint64_t corrections; /* of these, how many found something to change */
};

/* Borrows what it is given. `records_fd` is the ring of mapping records. 0 or -errno. */
int spaces_init(struct spaces *spaces, const struct sysroot *root, struct ledger *ledger,
		struct lives *lives, int records_fd);
void spaces_release(struct spaces *spaces);

/* Becomes readable when many records wait. */
int spaces_fd(const struct spaces *spaces);

/* Takes all records that wait. 0 or -errno. */
int spaces_consume(struct spaces *spaces);

/* A process that ran before tracing began; the hooks must be live. 0 or -errno. */
int spaces_adopt(struct spaces *spaces, uint32_t account);

/*
 * Takes all records and reads the maps of every space that is astray, or with `all` of every one
 * whose process lives. A process that ended meanwhile keeps its last state. 0 or -errno.
 */
int spaces_settle(struct spaces *spaces, bool all);

/* NULL: nothing is known of the account's address space. */
const struct space *spaces_get(const struct spaces *spaces, uint32_t account);
void spaces_forget(struct spaces *spaces, uint32_t account);

#endif
