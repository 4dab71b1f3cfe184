/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an incident_builder keeps: events as they came, by type, with copies of their strings; and
 * the draft that the files of incident_*.c fill in, one after the other. Private to model/.
 */
#ifndef MODEL_INCIDENT_EVENTS_H
#define MODEL_INCIDENT_EVENTS_H

#include "base/arena.h"
#include "base/table.h"
#include "model/frame_names.h"
#include "model/incident_builder.h"

struct kept_event {
	struct kept_event *next;         /* of its type */
	struct kept_event *next_of_same; /* of its type and process */
	struct event event;
};

struct kept_list {
	struct kept_event *first, **last;
	size_t count;
};

struct incident_builder {
	struct arena arena;
	struct growth_builder *growth;
	struct kept_list lists[EVENT_TYPE_END]; /* of the types that are an incident's */
	struct table of_process;                /* type, process id -> struct kept_of_process */
	struct table by_pid;                    /* pid -> its latest kept process event */
	bool complete;
};

struct kept_of_process {
	struct kept_event *first, *last;
	size_t count;
};

/* What is kept of this type about a process. NULL: nothing. */
static inline const struct kept_of_process *kept_of(const struct incident_builder *builder,
						    enum event_type type, uint32_t process)
{
	return table_get(&builder->of_process, (struct table_key){.major = type, .minor = process});
}

struct incident_owned {
	struct incident incident; /* first: incident_free() finds the rest from it */
	struct arena arena;
	struct growth *growth;
	struct table processes;   /* id -> struct growth_process of `growth` */
	struct table victims;     /* process id -> struct incident_victim */
	struct table victim_pids; /* the same by pid */
};

struct incident_draft {
	const struct incident_builder *builder;
	struct incident_owned *owned;
	struct frame_namer namer;
};

static inline const struct kept_event *kept_first(const struct incident_draft *draft,
						  enum event_type type)
{
	return draft->builder->lists[type].first;
}

static inline size_t kept_count(const struct incident_draft *draft, enum event_type type)
{
	return draft->builder->lists[type].count;
}

/* The parents of a process, as they are told. 0 or -ENOMEM. */
int incident_ancestors_make(struct incident_draft *draft, uint32_t process,
			    const struct incident_ancestor **ret_ancestors, size_t *ret_count);

/* The latest of a process's own events; NULL: nobody has declared it. */
const struct process_event *incident_process_event(const struct incident_draft *draft, uint32_t id);

/* Each fills in its members of the incident. 0 or -ENOMEM. */
int incident_victims_make(struct incident_draft *draft);
int incident_sender_make(struct incident_draft *draft);
int incident_stacks_make(struct incident_draft *draft);
int incident_timeline_make(struct incident_draft *draft);
int incident_warnings_make(struct incident_draft *draft);   /* after the levels */
int incident_early_make(struct incident_draft *draft);      /* after victims and stacks */
int incident_growing_make(struct incident_draft *draft);    /* after the stacks */
int incident_candidates_make(struct incident_draft *draft); /* after the timeline */
int incident_account_make(struct incident_draft *draft);    /* after victims and levels */

/* Of victims and others, each: more of them do not help anybody. */
#define INCIDENT_ANON_TERMS_MAX 16

/* Fills in so many terms at most, after victims and candidates; returns how many. */
size_t incident_anon_terms(struct incident_draft *draft, struct incident_term *terms);

#endif
