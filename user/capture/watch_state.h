/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a live session has in addition when it watches for kills; for live*.c and watch*.c alone.
 * What the session declares is kept for incidents; those go to whoever watches as they are made.
 */
#ifndef CAPTURE_WATCH_STATE_H
#define CAPTURE_WATCH_STATE_H

#include "capture/adopt_host.h"
#include "capture/declared.h"
#include "capture/early_stacks.h"
#include "capture/facts.h"
#include "capture/incident_files.h"
#include "capture/kill_cases.h"
#include "capture/kmsg_oom.h"
#include "capture/live_state.h"
#include "capture/warnings.h"
#include "capture/watch_curves.h"

#define WATCH_BOOT_LEN 5
/* Cases whose files are kept at once: more rarely wait. */
#define WATCH_FILES 8
/* Processes whose facts are taken at one look. */
#define FACTS_PER_LOOK 4

struct watch {
	struct kill_cases cases;
	uint64_t sigkills;      /* that no OOM explains */
	uint32_t sigkills_left; /* that are taken before anything else is looked at again */
	struct declared declared;
	struct event_queue out;
	struct event_queue brief;  /* for what is kept nowhere */
	struct ring_buffer *ring;  /* of kills; NULL: the kernel's log is all there is */
	int quiet_fd;              /* a timer: cases that wait are looked at again */
	int busy_fd;               /* an epoll of all that does not wait, records included */
	uint64_t sequence;         /* of the last incident */
	uint64_t first_oom_kills;  /* the kernel's own counter, at the start */
	uint64_t oom_kills;        /* and the last time it was read */
	bool unified;              /* the memory controller is that of cgroup v2 */
	char boot[WATCH_BOOT_LEN]; /* begin of the boot id: part of an incident's id */
	struct incident_files files[WATCH_FILES];
	int kmsg_fd; /* -errno: it cannot be read */
	struct kmsg_oom kmsg;
	struct watch_curves curves;
	struct warnings warnings;
	struct adopt_host adopting;
	struct early_stacks *early; /* by the timeline's curves, too */
	struct facts *facts;        /* by the timeline's curves */
	uint64_t held_ns; /* since when nothing is done but for kills; 0: anything may be done */
	bool yields;      /* that has lasted: others have their turn */
	uint64_t unseen;  /* kills that nothing told of, when it was last looked */
	uint64_t logged;  /* kills that the log alone has told of */
};

int watch_new(struct live *live, struct watch **ret_watch);
void watch_free(struct watch *watch);

/* Of the two rings of kills, for ring_buffer__consume(); the context is the live session. */
int watch_take_record(void *context, void *data, size_t bytes);
/* Kills of the kernel's own are looked at again before a storm of others is over. */
int watch_take_sigkill(void *context, void *data, size_t bytes);

int watch_kills_fd(const struct watch *watch);
int watch_quiet_fd(const struct watch *watch);
int watch_busy_fd(const struct watch *watch);
int watch_log_fd(const struct watch *watch); /* -1: it is not waited for */

/* What was read of files when the case was opened; NULL: others came too fast. */
const struct incident_files *watch_files(const struct watch *watch, const struct kill_case *item);

/* What was taken of a process before it was killed; NULL: nothing. */
const struct facts *watch_facts(const struct watch *watch, uint64_t life);

/* What was noted of a process while it was small; NULL: nothing. */
const struct early_stacks *watch_early(const struct watch *watch, uint64_t life);

/* Takes kills from their ring and makes the incidents that are complete. 0 or -errno. */
int watch_take(struct live *live);
/* Looks at what each process holds, when it is time to. */
void watch_look(struct live *live);
/* Notes what those do who say that they have doubled. */
void watch_look_early(struct live *live);
/* Reads the kernel's log, so that what is new at a kill is little. */
void watch_read_log(struct watch *watch);
/*
 * Whatever is not for kills has had its turn: to be called once all of it has been looked at, that
 * is at each tick of the sweep's clock.
 */
void watch_others_done(struct watch *watch);
/* Fills up what was used of the memory that is set aside for a kill. */
void watch_refill(struct live *live);
/* The same when watching ends, for kills that still wait. */
int watch_finish(struct live *live);

#endif
