/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An incident, finished: who was killed for memory, why, what filled the memory, and how it got
 * there. Everything here is const and in bytes when a renderer sees it. Made by incident_builder.h
 * from trace events alone, so the same on the host of the kill and on any other machine. What is
 * not known is absent: a bit that is not set, a NULL, an empty list; never a zero that means it.
 */
#ifndef MODEL_INCIDENT_H
#define MODEL_INCIDENT_H

#include "capture/container.h"
#include "model/crash_loop.h"
#include "model/growth.h"
#include "model/verdict.h"

struct incident_ancestor {
	uint32_t pid;
	const char *comm;
};

/* Mappings of one name, as they were some time before the kill. */
struct incident_mapping {
	const char *kind; /* mapping_kind_name(); NULL: all that are not told by name */
	const char *name; /* hostile bytes; NULL: the kind says it */
	uint32_t count;
	uint64_t bytes;
};

struct incident_victim {
	struct victim_event kill; /* its strings are those of the model */
	uint32_t pid;
	uint64_t start_ns;        /* CLOCK_BOOTTIME */
	const char *comm;         /* hostile bytes, as are all names here */
	const char *exe;          /* NULL: unknown */
	const char *const *words; /* of its command line */
	size_t word_count;
	bool words_cut; /* the last of them is not whole, or others are missing */
	const struct incident_ancestor *ancestors; /* the parent first */
	size_t ancestor_count;
	struct place place;                      /* by its cgroup's path */
	const struct workload_event *names;      /* NULL: nothing that is in it is known */
	const char *image;                       /* of its container; NULL: unknown */
	const struct growth_process *process;    /* what the ledger says of it; NULL: nothing */
	const struct incident_mapping *mappings; /* largest first; what is not told is last */
	size_t mapping_count;
	uint64_t mappings_before_ns; /* how long before the kill they were looked at */
};

/* Who sent the SIGKILL; for one of the kernel's own, who was running then. */
struct incident_sender {
	struct sender_event event;
	uint32_t pid;
	const char *comm;
	const char *exe;                           /* NULL: unknown */
	const struct incident_ancestor *ancestors; /* the parent first */
	size_t ancestor_count;
	struct place place; /* by its cgroup's path */
};

/* What the one that was chosen held when it was small. */
struct incident_early {
	uint64_t before_ns;            /* the kill */
	uint64_t held_bytes;           /* anon and shmem, of all its stacks */
	const struct growth_row *rows; /* its largest stacks then, the most first */
	size_t row_count;              /* 0: it was not seen so small */
};

struct incident_stack {
	const char *const *frames; /* root first */
	uint32_t frame_count;      /* 0: there is none */
};

struct incident_trigger {
	struct incident_stack user, kernel;
};

enum account_source {
	ACCOUNT_RSS,    /* the kernel's counters of the process */
	ACCOUNT_LEDGER, /* the timeline's last moment of the process */
	ACCOUNT_STAT,   /* memory.stat of the cgroup */
	ACCOUNT_HOST,   /* /proc/meminfo */
	ACCOUNT_REST,   /* what is left when the others are subtracted */
	ACCOUNT_SOURCE_COUNT,
};

/* One line of what fills the limit: all of them add up to it, by construction. */
struct incident_term {
	const char *key;          /* "anon", "page_cache", "unexplained": stable */
	uint32_t pid;             /* whose; 0: of all, or of all others */
	const char *comm;         /* with a pid */
	int64_t bytes;            /* negative only in "unexplained" */
	uint64_t inherited_bytes; /* of a victim's, not in `bytes`, but in its author's term */
	enum account_source source;
	enum taken_when when;
};

/* The memory of the level that fired (the host, where none did), accounted to its limit. */
struct incident_account {
	bool known;
	const struct level_event *level; /* NULL: the host */
	uint64_t limit_bytes;            /* what the terms add up to */
	const struct incident_term *terms;
	size_t term_count;
};

