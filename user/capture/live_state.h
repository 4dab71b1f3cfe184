/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A live session from the inside, shared by the files live_*.c and by nobody else:
 *   live_open.c     everything a session needs, in the order in which it is needed, and its release
 *   live_targets.c  whom it traces, and what they had before
 *   live_unwind.c   what the walking of stacks by unwind rows needs
 *   live_records.c  what comes out of the ring buffer
 *   live_session.c  the events that frame a session: its beginning, snapshots, its end
 *   live.c          waiting for what happens next, and the source that hands events out
 */
#ifndef CAPTURE_LIVE_STATE_H
#define CAPTURE_LIVE_STATE_H

#include <signal.h>

#include "capture/cgroup.h"
#include "capture/cgroups.h"
#include "capture/limits.h"
#include "capture/live.h"
#include "capture/snapshot.h"
#include "capture/sweep.h"
#include "capture/target.h"
#include "capture/unwinding.h"

struct ring_buffer;
struct watch;

struct live {
	struct source source; /* first: a source is a live */
	struct live_options options;
	struct sysroot root;
	struct physical physical;
	struct programs *programs;
	struct ledger ledger;
	struct store *store; /* of what is kept of records; NULL: nothing is set aside for kills */
	struct modules *modules;
	struct unwinding *unwinding;           /* NULL: stacks are walked by frame pointers */
	struct kernel_symbols *kernel_symbols; /* NULL: kernel stacks are not taken */
	struct lives lives;
	struct stacks stacks;
	struct limits limits;   /* of the cgroups around the target; none of a whole host */
	struct cgroups cgroups; /* of a whole host or a cgroup */
	struct spaces spaces;   /* of targets, where mappings are followed */
	struct snapshot_labels labels;
	struct sweep_due sweep_due;
	struct event_queue queue;
	struct watch *watch; /* NULL: what comes out is the session, not incidents */
	struct ring_buffer *ring;
	uint64_t taken[OT_RECORD_TYPES]; /* records, of all rings that are read here */
	uint64_t ring_until_ns;
	bool ring_is_behind;
	bool lives_ended; /* since the last sweep */
	bool at_kill;     /* a kill has been told of: what is not for its incident waits */
	bool scan_due;    /* for what they told of; so is a look for new cgroups */
	bool cgroup_due, mover_due;
	bool has_news;        /* records were taken since the sweep's clock last ticked */
	uint32_t quiet_ticks; /* of that clock without a record; it goes slower then */
	struct targets targets;
	struct cgroup cgroup; /* the chosen one; none: fd is -1 */
	bool adopted_first;   /* what was there when the session began */
	bool somebody_joined; /* since, and is to be adopted */
	int signal_fd, duration_fd, sweep_fd, snapshot_fd;
	struct live_onlooker onlooker;
	sigset_t old_mask;
	uint64_t start_ns;
	uint32_t handed_out; /* events since the ring was looked at */
	int adopt_error;
	bool interrupted; /* by a key, and the command with it: its end is waited for */
	bool finished;
	bool waited;
	bool is_held_against; /* seen_begin() was called */
	int exit_status;
	int error;
};

/* Between two sweeps, while there are records. */
#define SWEEP_INTERVAL_NS 100000000

static inline struct live *live_of(const struct source *source)
{
	return (struct live *)source;
}

/* --- live_targets.c --- */

/* Finds or starts those who are traced. 0, or -errno with *ret_failure. */
int live_find_targets(struct live *live, struct failure *ret_failure);
/* By what the kernel side chooses others. */
struct programs_rule live_rule(const struct live *live);
bool live_has_rule(const struct live *live);
/* Before the programs are attached. 0 or -errno. */
int live_add_targets(struct live *live);
/*
 * Enters into the ledger what each process held that became a target a moment ago, and notes it as
 * the kernel sees it. 0 or -errno.
 */
int live_adopt(struct live *live);
/* The same when the programs have just been attached. 0, or -errno with *ret_failure. */
int live_adopt_first(struct live *live, struct failure *ret_failure);

/* NULL where cgroups are not told apart. */
static inline struct cgroups *live_cgroups(struct live *live)
{
	return live->options.all || live->options.cgroup ? &live->cgroups : NULL;
}

/* --- live_unwind.c --- */

/* What walking stacks by unwind rows needs. 0 or -errno. */
int live_open_unwinding(struct live *live);
/* Before the programs are attached: has the rows ready that will be asked for first. */
void live_load_code(struct live *live);

/* --- live_records.c --- */

/* How long records are taken before anything else is looked at, and at the end. */
#define RING_BUDGET_NS 50000000
#define RING_FINAL_BUDGET_NS 2000000000
/* While a kill may be waiting. */
#define RING_WATCH_BUDGET_NS 5000000
/* A record handler's way to say: not now. */
#define RING_LATER (-EAGAIN)

/* Opens the ring of loaded programs. 0 or -errno. */
int live_open_ring(struct live *live);
/* Does what had to wait when records were taken for an incident. 0 or -errno. */
int live_catch_up(struct live *live);
/* Takes what waits, for at most `budget_ns`. 0, RING_LATER when something still waits, or -errno.
 */
int live_take_records(struct live *live, uint64_t budget_ns);

/* --- live_session.c --- */

uint64_t live_elapsed_ns(const struct live *live);
void live_queue_session(const struct live *live, struct event_queue *queue);
/* Queues the state of the ledger; `last`: with all that is looked at only once. 0 or -errno. */
int live_take_snapshot(struct live *live, uint64_t time_ns, bool last);
/* Takes the last snapshot, detaches, and queues the end. 0 or -errno. */
int live_finish(struct live *live, enum end_reason reason);

/* --- live.c --- */

int live_next(struct source *source, struct event *ret_event);

#endif
