/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills that belong together: records of SIGKILLs and of the OOM killer's marks, as they come out
 * of the ring, become cases, one for each time the kernel ran out of memory. Room for all of it is
 * taken at the start; knows nothing of maps, files or events. Called by watch.c.
 */
#ifndef CAPTURE_KILL_CASES_H
#define CAPTURE_KILL_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/oomtrace.h"
#include "capture/event.h"

/* Records that are kept at once, and cases that are open at once. */
#define KILL_RECORDS_MAX 256
#define KILL_CASES_MAX 256
/* Kills for which a line of the kernel's log is expected. */
#define KILL_SEEN_MAX 1024

/*
 * How long a case waits for the next of its kills: between them the kernel writes a line to its
 * log, on a slow console too. A signal that no mark follows is forgotten after as long as that.
 */
#define KILL_QUIET_NS 50000000

/* Of those, what OOM daemons may take: theirs must not crowd out the kernel's. */
#define KILL_SENT_RECORDS_MAX 64
#define KILL_SENT_CASES_MAX 8

struct kill_case {
	uint64_t time_ns; /* of the first kill */
	uint64_t last_ns; /* of the latest */
	uint32_t trigger_tid;
	bool group;                          /* all of a cgroup is being killed */
	bool complete;                       /* nobody else can belong to it */
	uint32_t first, last;                /* records, linked; the one chosen comes first */
	const struct ot_kill_sender *sender; /* an OOM daemon; NULL: the kernel's OOM killer */
};

struct kill_cases {
	struct ot_kill_record *records;
	uint32_t next[KILL_RECORDS_MAX];          /* of the same case; KILL_NONE: the last */
	enum victim_role roles[KILL_RECORDS_MAX]; /* 0: free, or not marked yet */
	bool used[KILL_RECORDS_MAX];
	struct kill_case items[KILL_CASES_MAX]; /* oldest first */
	uint32_t count;
	uint32_t ready; /* the one that kill_cases_ready() has handed out */
	struct ot_kill_sender senders[KILL_SENT_CASES_MAX];
	uint32_t sent;         /* records of OOM daemons' cases */
	uint64_t sent_crowded; /* kills of OOM daemons that found no room here */
	uint64_t marks;        /* kills of the OOM killer, as its own counter counts them */
	uint64_t dying;   /* marks of processes that were ending by themselves: nobody was killed */
	uint64_t crowded; /* kills of the OOM killer that found no room here */
	uint64_t signals_crowded;     /* signals that found none, and no mark yet */
	uint64_t recovered;           /* kills that were crowded out, and told by the log */
	uint64_t told;                /* kills of the OOM killer in cases that are done */
	uint32_t seen[KILL_SEEN_MAX]; /* threads marked lately; 0: the log has told of it, too */
	uint32_t seen_next;
};

#define KILL_NONE UINT32_MAX

/* 0 or -ENOMEM. */
int kill_cases_init(struct kill_cases *cases);
void kill_cases_release(struct kill_cases *cases);

void kill_cases_add(struct kill_cases *cases, const struct ot_kill_record *record);
void kill_cases_mark(struct kill_cases *cases, const struct ot_mark_record *mark);

/* An OOM daemon's kill: those that one thread sends in quick succession are one case. */
void kill_cases_add_sent(struct kill_cases *cases, const struct ot_sigkill_record *record);

/*
 * A SIGKILL that the kernel sent and no mark has explained in time; NULL: there is none. It is
 * forgotten, and valid until the next call of any function here.
 */
const struct ot_kill_record *kill_cases_unmarked(struct kill_cases *cases, uint64_t now_ns);

/*
 * The oldest case to which nothing will be added any more; NULL when there is none. It is valid
 * until kill_cases_done(), which must come before the next. A daemon's that may still grow holds
 * none of the kernel's up.
 */
const struct kill_case *kill_cases_ready(struct kill_cases *cases, uint64_t now_ns);
void kill_cases_done(struct kill_cases *cases);

/*
 * Has the kill of this thread, which the kernel's log tells of, been marked? Once for each mark.
 * The line comes after the mark: whoever reads the log before the ring is never too early to ask.
 */
bool kill_cases_claim(struct kill_cases *cases, uint32_t tid);
/* A kill that found no room was reported all the same. */
void kill_cases_recovered(struct kill_cases *cases);

/* Kills of the OOM killer in cases that are not done yet. */
uint64_t kill_cases_untold(const struct kill_cases *cases);

/* Is anything waiting: for a mark, for more of the same, or to be taken? */
bool kill_cases_wait(const struct kill_cases *cases);
/* Is one being put together: a case that waits, or a signal since then that may be marked yet? */
bool kill_cases_gather(const struct kill_cases *cases, uint64_t since_ns);
/* One more would be crowded out: what has not been taken yet is to stay where it is. */
bool kill_cases_full(const struct kill_cases *cases);

#endif
