/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address spaces of all traced processes: takes the records of bpf/mappings.bpf.c, and reads
 * /proc/PID/maps of those that are astray, until nothing changed meanwhile. Never reads memory of a
 * target.
 */
#ifndef CAPTURE_SPACES_H
#define CAPTURE_SPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/ledger.h"
#include "capture/lives.h"
#include "capture/space.h"

struct ring_buffer;

struct spaces {
	const struct sysroot *root;
	struct ledger *ledger;
	struct lives *lives;
	struct ring_buffer *ring;
	struct space *items; /* by account number */
	uint32_t records_this_turn;
	uint64_t until_ns;    /* CLOCK_MONOTONIC: when other work is due */
	uint64_t look_ns;     /* for records around one look at maps */
	uint32_t next_mended; /* the account that is looked at first */
	uint64_t taken;       /* records */
	uint64_t rereads;     /* of maps, because a space was astray */
	uint64_t corrections; /* of these, how many found something to change */
	uint64_t disowned;    /* ranges of spaces that are forgotten */
};

/* Borrows what it is given. `records_fd` is the ring of mapping records. 0 or -errno. */
int spaces_init(struct spaces *spaces, const struct sysroot *root, struct ledger *ledger,
		struct lives *lives, int records_fd);
void spaces_release(struct spaces *spaces);

/* Becomes readable when many records wait. */
int spaces_fd(const struct spaces *spaces);

/*
 * Takes records that wait, for at most `budget_ns`, but one. 0, -EAGAIN when something still waits,
 * or -errno.
 */
int spaces_consume(struct spaces *spaces, uint64_t budget_ns);

/*
 * A process that ran before tracing began; the hooks must be live. Where its mappings change all
 * the time, or `budget_ns` is not enough, spaces_mend() tries again. 0 or -errno.
 */
int spaces_adopt(struct spaces *spaces, uint32_t account, uint64_t budget_ns);

/*
 * Takes records that wait, then reads the maps of those that are astray, for at most `budget_ns`
 * and what one space takes; the others' turn comes with the next call. Forgets the spaces of those
 * whose accounts were retired. 0 or -errno.
 */
int spaces_mend(struct spaces *spaces, uint64_t budget_ns);

/*
 * Takes all records and reads the maps of every space that is astray, or with `all` of every one
 * whose process lives, however long it takes. A process that ended meanwhile keeps its last state.
 * 0 or -errno.
 */
int spaces_settle(struct spaces *spaces, bool all);

/* NULL: nothing is known of the account's address space. */
const struct space *spaces_get(const struct spaces *spaces, uint32_t account);

/* How many ranges have lost their owner, for there were too many. */
uint64_t spaces_disowned(const struct spaces *spaces);

#endif
