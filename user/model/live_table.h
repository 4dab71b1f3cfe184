/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What moves: the rows of a live view, from successive growths. Remembers of each process, cgroup
 * and stack how fast it grew and, of the first two, how much they held at the last snapshots;
 * forgets those that are in a growth no more. Pure: no terminal, no clock. Used by the recording
 * command.
 */
#ifndef MODEL_LIVE_TABLE_H
#define MODEL_LIVE_TABLE_H

#include "model/growth.h"
#include "model/live_limits.h"

/* Snapshots that the past of a process or cgroup reaches back. */
#define LIVE_HISTORY 16

/* What rates are smoothed over: sampling is coarse where snapshots are close. */
#define LIVE_RATE_SECONDS 5

enum live_order {
	LIVE_BY_RATE,
	LIVE_BY_BYTES,
	LIVE_BY_CHANGE,
	LIVE_ORDER_COUNT,
};

/* A process, a cgroup with all below it, or one stack of a process. */
struct live_row {
	uint64_t key;                         /* of the process or cgroup, from one snapshot on */
	const struct growth_process *process; /* NULL: a cgroup */
	const struct growth_cgroup *cgroup;   /* NULL: none */
	const struct growth_row *stack;       /* NULL: all stacks together */
	const struct live_limit *limit;       /* the nearest; NULL: none, or a stack */
	int64_t bytes;
	int64_t change_bytes;          /* since the snapshot before */
	double rate_bytes;             /* a second, smoothed; 0 before there are two snapshots */
	const uint64_t *history_bytes; /* what it held, oldest first; not of stacks */
	size_t history_count;
};

struct live_table;

int live_table_new(struct live_table **ret_table);
void live_table_free(struct live_table *table);
DEFINE_CLEANUP(struct live_table *, live_table_free)

/*
 * Takes the figures of another snapshot, made with growth_options.since_previous. They are borrowed
 * until the next call. 0, or -ENOMEM: then there are no rows.
 */
int live_table_update(struct live_table *table, const struct growth *growth);

/* The same snapshot once more, now that more of it has names. */
int live_table_replace(struct live_table *table, const struct growth *growth);

/* The growth that was given last. NULL: none yet. */
const struct growth *live_table_growth(const struct live_table *table);

/* Rows, in order. Borrowed until the next call to any of these. */
struct live_rows {
	const struct live_row *row;
	size_t count;
};

struct live_rows live_table_processes(struct live_table *table, enum live_order order);

/* What they hold that cannot be reclaimed. None where the recording has no cgroups. */
struct live_rows live_table_cgroups(struct live_table *table, enum live_order order);

/* Of a process, or of all processes of a cgroup and below it. */
enum live_owner { LIVE_OF_ALL, LIVE_OF_PROCESS, LIVE_OF_CGROUP };

struct live_rows live_table_stacks(struct live_table *table, enum live_owner owner, uint64_t key,
				   enum live_order order);

/* The nearest limit of all processes that are targets, if it is one and the same. NULL: none. */
const struct live_limit *live_table_limit(const struct live_table *table);

/* "rate", "bytes", "change" */
const char *live_order_name(enum live_order order);

#endif
