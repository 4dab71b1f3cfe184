/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a growth_builder keeps of the events it was given: the same facts, indexed by id. Filled by
 * growth_builder.c, read by the files that make figures of it. Private to model/.
 */
#ifndef MODEL_GROWTH_EVENTS_H
#define MODEL_GROWTH_EVENTS_H

#include "base/arena.h"
#include "base/table.h"
#include "model/estimate.h"
#include "model/growth_builder.h"
#include "model/growth_limit.h"
#include "model/growth_snapshots.h"

struct known_process {
	struct known_process *next;
	bool forgotten;             /* no event will name it any more */
	bool marked;                /* a snapshot does: for growth_forget.c alone */
	struct process_event event; /* the latest one */
	bool has_start;
	struct memory_event start;
};

struct known_stack {
	struct known_stack *next;
	bool forgotten, marked; /* as of a process */
	enum stack_origin origin;
	enum stack_end end;
	char comm[EVENT_COMM_LEN];
	uint32_t id;
	uint32_t frame_count;
	uint32_t kernel_frame_count; /* of them, the first */
	struct event_frame frames[]; /* leaf first */
};

/* One function at a place in code: what an EVENT_LINE says. */
struct known_line {
	struct known_line *next; /* inlined into this one */
	const char *name;        /* NULL of the first one */
	const char *file;
	uint32_t line;
};

struct growth_builder {
	struct arena arena;
	bool has_session, has_end;
	bool incident; /* figures are of a kill: what was frozen then counts, whoever has ended */
	struct session_event session;
	const char *degraded; /* lines; NULL: none */
	struct end_event end;
	struct table cgroups;   /* id -> struct cgroup_event at the start */
	struct host_event host; /* at the start; known is 0 where nothing was said */

	struct table processes; /* id -> struct known_process */
	struct table modules;   /* id -> struct growth_module */
	struct table stacks;    /* id -> struct known_stack */
	struct table names;     /* module, offset -> name */
	struct table lines;     /* module, offset -> the first struct known_line */

	/* in the order in which they came */
	struct known_process *first_process, **last_process;
	struct known_stack *first_stack, **last_stack;

	size_t forgotten;    /* processes and stacks that are still here */
	size_t gone;         /* processes that are not */
	bool name_all;       /* names are wanted of stacks that are gone, too */
	struct table wanted; /* module, offset of their frames -> anything */

	struct known_limits limits; /* of the cgroups around the target */

	struct growth_interval interval;
	struct snapshots snapshots;
};

/* What a cell counts: now, or at the end of its process. */
static inline void known_cell_slots(const struct known_cell *cell, bool at_end,
				    uint64_t ret_slots[KIND_COUNT])
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		ret_slots[kind] =
			estimate_add(cell->live_slots[kind], at_end ? cell->held_slots[kind] : 0);
}

static inline struct table_key id_key(uint32_t id)
{
	return (struct table_key){.major = id};
}

static inline struct table_key frame_key(uint32_t module, uint64_t offset)
{
	return (struct table_key){.major = module, .minor = offset};
}

#endif
