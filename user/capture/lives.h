/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lives: what the recorder knows of the process behind each account, while the account is in use.
 * An account number is used again after its process is gone; a life's id never is.
 */
#ifndef CAPTURE_LIVES_H
#define CAPTURE_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/store.h"
#include "capture/event_queue.h"
#include "capture/ledger.h"
#include "capture/mappings.h"
#include "capture/target.h"
#include "capture/unwind_follow.h"

struct life {
	uint32_t id; /* of this session; 0: the account is not in use */
	uint64_t mm_life;
	struct process_event process;
	char *exe;  /* NULL: unknown; process.exe points to it */
	char *argv; /* words with their NULs; NULL: unknown, or not asked for */
	uint32_t argv_bytes;
	bool argv_cut;
	struct mappings mappings;
	struct ot_code_area *told; /* what the walk saw mapped, since mappings were read; or NULL */
	uint32_t told_count;
	uint32_t foreign_tid;    /* this thread maps something else since an exec; 0: none */
	uint64_t reread_cost_ns; /* what reading the mappings took last time */
	bool hidden;             /* CMD before it became itself */
	bool announced;          /* the process event was queued */
	bool adopted;            /* what it had before it was traced */
	bool code_missing;       /* something of its code is not yet where stacks are walked by */
	bool code_stale;         /* and its mappings are to be read before */
	bool code_without_room;  /* rows of some of it found none */
};

struct lives {
	struct store *store; /* of what is kept of each; NULL: malloc()'s */
	const struct sysroot *root;
	const struct programs *programs;
	struct ledger *ledger;
	struct modules *modules;
	struct event_queue *queue;
	struct unwind_follow *follow; /* NULL: stacks are not walked by unwind rows */
	bool publish_due;             /* somebody's code is missing since the last look */
	uint32_t *missing;            /* accounts whose code is missing, or was */
	uint32_t missing_count;
	bool *is_listed;    /* by account: it is among them */
	struct life *items; /* by account number */
	uint32_t last_id;
	/*
	 * Called before what an account has mapped is forgotten for other code at the same
	 * addresses: stacks that wait for rows went through what was there. NULL: nobody waits.
	 */
	void (*before_other_code)(void *context, uint32_t account);
	void *context;
	const struct targets *targets; /* named by the user; NULL: nobody */
	bool keep_argv;                /* for a process that may be killed any moment */
	struct lives_fork *forks;      /* the last LIVES_FORKS forks, a ring */
	uint32_t next_fork;
};

/* Bytes of a command line that are kept. */
#define LIVES_ARGV_MAX 4096

/* Forks remembered for children that are gone before /proc is asked about them. */
#define LIVES_FORKS 1024

/* `lives` keeps the pointers; the store may be NULL. 0 or -ENOMEM. */
int lives_init(struct lives *lives, struct store *store, const struct sysroot *root,
	       const struct programs *programs, struct ledger *ledger, struct modules *modules,
	       struct event_queue *queue);
void lives_release(struct lives *lives);

/* The life of an account, looked up in /proc when it is new. NULL: the account is not in use. */
struct life *lives_get(struct lives *lives, uint32_t account);

/* Of a life that is known already; NULL otherwise. */
struct life *lives_known(struct lives *lives, uint32_t account);

/* Queues the process event if it has not been, or when `again`. */
void lives_announce(struct lives *lives, struct life *life, bool again);

/* Remembers a fork: the child runs its parent's code until it executes something else. */
void lives_forked(struct lives *lives, uint32_t child_pid, uint32_t parent_pid);

/* A stack went through code that the walk did not know: tells it what is mapped by now. */
void lives_code_missing(struct lives *lives, uint32_t account);

/*
 * What the walk saw mapped that it was not told of: the mappings of the process, should it be gone
 * before they are read, and the names of the stacks that follow, should it be other code than was
 * known there. 0, -EBADMSG or -ENOMEM.
 */
int lives_code_told(struct lives *lives, const struct ot_code_record *record, size_t bytes);

/*
 * Tells the walk of all code that was missing. `now`: mappings are read even if they were a moment
 * ago. Rows may have to be made first, and records are taken while that lasts: never called from
 * where they are taken.
 */
void lives_publish_missing(struct lives *lives, bool now);

/*
 * Walks a stack that was kept as bytes. -EAGAIN when rows of the process's code may still come,
 * unless `now`; -ENOENT when nothing is known of the process.
 */
int lives_walk(struct lives *lives, uint32_t account, const struct ot_stack_bytes_record *bytes,
	       bool now, struct unwinder_stack *ret_stack);

/*
 * A process replaced its image: its new mappings are best read at once. True when somebody else
 * still uses the old one: a scan will say who.
 */
bool lives_executed(struct lives *lives, uint32_t pid);

/* Is what /proc shows of the account's user_tid the account's mm? Ask before and after reading. */
bool lives_may_read(const struct lives *lives, uint32_t account);

/* Is the account's mm gone? As of the last scan. */
bool lives_ended(const struct lives *lives, uint32_t account);

/* Is this the process's present life, and not one that an exec has ended? */
bool lives_is_latest(const struct lives *lives, uint32_t account);

/* Forgets the life of an account that is being retired. */
void lives_forget(struct lives *lives, uint32_t account);

/*
 * Turns addresses, leaf first, into frames. Reads the process's mappings again when an address is
 * new to it, but not all the time. What stays unknown keeps its address.
 */
void lives_resolve(struct lives *lives, uint32_t account, const __u64 *addresses, uint32_t count,
		   struct event_frame *ret_frames);
/* The same by what is known of its mappings, whatever is mapped by now. */
void lives_resolve_known(struct lives *lives, uint32_t account, const __u64 *addresses,
			 uint32_t count, struct event_frame *ret_frames);

#endif
