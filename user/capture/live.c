// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live_state.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <bpf/libbpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/recorder.h"
#include "capture/sweep.h"
#include "capture/watch_state.h"

/* Events handed out between two looks at the ring: a snapshot may be thousands of them. */
#define EVENTS_PER_LOOK 256
/* A host on which nothing happens is looked at less often: waking up is what an idle watcher costs.
 */
#define QUIET_TICKS 10
#define QUIET_INTERVAL_NS 500000000

/* How long a command that a key has interrupted may take to end. */
#define INTERRUPT_WAIT_NS 10000000000

enum wake {
	WAKE_SIGNAL,
	WAKE_TARGET,
	WAKE_DURATION,
	/* before the ring: a kill does not wait for other records */
	WAKE_KILLS,
	WAKE_QUIET,
	WAKE_LOG, /* where there are no records of kills */
	WAKE_RING,
	WAKE_CURVES,
	WAKE_SPACES,
	WAKE_SNAPSHOT,
	WAKE_ONLOOKER,
	WAKE_SWEEP,
	WAKE_COUNT,
};

static int drain(int fd)
{
	char bytes[sizeof(struct signalfd_siginfo)];

	return read(fd, bytes, sizeof(bytes)) < 0 && errno != EAGAIN ? -errno : 0;
}

/* The next signal takes its usual course: a second Ctrl-C leaves at once. */
/* A key of the terminal: whoever runs in it was told as well, the command too. */
static bool was_a_key(const struct signalfd_siginfo *info, ssize_t bytes)
{
	return bytes == sizeof(*info) && info->ssi_code == SI_KERNEL;
}

/*
 * What a command held at its end is asked for, not what of it is still there while it goes. False
 * when it cannot be waited for.
 */
static bool wait_for_command(struct live *live)
{
	if (live->interrupted || !live->targets.child)
		return false;
	if (live->duration_fd < 0)
		live->duration_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (live->duration_fd < 0 || clock_set_timer(live->duration_fd, INTERRUPT_WAIT_NS, 0))
		return false;
	live->interrupted = true;
	log_info("interrupted, and so was the command: waiting until it has ended; Ctrl-C again "
		 "ends the recording at once");
	return true;
}

static int on_signal(struct live *live)
{
	struct signalfd_siginfo info;
	ssize_t bytes = read(live->signal_fd, &info, sizeof(info));

	if (was_a_key(&info, bytes) && wait_for_command(live))
		return 0;
	sigprocmask(SIG_SETMASK, &live->old_mask, NULL);
	return live_finish(live, END_INTERRUPTED);
}

static int on_target(struct live *live)
{
	return targets_have_ended(&live->targets) ? live_finish(live, END_TARGET_ENDED) : 0;
}

static int on_duration(struct live *live)
{
	return live_finish(live, live->interrupted ? END_INTERRUPTED : END_DURATION);
}

/* Called at each tick of the sweep's clock, and when there are records again. */
static void set_pace(struct live *live)
{
	bool quiet = !live->has_news && (!live->watch || live->watch->adopting.done);

	if (!quiet && live->quiet_ticks >= QUIET_TICKS)
		clock_set_timer(live->sweep_fd, SWEEP_INTERVAL_NS, SWEEP_INTERVAL_NS);
	else if (quiet && live->quiet_ticks + 1 == QUIET_TICKS)
		clock_set_timer(live->sweep_fd, QUIET_INTERVAL_NS, QUIET_INTERVAL_NS);
	live->quiet_ticks = quiet ? live->quiet_ticks + 1 : 0;
}

/* Looks for the dead at once when there are some: an exec loop fills the tables faster than a
 * clock. */
static int on_ring(struct live *live)
{
	int error = live_take_records(live, live->watch ? RING_WATCH_BUDGET_NS : RING_BUDGET_NS);

	if (error && error != RING_LATER)
		return error;
	if (live->at_kill)
		return 0;
	if (live->has_news && live->quiet_ticks >= QUIET_TICKS)
		set_pace(live);
	if (live->lives.publish_due)
		lives_publish_missing(&live->lives, false);
	if (live->somebody_joined) {
		error = live_adopt(live);
		if (error)
			return error;
	}
	if (!live->lives_ended)
		return 0;
	live->lives_ended = false;
	return sweep(&live->sweep_due, &live->ledger, &live->lives, &live->stacks,
		     live_cgroups(live), live->programs);
}

