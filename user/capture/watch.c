// SPDX-License-Identifier: GPL-2.0-or-later
/* Kills are taken from their ring, or from the kernel's log, and become incidents. */
#include "capture/watch.h"

#include <string.h>

#include <bpf/libbpf.h>

#include "base/clock.h"
#include "capture/incident.h"
#include "capture/kmsg.h"
#include "capture/recorder.h"
#include "capture/vmstat.h"
#include "capture/sigkill.h"
#include "capture/watch_state.h"

/* Of others than the OOM killer: a few milliseconds' work. */
#define SIGKILLS_AT_ONCE 16
/* How long kills may keep everything else waiting. */
#define HOLD_MAX_NS 500000000
/* Files that nobody has seen before: room for so many is made ahead. */
#define MODULES_AT_ONCE 256
/* How long after it was counted a kill may be marked. */
#define MARK_LATE_NS 2000000

int watch_take_record(void *context, void *data, size_t bytes)
{
	struct live *live = context;
	struct watch *watch = live->watch;
	uint32_t type = 0;

	if (bytes >= sizeof(type))
		memcpy(&type, data, sizeof(type));
	if (type == OT_RECORD_KILL && bytes >= sizeof(struct ot_kill_record))
		kill_cases_add(&watch->cases, data);
	else if (type == OT_RECORD_MARK && bytes >= sizeof(struct ot_mark_record))
		kill_cases_mark(&watch->cases, data);
	if (type < OT_RECORD_TYPES)
		live->taken[type]++;
	/* the ring has room for more of them than we have */
	return kill_cases_full(&watch->cases) ? RING_LATER : 0;
}

int watch_take_sigkill(void *context, void *data, size_t bytes)
{
	struct live *live = context;

	if (bytes >= sizeof(struct ot_sigkill_record))
		sigkill_take(live, data);
	live->taken[OT_RECORD_SIGKILL]++;
	return live->watch->sigkills_left-- > 1 ? 0 : RING_LATER;
}

int watch_kills_fd(const struct watch *watch)
{
	return watch->ring ? ring_buffer__epoll_fd(watch->ring) : -1;
}

int watch_log_fd(const struct watch *watch)
{
	return watch->ring ? -1 : watch->kmsg_fd;
}

int watch_quiet_fd(const struct watch *watch)
{
	return watch->quiet_fd;
}

int watch_busy_fd(const struct watch *watch)
{
	return watch->busy_fd;
}

void watch_read_log(struct watch *watch)
{
	kmsg_read(watch->kmsg_fd, &watch->kmsg);
}

/* Looks again when what waits has been quiet for long enough, or is not going to be marked. */
static int wait_for_quiet(struct watch *watch)
{
	uint64_t since_ns = clock_monotonic_ns() - MARK_LATE_NS;
	bool for_mark = !watch->cases.count && kill_cases_gather(&watch->cases, since_ns);
	uint64_t wait_ns = for_mark ? MARK_LATE_NS : KILL_QUIET_NS;

	return clock_set_timer(watch->quiet_fd, wait_ns, 0) ? -errno : 0;
}

const struct incident_files *watch_files(const struct watch *watch, const struct kill_case *item)
{
	for (int i = 0; i < WATCH_FILES; i++)
		if (watch->files[i].time_ns == item->time_ns)
			return &watch->files[i];
	return NULL;
}

static struct incident_files *free_files(struct watch *watch)
{
	for (int i = 0; i < WATCH_FILES; i++)
		if (!watch->files[i].time_ns)
			return &watch->files[i];
	return NULL;
}

/*
 * Reads the files of a case at once, though it may have to wait for more of its kills: in some
 * milliseconds the memory goes. Where more cases wait than there is room for, the later ones have
 * their turn when an earlier one is done; what is read then says that it was read after the kill.
 */
static void look(struct live *live)
{
	struct watch *watch = live->watch;

	for (uint32_t i = 0; i < watch->cases.count; i++) {
		const struct kill_case *item = &watch->cases.items[i];
		const struct ot_kill_record *record = &watch->cases.records[item->first];
		struct incident_files *files;

		if (watch_files(watch, item))
			continue;
		files = free_files(watch);
		if (!files)
			return;
		incident_files_read(files, &live->root, record, incident_level_fired(record));
	}
}

static void let_go_of_files(struct watch *watch, const struct kill_case *item)
{
	for (int i = 0; i < WATCH_FILES; i++)
		if (watch->files[i].time_ns == item->time_ns)
			watch->files[i].time_ns = 0;
}

/* 0, also where some records are left for later, or -errno. */
static int consume(struct watch *watch)
{
	int taken;

	/* not one more: a case that waits for others of its own keeps all that come after it
	 * waiting */
	if (kill_cases_full(&watch->cases))
		return 0;
	watch->sigkills_left = SIGKILLS_AT_ONCE;
	taken = ring_buffer__consume(watch->ring);
	return taken < 0 && taken != RING_LATER ? taken : 0;
}

static int queue_ready(struct live *live, uint64_t now_ns)
{
	struct watch *watch = live->watch;
	const struct ot_kill_record *record;
	const struct kill_case *item;

	while ((record = kill_cases_unmarked(&watch->cases, now_ns)))
		if (live->options.sigkills)
			sigkill_take_unmarked(live, record);

	while ((item = kill_cases_ready(&watch->cases, now_ns))) {
		/* the stacks of the last moments before the kill */
		int error = live_take_records(live, RING_BUDGET_NS);

		watch_curves_take(&watch->curves);
		if (!error || error == RING_LATER)
			error = incident_queue(live, item);
		if (error)
			return error;
		let_go_of_files(watch, item);
		kill_cases_done(&watch->cases);
		/* there is room again */
		error = consume(watch);
		if (error)
			return error;
		look(live);
	}
	return watch->out.error;
}

