/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The snapshots of a session. Events stream by, and of any number of snapshots three at most are
 * kept: the one that growth is counted from, the latest whole one, and the one being filled. Knows
 * times and figures; what they mean is for the files that make rows and accounts of them. Private
 * to model/.
 */
#ifndef MODEL_GROWTH_SNAPSHOTS_H
#define MODEL_GROWTH_SNAPSHOTS_H

#include "base/arena.h"
#include "base/table.h"
#include "model/growth_builder.h"

struct known_process;
struct known_stack;

struct known_cell {
	struct known_cell *next;
	const struct known_process *process;
	const struct known_stack *stack;
	uint64_t live_slots[KIND_COUNT];
	uint64_t held_slots[KIND_COUNT];
	uint64_t allocated_slots;
};

struct known_inherited {
	struct known_inherited *next;
	const struct known_process *process;
	const struct known_process *author; /* NULL: never declared, so long gone */
	const struct known_stack *stack;
	struct inherited_event event;
};

/* Addresses that a stack has mapped. */
struct known_reserved {
	struct known_reserved *next;
	const struct known_process *process;
	const struct known_stack *stack;
	uint64_t bytes;
};

struct known_mappings {
	struct mappings_event by_kind[MAPPING_KIND_COUNT]; /* all zero: none */
};

struct known_file;

struct known_loss {
	struct known_loss *next;
	struct lost_event event;
};

/* The figures of one moment, in the order in which they came. */
struct known_snapshot {
	struct arena arena;
	bool timed; /* false: figures that no snapshot event came before */
	uint64_t time_ns;
	uint64_t before_ns;    /* when the one before it was taken; 0: none was */
	bool last;             /* of the session's end */
	struct table memories; /* process id -> struct memory_event */
	struct table mappings; /* process id -> struct known_mappings */
	struct known_cell *first_cell, **last_cell;
	struct known_inherited *first_inherited, **last_inherited;
	struct known_reserved *first_reserved, **last_reserved;
	struct known_loss *first_loss, **last_loss;
	struct table cgroups; /* id -> struct cgroup_event */
	struct table members; /* process id -> struct member_event */
	uint64_t stack_ends[STACK_END_COUNT];
	struct known_file *files; /* the last one first */
	struct host_event host;   /* known is 0 where nothing was said */
};

/* {0} has none, and no limits: the last snapshot is what counts. */
struct snapshots {
	bool has_from, has_to;
	int64_t from_ns, to_ns; /* since the session began; it may have begun later */
	bool keep_previous;     /* `from` is the one before `whole` */
	struct known_snapshot *from, *whole, *filling;
	bool past_to; /* whatever else comes is later than what was asked for */
	struct growth_snapshots seen;
};

void snapshots_release(struct snapshots *snapshots);

/* Closes the one being filled and opens another. 0, -ENOMEM, or -EBADMSG when time runs back. */
int snapshots_open(struct snapshots *snapshots, const struct snapshot_event *event);

/* The one being filled, if there is one, is whole. */
void snapshots_close(struct snapshots *snapshots);

/* The one to fill, an untimed one where none is open. NULL when memory has run out. */
struct known_snapshot *snapshots_filling(struct snapshots *snapshots);

/*
 * The snapshot to show and the one to count from (NULL: none was asked for). What was cut short
 * counts only where nothing whole came before it. 0, or -ERANGE when there is none at or before
 * the times asked for, or just the same one for both.
 */
int snapshots_pick(const struct snapshots *snapshots, const struct known_snapshot **ret_to,
		   const struct known_snapshot **ret_from);

/* The one before the last whole one. NULL: none, or not kept. */
const struct known_snapshot *snapshots_previous(const struct snapshots *snapshots);

/* What the kernel said about a process at that moment. NULL: nothing. */
const struct memory_event *snapshot_memory(const struct known_snapshot *snapshot,
					   uint32_t process_id);

/* What it had mapped then, by kind. NULL: unknown. */
const struct known_mappings *snapshot_mappings(const struct known_snapshot *snapshot,
					       uint32_t process_id);

#endif