static int on_spaces(struct live *live)
{
	int error = spaces_consume(&live->spaces, RING_BUDGET_NS);

	return error == RING_LATER ? 0 : error;
}

static int on_snapshot(struct live *live)
{
	drain(live->snapshot_fd);
	return live_take_snapshot(live, live_elapsed_ns(live), false);
}

static int on_kills(struct live *live)
{
	return watch_take(live);
}

static int on_curves(struct live *live)
{
	watch_curves_take(&live->watch->curves);
	if (!live->at_kill)
		watch_look_early(live);
	return 0;
}

static int on_sweep(struct live *live)
{
	/* nobody is retired whose kill waits to be read */
	int error = live->watch ? watch_take(live) : 0;

	drain(live->sweep_fd);
	if (error || live->at_kill)
		return error;
	if (live->watch) {
		watch_look(live);
		watch_read_log(live->watch);
	}
	if (live->options.cgroup && cgroup_is_gone(&live->cgroup))
		return live_finish(live, END_TARGET_ENDED);
	if (programs_watch_on_demand(live->programs) && programs_movers_are_idle(live->programs))
		programs_watch_movers(live->programs, false);
	limits_look(&live->limits, live_elapsed_ns(live), false, &live->queue);
	lives_publish_missing(&live->lives, false);
	error = stacks_walk_late(&live->stacks, &live->lives, false);
	if (error)
		return error;
	/* without a record there is nobody new to make room for */
	if (live->has_news)
		error = sweep(&live->sweep_due, &live->ledger, &live->lives, &live->stacks,
			      live_cgroups(live), live->programs);
	set_pace(live);
	/* last of all: the next thing to be done may be a kill */
	if (live->watch && live->has_news)
		watch_refill(live);
	if (live->watch)
		watch_others_done(live->watch);
	live->has_news = false;
	if (error || !live->options.mappings)
		return error;
	return spaces_mend(&live->spaces, RING_BUDGET_NS);
}

static int on_onlooker(struct live *live)
{
	if (live->onlooker.ready(live->onlooker.context))
		return 0;
	return live_finish(live, END_INTERRUPTED);
}

/* At a kill records may wait in the ring, rather than take what its incident will need. */
static bool may_take_records(const struct live *live)
{
	return live->ring &&
	       (!live->at_kill || store_can_spare(live->store, RECORDER_RESERVE_BYTES / 2));
}

/* -1: poll() passes over it. */
static int ring_fd(const struct live *live)
{
	return may_take_records(live) ? ring_buffer__epoll_fd(live->ring) : -1;
}