/*
 * Kills that the log had told of when the ring was read: what has been marked is known, the others
 * are incidents of their own. Where there is no ring, they wait for more of their group.
 */
static int take_logged(struct live *live, uint32_t count)
{
	struct watch *watch = live->watch;

	watch->logged += watch->ring ? 0 : count;
	while (count > 0 && !watch->out.error) {
		uint32_t done = 1;

		if (watch->ring && kill_cases_claim(&watch->cases, watch->kmsg.kills[0].pid)) {
			kmsg_oom_drop(&watch->kmsg, 1);
		} else {
			kill_cases_recovered(&watch->cases);
			done = incident_queue_logged(live);
			kmsg_oom_drop(&watch->kmsg, done);
		}
		count = count > done ? count - done : 0;
	}
	return watch->out.error;
}

/*
 * The first line of several makes the others wait; when it is over, each kill that had been counted
 * at its beginning has its line.
 */
static int take_log_alone(struct live *live, bool is_over)
{
	struct watch *watch = live->watch;
	bool waits = watch->kmsg.kill_count > 0;

	watch_read_log(watch);
	if (is_over)
		return take_logged(live, watch->kmsg.kill_count);
	if (waits || !watch->kmsg.kill_count)
		return 0;
	vmstat_oom_kills(&live->root, &watch->oom_kills);
	return wait_for_quiet(watch);
}

/*
 * The kernel's counter, and then the ring. A kill is counted some microseconds before it is marked:
 * what is missing may be on its way, or lie in the ring still; then the counter is of no use yet.
 */
static int consume_counted(struct live *live)
{
	uint64_t until_ns = clock_monotonic_ns() + MARK_LATE_NS;
	struct watch *watch = live->watch;
	uint64_t counted = watch->oom_kills;
	int error;

	vmstat_oom_kills(&live->root, &watch->oom_kills);
	do
		error = consume(watch);
	while (!error && !kill_cases_full(&watch->cases) &&
	       incident_kills_unseen(watch) > watch->unseen && clock_monotonic_ns() < until_ns);
	if (kill_cases_full(&watch->cases))
		watch->oom_kills = counted;
	watch->unseen = incident_kills_unseen(watch);
	return error;
}

static int take_kills(struct live *live)
{
	struct watch *watch = live->watch;
	uint64_t expirations = 0;
	uint32_t logged;
	int error;

	if (read(watch->quiet_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return -errno;
	if (!watch->ring)
		return take_log_alone(live, expirations > 0);
	watch_read_log(watch);
	logged = watch->kmsg.kill_count;
	error = consume(watch);
	if (!error && watch->cases.count > 0) {
		look(live);
		error = consume_counted(live);
	}
	if (!error)
		error = queue_ready(live, clock_monotonic_ns());
	/* where the cases are full, marks lie in the ring still */
	if (!error && !kill_cases_full(&watch->cases))
		error = take_logged(live, logged);
	if (error || !kill_cases_wait(&watch->cases))
		return error;
	return wait_for_quiet(watch);
}

/*
 * From the moment a kill is told of until its incident is durable nothing else is done, also while
 * it waits for more of its group; for so long, then others have their turn, or kills without an end
 * would keep them from theirs for good.
 */
static bool must_hold(struct watch *watch)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (!kill_cases_gather(&watch->cases, now_ns - MARK_LATE_NS)) {
		watch->held_ns = 0;
		return false;
	}
	if (!watch->held_ns)
		watch->held_ns = now_ns;
	watch->yields |= now_ns - watch->held_ns > HOLD_MAX_NS;
	return !watch->yields;
}

void watch_others_done(struct watch *watch)
{
	if (watch->yields)
		watch->held_ns = 0;
	watch->yields = false;
}

static void set_at_kill(struct live *live, bool at_kill)
{
	live->at_kill = at_kill;
	if (live->store)
		store_seal(live->store, at_kill);
}

/* Whatever `take` takes is for incidents; what can wait until these are written does. */
static int take_at_kill(struct live *live, int (*take)(struct live *live))
{
	uint64_t sequence = live->watch->sequence;
	int error;

	set_at_kill(live, true);
	error = take(live);
	if (error || must_hold(live->watch))
		return error;
	set_at_kill(live, false);
	/* the next thing to be done may be a kill again */
	if (live->watch->sequence != sequence)
		watch_refill(live);
	return live_catch_up(live);
}

int watch_take(struct live *live)
{
	return take_at_kill(live, take_kills);
}

/* Kills and stacks of the time that detaching took: nothing comes after them. */
static int take_last(struct live *live)
{
	int error = live_take_records(live, RING_FINAL_BUDGET_NS);

	if (error && error != RING_LATER)
		return error;
	watch_read_log(live->watch);
	error = consume(live->watch);
	return error ? error : queue_ready(live, UINT64_MAX);
}

void watch_refill(struct live *live)
{
	if (!live->store)
		return;
	/* where there is none to be had, a kill that finds too little says so */
	modules_reserve(live->modules, MODULES_AT_ONCE);
	declared_reserve(&live->watch->declared, MODULES_AT_ONCE);
	store_fill(live->store, RECORDER_RESERVE_BYTES);
}

int watch_finish(struct live *live)
{
	int error = live->watch->ring ? watch_take(live) : take_log_alone(live, true);

	if (!live->programs)
		return error;
	programs_detach(live->programs);
	return error ? error : take_at_kill(live, take_last);
}