/* Growth of the chosen victim, or of the level where nothing is known about the victim alone. */
struct incident_growth {
	bool known;
	bool of_level; /* usage of the cgroup, not resident memory of the victim */
	int64_t bytes; /* over span_ns, to the last moment before the kill */
	uint64_t span_ns;
	int64_t recent_bytes; /* over the last recent_ns of it: what fits into ten seconds */
	uint64_t recent_ns;
};

/* How long tasks waited for memory before the kill, as the kernel's pressure files tell it. */
struct incident_stall {
	bool known;
	bool of_host;              /* not of the cgroup that fired, or of the victim's own */
	uint64_t some_us, full_us; /* one of them at least, and all of them */
	uint64_t span_ns;          /* from the first to the last moment that tells */
};

/* Somebody else in the same cgroup. */
struct incident_holder {
	struct candidate_event candidate;
	bool growth_known;
	int64_t growth_bytes; /* over growth_ns, as the timeline has it */
	uint64_t growth_ns;
};

/* That a limit of the victim's cgroups, or the host's, had been filled so far was told before. */
struct incident_warning {
	uint64_t before_ns;
	uint32_t percent;
	const struct level_event *level; /* NULL: the host */
	uint64_t held_bytes, limit_bytes;
	bool forecast_known;            /* what could be said then, by the points that are kept */
	struct trend_forecast forecast; /* from then on, until the limit is met */
};

/* Of a warning: a stack that holds more than some time before. */
struct incident_growing {
	const struct growth_row *row; /* its bytes are held now */
	int64_t grown_bytes;
	uint64_t error_bytes; /* 95 % bound of grown_bytes */
};

struct incident {
	struct incident_event event;
	const struct incident_victim *victims; /* the chosen one first */
	size_t victim_count;
	const struct incident_sender *sender;   /* NULL: the OOM killer */
	const struct warning_event *warning;    /* NULL: it is none; the limit is that of `held` */
	const struct incident_growing *growing; /* of a warning: what grew most first */
	size_t growing_count;
	uint64_t grown_ns;    /* in so long; 0: it was not looked at */
	uint64_t grown_bytes; /* by all stacks that grew, also those that are not told */
	struct incident_trigger trigger;
	const struct level_event *levels; /* the victim's own first, the root last */
	size_t level_count;
	const struct level_event *fired; /* NULL: none is known to */
	const struct figure_event *figures;
	size_t figure_count;
	struct incident_account account;
	const struct incident_holder *candidates; /* most memory first */
	size_t candidate_count;
	const struct moment_event *moments; /* oldest first */
	size_t moment_count;
	const struct incident_warning *warnings; /* before the kill, oldest first */
	size_t warning_count;
	struct incident_growth growth_rate;
	struct incident_stall stall;
	struct incident_growth level_growth; /* of what fired, or of the victim's own cgroup */
	struct growth held;                  /* the victims' stacks: as a growth, for any format */
	const struct growth_row *other;      /* those of everybody else in the file */
	size_t other_count;
	bool complete; /* the end is there */
	struct incident_early early;
	struct crash_loop loop;
	struct verdict verdict;
};

/* One that is told in passing has no number: who was killed by whom, or which limit is near. */
bool incident_is_brief(const struct incident *incident);

/* Name of the chosen victim's process; "?" where nobody is known to have been killed. */
const char *incident_comm(const struct incident *incident);

/* By the id of its events. NULL: nobody has declared it. */
const struct growth_process *incident_process(const struct incident *incident, uint32_t id);

/* The kernel's anonymous RSS of a victim less what the ledger says of it; both must be known. */
int64_t incident_unexplained_anon(const struct incident_victim *victim);

/*
 * Anonymous memory that a victim had since it was forked, by somebody else's stacks: its curve,
 * which is of its own pages, does not have it. 0: nothing is known.
 */
uint64_t incident_inherited_bytes(const struct incident_victim *victim);

/* Resident memory of all kinds, at a moment that knows it. */
uint64_t moment_rss_bytes(const struct moment_event *moment);

void incident_free(struct incident *incident);
DEFINE_CLEANUP(struct incident *, incident_free)

#endif