/* Waits once, and does what has become due, the most final first. */
static int wait_once(struct live *live)
{
	static int (*const handlers[WAKE_COUNT])(struct live *) = {
		[WAKE_SIGNAL] = on_signal,     [WAKE_TARGET] = on_target,
		[WAKE_RING] = on_ring,         [WAKE_DURATION] = on_duration,
		[WAKE_SWEEP] = on_sweep,       [WAKE_SPACES] = on_spaces,
		[WAKE_ONLOOKER] = on_onlooker, [WAKE_SNAPSHOT] = on_snapshot,
		[WAKE_CURVES] = on_curves,     [WAKE_KILLS] = on_kills,
		[WAKE_QUIET] = on_kills,       [WAKE_LOG] = on_kills,
	};
	struct pollfd fds[WAKE_COUNT] = {
		[WAKE_SIGNAL] = {.fd = live->signal_fd, .events = POLLIN},
		[WAKE_TARGET] = {.fd = live->targets.ended_fd, .events = POLLIN},
		[WAKE_DURATION] = {.fd = live->duration_fd, .events = POLLIN},
		[WAKE_LOG] = {.fd = live->watch ? watch_log_fd(live->watch) : -1, .events = POLLIN},
		[WAKE_RING] = {.fd = ring_fd(live), .events = POLLIN},
		[WAKE_SPACES] = {.fd = live->options.mappings ? spaces_fd(&live->spaces) : -1,
				 .events = POLLIN},
		[WAKE_SNAPSHOT] = {.fd = live->snapshot_fd, .events = POLLIN},
		[WAKE_KILLS] = {.fd = live->watch ? watch_kills_fd(live->watch) : -1,
				.events = POLLIN},
		[WAKE_QUIET] = {.fd = live->watch ? watch_quiet_fd(live->watch) : -1,
				.events = POLLIN},
		[WAKE_CURVES] = {.fd = live->watch ? watch_curves_fd(&live->watch->curves) : -1,
				 .events = POLLIN},
		[WAKE_ONLOOKER] = {.fd = live->onlooker.fd, .events = POLLIN},
		[WAKE_SWEEP] = {.fd = live->sweep_fd, .events = POLLIN},
	};
	int error = 0;

	if (poll(fds, WAKE_COUNT, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < WAKE_COUNT && !error && !live->finished; i++)
		if (fds[i].revents)
			error = handlers[i](live);
	return error;
}

/* Whoever writes a long snapshot down must not make the kernel wait for room. */
static int look_at_ring(struct live *live)
{
	if (live->finished || !live->ring || ++live->handed_out < EVENTS_PER_LOOK)
		return 0;
	live->handed_out = 0;
	return on_ring(live);
}

int live_next(struct source *source, struct event *ret_event)
{
	struct live *live = live_of(source);

	for (;;) {
		int error = look_at_ring(live);

		if (error)
			return error;
		if (event_queue_pop(&live->queue, ret_event))
			return 1;
		if (live->finished)
			return 0;
		error = wait_once(live);
		if (error)
			return error;
	}
}

void live_set_onlooker(struct source *source, const struct live_onlooker *onlooker)
{
	live_of(source)->onlooker = *onlooker;
}

int live_busy_fd(const struct source *source)
{
	const struct live *live = live_of(source);

	return live->watch ? watch_busy_fd(live->watch) : ring_fd(live);
}

/* Who is busy has to wait for the incidents that wait, too. */
static void take_kills(struct live *live)
{
	int error = watch_take(live);

	while (live->at_kill && !error) {
		struct pollfd fds[] = {
			{.fd = watch_kills_fd(live->watch), .events = POLLIN},
			{.fd = watch_quiet_fd(live->watch), .events = POLLIN},
			{.fd = ring_fd(live), .events = POLLIN},
		};

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			return;
		if (fds[2].revents)
			live_take_records(live, RING_WATCH_BUDGET_NS);
		error = watch_take(live);
	}
}

void live_while_busy(struct source *source)
{
	struct live *live = live_of(source);

	/* what fails here fails again, and is told, when live_next() looks */
	if (live->watch)
		take_kills(live);
	live_take_records(live, RING_BUDGET_NS);
	if (live->options.mappings)
		spaces_consume(&live->spaces, RING_BUDGET_NS);
}

bool live_wait_command(struct source *source, int *ret_status)
{
	struct live *live = live_of(source);
	uint32_t pid = live->waited ? 0 : targets_command_that_runs(&live->targets);

	if (pid)
		log_info("waiting until the command (pid %u) has ended", pid);
	if (!live->waited) {
		if (!targets_wait(&live->targets, &live->exit_status))
			return false;
		live->waited = true;
	}
	*ret_status = live->exit_status;
	return true;
}

static void add_bytes(const char *name, uint64_t bytes, void *context)
{
	(void)name;
	*(uint64_t *)context += bytes;
}

struct live_facts live_facts(const struct source *source)
{
	const struct live *live = live_of(source);
	struct memory_event own = {.known = 0};
	struct live_facts facts = {
		.target_count = live->targets.count,
		.cgroup = live->cgroup.path,
		.cgroup_has_memory = live->cgroups.count > 0,
		.period_pages = live->programs->sizes.period_pages,
		.adopt_error = live->adopt_error,
		.unwind_rows = live->unwinding != NULL,
		.kernel_symbols_error =
			live->kernel_symbols ? kernel_symbols_error(live->kernel_symbols) : 0,
	};

	if (live->targets.count) {
		facts.pid = live->targets.items[0].pid;
		facts.comm = live->targets.items[0].comm;
	}
	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < live->ledger.account_count; i++)
		facts.process_count += live->ledger.accounts[i].in_use == OT_ACCOUNT_LIFE;
	programs_each_map(live->programs, add_bytes, &facts.map_bytes);
	if (live->unwinding) {
		facts.row_bytes = unwind_tables_bytes(live->unwinding->tables);
		facts.files_without_room = unwind_follow_refused(live->unwinding->follow);
	}
	if (!procfs_memory(&live->root, (uint32_t)getpid(), &own) && own.known & MEMORY_RSS)
		facts.own_bytes = own.rss_anon_bytes;
	return facts;
}
