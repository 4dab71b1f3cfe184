/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One incident as events: what the kernel told of the kill, what the files of the cgroups show, and
 * the victims' accounts, frozen by the kill, as the ledger has them. For watch.c alone:
 *   incident.c          the events around all others, and who asked for memory
 *   incident_cause.c    what had run out, and how much of it there is
 *   incident_victims.c  who was killed
 *   incident_figures.c  the chain of cgroups, their figures and those of the host
 *   incident_candidates.c  whom the killer could have chosen
 *   incident_moments.c  the curves of the time before
 *   incident_neighbours.c  who else holds memory where it ran out
 *   incident_log.c      what is known of a kill by the kernel's log alone
 *   incident_cells.c    which stacks held the memory
 *   incident_inherited.c  and which ones of those that a victim was forked from
 *   incident_growing.c  of a warning: which stacks have grown most
 */
#ifndef CAPTURE_INCIDENT_H
#define CAPTURE_INCIDENT_H

#include "capture/cell_baseline.h"
#include "capture/incident_files.h"
#include "capture/incident_levels.h"
#include "capture/kill_cases.h"
#include "capture/kmsg_oom.h"
#include "capture/live_state.h"

struct incident {
	struct live *live;
	struct watch *watch;
	const struct kill_case *item; /* NULL: one that is told in passing */
	const struct ot_kill_record *chosen;
	const struct incident_files *files; /* NULL: there was no room to read them into */
	struct event_queue *queue;
	uint32_t processes[KILL_RECORDS_MAX];  /* ids of victims, by record */
	uint64_t anon_slots[KILL_RECORDS_MAX]; /* of their own cells */
	enum incident_scope scope;
	const struct kmsg_dump *dump;        /* what the kernel's log says of it; NULL: nothing */
	bool no_swap;                        /* the host has none */
	uint32_t labels[STACK_ORIGIN_COUNT]; /* ids of what stands for stacks; 0: not declared */
	struct event_frame trigger_frames[OT_MAX_FRAMES]; /* of the program */
};

/* "20261121T111500Z-5f3a-7": when, which boot, which of it. */
void incident_make_id(const struct watch *watch, uint64_t realtime_ns, char ret_id[64]);

/* How many kills the kernel has counted that nothing else told of. */
uint64_t incident_kills_unseen(const struct watch *watch);
/* Queues that, and what else is known to be missing. */
void incident_queue_losses(const struct live *live, struct event_queue *queue);

/* Queues the events of one case into the watch's queue. 0 or -errno. */
int incident_queue(struct live *live, const struct kill_case *item);

/* Queues what is told of a SIGKILL in passing: who was killed, where, what it had, and by whom. */
void incident_queue_brief(struct incident *incident, const struct ot_kill_sender *sender);

/* --- incident_cause.c --- */

enum incident_scope incident_find_scope(const struct incident *incident);
/* What the kernel calls totalpages, of what had run out; false: unknown. */
bool incident_find_domain(const struct incident *incident, uint64_t *ret_pages);
/* The same where all of the host had. */
bool incident_host_domain(uint64_t *ret_pages);
/* Scope, order, gfp, nodes, domain, badness. */
void incident_fill_cause(const struct incident *incident, struct incident_event *event);
/* What the log has of it, for an event whose scope is set. */
void incident_fill_logged_cause(const struct kmsg_dump *dump, struct incident_event *event);

/* --- incident_victims.c --- */

struct place;
struct pod_names;

/*
 * What the container of a process is called, and the file that tells its image, if there is one:
 * looked for with `place`, which is NULL where another victim of the same cgroup has it already.
 * Nothing where nothing is known.
 */
void incident_queue_workload(struct event_queue *queue, const struct sysroot *root,
			     uint32_t process, const struct place *place,
			     const struct pod_names *names);

void incident_queue_victims(struct incident *incident);
/* Returns the id of its process. */
uint32_t incident_queue_victim(const struct incident *incident, const struct ot_kill_record *record,
			       enum victim_role role);

/* --- incident_figures.c --- */

void incident_queue_levels(const struct incident *incident);

/* The figures that the kernel's log has of the cgroup that fired; false: it has none. */
bool incident_queue_log_figures(struct event_queue *queue, const struct kmsg_dump *dump,
				uint32_t level);

/* --- incident_log.c --- */

/*
 * An incident of which the kernel's log alone has told: its kill and those of its group, which
 * follow it among the kills that wait. How many these are.
 */
uint32_t incident_queue_logged(struct live *live);

/* --- incident_candidates.c --- */

/* The table of the kernel's log; `domain_pages` is totalpages, 0: unknown, so nobody is rated. */
void incident_queue_tasks(struct event_queue *queue, const struct kmsg_dump *dump,
			  uint64_t domain_pages);
void incident_queue_candidates(const struct incident *incident);

/* --- incident_moments.c --- */

void incident_queue_moments(const struct incident *incident);
/* Of somebody else, who has been declared as `process`. */
void incident_queue_moments_of(const struct incident *incident, const struct ot_account *account,
			       uint32_t process);

/* --- incident_neighbours.c --- */

/* Who else holds memory where the limit was hit. */
void incident_queue_neighbours(const struct incident *incident);

/* Declares whoever has an account as a process. Returns its id. */
uint32_t incident_queue_account(const struct incident *incident, uint32_t number);

/* --- incident_cells.c --- */

/* 0 or -errno. */
int incident_queue_cells(struct incident *incident);

/* Declares the stack of a cell where that is new in this incident, and returns its id. */
uint32_t incident_queue_stack(struct incident *incident, uint32_t cell);

/* The victim that an account is of; those that share an mm share its account. 0: of none. */
uint32_t incident_process_of(const struct incident *incident, uint32_t account);

/* --- incident_early.c --- */

/* Which stacks of a victim held most when it was small, if that was seen. */
void incident_queue_early(struct incident *incident, const struct ot_kill_record *record,
			  uint32_t process);

/* --- incident_inherited.c --- */

/*
 * The account of whom a victim has pages since a fork, should it have any left; 0: of nobody who
 * is known.
 */
uint32_t incident_author_of(const struct incident *incident, const struct ot_kill_record *record);

/* Queues whose stacks these pages are of. */
void incident_queue_inherited(struct incident *incident);

/* --- incident_growing.c --- */

#define GROWING_STACKS 8
/* That the events of these may take in a trace file; what would take more is left out. */
#define GROWING_BYTES 40960

/* Less than that in seconds says little of what grows: the minutes are asked. */
#define GROWING_SLOTS 4

struct growing {
	enum baseline_age age;          /* since when */
	uint32_t cells[GROWING_STACKS]; /* what grew most comes first */
	uint64_t slots[GROWING_STACKS];
	uint32_t count;
	uint64_t all_slots; /* of all stacks that grew */
	uint32_t all_count;
};

struct growing_told {
	size_t left_bytes;
	uint32_t processes[GROWING_STACKS], stacks[GROWING_STACKS]; /* 0: it is left out */
};

/* Of whoever is in that cgroup or below it; NULL: of the host. */
void incident_find_growing(const struct incident *incident, const struct known_cgroup *above,
			   struct growing *ret_growing);
/* The figures are of now. */
void incident_queue_growing(struct incident *incident, const struct growing *growing,
			    uint64_t now_ns);

#endif
