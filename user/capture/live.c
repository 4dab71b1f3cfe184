// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/adopt.h"
#include "capture/audit.h"
#include "capture/descendants.h"
#include "capture/privileges.h"
#include "capture/snapshot.h"
#include "capture/sweep.h"
#include "capture/target.h"
#include "oomtrace.skel.h"

#define SWEEP_INTERVAL_NS 100000000
/* How long records are taken before anything else is looked at, and at the end. */
#define RING_BUDGET_NS 50000000
#define RING_FINAL_BUDGET_NS 2000000000
/* A record handler's way to say: not now. */
#define RING_LATER (-EAGAIN)
/* Events handed out between two looks at the ring: a snapshot may be thousands of them. */
#define EVENTS_PER_LOOK 256

struct live {
	struct source source; /* first: a source is a live */
	struct live_options options;
	struct sysroot root;
	struct physical physical;
	struct programs *programs;
	struct ledger ledger;
	struct modules *modules;
	struct lives lives;
	struct stacks stacks;
	struct spaces spaces; /* of targets; not when the host is traced */
	struct snapshot_labels labels;
	struct event_queue queue;
	struct ring_buffer *ring;
	uint64_t ring_until_ns;
	bool ring_is_behind;
	bool lives_ended; /* since the last sweep */
	struct target target;
	int signal_fd, duration_fd, sweep_fd, snapshot_fd;
	sigset_t old_mask;
	uint64_t start_ns;
	uint32_t handed_out; /* events since the ring was looked at */
	int adopt_error;
	bool finished;
	bool waited;
	int exit_status;
	int error;
};

static struct live *live_of(const struct source *source)
{
	return (struct live *)source;
}

static int fail(struct failure *ret_failure, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = FAILURE_SYSTEM, .error = error, .where = where};
	return error;
}

/* --- records ------------------------------------------------------------------------------------- */

static int take_stack(struct live *live, const void *data, size_t bytes)
{
	/* The code this stack runs through may have been mapped a moment ago. */
	int error = live->options.all ? 0 : spaces_consume(&live->spaces);

	return error ? error : stacks_add(&live->stacks, &live->lives, data, bytes);
}

static int take_fork(struct live *live, const void *data, size_t bytes)
{
	const struct ot_process_record *record = data;

	if (bytes < sizeof(*record))
		return -EBADMSG;
	lives_forked(&live->lives, record->tgid, record->parent_tgid);
	return 0;
}

static int take_exec(struct live *live, const void *data, size_t bytes)
{
	const struct ot_process_record *record = data;

	if (bytes < sizeof(*record))
		return -EBADMSG;
	live->lives_ended = true;
	if (lives_executed(&live->lives, record->tgid))
		return programs_scan(live->programs);
	return 0;
}

static int take_exit(struct live *live, const void *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	live->lives_ended = true;
	return 0;
}

static int take_mover(struct live *live, const void *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	/* Without it moved pages lose their stack, which the figures show: no reason to end. */
	programs_watch_movers(live->programs, true);
	return 0;
}

static int take_record(void *context, void *data, size_t bytes)
{
	static int (*const by_type[])(struct live *, const void *, size_t) = {
		[OT_RECORD_STACK] = take_stack,
		[OT_RECORD_FORK] = take_fork,
		[OT_RECORD_EXEC] = take_exec,
		[OT_RECORD_EXIT] = take_exit,
		[OT_RECORD_MOVER] = take_mover,
	};
	struct live *live = context;
	uint32_t type;

	if (bytes < sizeof(type))
		return 0;
	/* However fast records come, signals and the duration are looked at in between. */
	if (clock_monotonic_ns() > live->ring_until_ns)
		live->ring_is_behind = true;
	memcpy(&type, data, sizeof(type));
	if (type < sizeof(by_type) / sizeof(by_type[0]) && by_type[type])
		live->error = by_type[type](live, data, bytes);
	if (live->error == -ENOMEM)
		return live->error;
	return live->ring_is_behind ? RING_LATER : 0;
}

/* Takes what waits, for at most `budget_ns`. 0, RING_LATER when something still waits, or -errno. */
static int take_records(struct live *live, uint64_t budget_ns)
{
	int taken;

	live->ring_is_behind = false;
	live->ring_until_ns = clock_monotonic_ns() + budget_ns;
	taken = ring_buffer__consume(live->ring);
	return taken > 0 ? 0 : taken;
}

/* --- the session's ends -------------------------------------------------------------------------- */

static uint64_t elapsed_ns(const struct live *live)
{
	return clock_monotonic_ns() - live->start_ns;
}

static void queue_session(struct live *live)
{
	struct utsname uts = {0};
	char boot_id[64] = "";
	_cleanup_close_ int fd = openat(live->root.proc_fd, "sys/kernel/random/boot_id",
					O_RDONLY | O_CLOEXEC);
	struct event event = {.type = EVENT_SESSION};

	uname(&uts);
	if (fd >= 0 && read(fd, boot_id, sizeof(boot_id) - 1) > 0)
		boot_id[strcspn(boot_id, "\n")] = '\0';
	event.session = (struct session_event){
		.start_realtime_ns = clock_ns(CLOCK_REALTIME),
		.period_pages = live->programs->sizes.period_pages,
		.page_size_bytes = sysconf(_SC_PAGESIZE),
		.tool_version = OOMTRACE_VERSION,
		.kernel_release = uts.release,
		.machine = uts.machine,
		.hostname = uts.nodename,
		.boot_id = boot_id,
		.target = live->options.target,
	};
	event_queue_push(&live->queue, &event);
}

static void queue_end(struct live *live, enum end_reason reason)
{
	struct event event = {
		.type = EVENT_END,
		.end = {.duration_ns = elapsed_ns(live), .reason = reason},
	};

	if (reason == END_TARGET_ENDED && live_wait_command(&live->source, &live->exit_status)) {
		event.end.has_exit_status = true;
		event.end.exit_status = live->exit_status;
	}
	event_queue_push(&live->queue, &event);
}

/* Said with --verbose alone: it reads all of the ledger. */
static void audit(const struct live *live)
{
	struct audit result;

	if (log_is_verbose() && audit_ledger(&live->ledger, &result) == 0)
		log_debug("audit: %" PRIu64 " entries open, %" PRIu64 " counted, %" PRIu32
			  " cells off", result.open_entries, result.counted, result.cells_off);
}

/* At the end there is more time for what waits than in between. */
static void drain_ring(void *context)
{
	struct live *live = context;

	take_records(live, live->finished ? RING_FINAL_BUDGET_NS : RING_BUDGET_NS);
}

static int take_snapshot(struct live *live, uint64_t time_ns, bool last)
{
	const struct snapshot_context context = {
		.root = &live->root,
		.programs = live->programs,
		.ledger = &live->ledger,
		.lives = &live->lives,
		.stacks = &live->stacks,
		.spaces = live->options.all ? NULL : &live->spaces,
		.labels = &live->labels,
		.queue = &live->queue,
		.drain = drain_ring,
		.drain_context = live,
		.time_ns = time_ns,
		.last = last,
		.reconcile = !live->options.all,
	};
	int error;

	/* stacks first, then what they hold: the other way round some would have no frames */
	drain_ring(live);
	error = live->options.all ? 0 : spaces_settle(&live->spaces, last);
	return error ? error : snapshot(&context);
}

static int finish(struct live *live, enum end_reason reason)
{
	int error;

	live->finished = true;
	error = take_snapshot(live, elapsed_ns(live), true);
	programs_detach(live->programs);
	audit(live);
	queue_end(live, reason);
	return error ? error : live->queue.error;
}

/* --- waiting ------------------------------------------------------------------------------------- */

enum wake {
	WAKE_SIGNAL,
	WAKE_TARGET,
	WAKE_DURATION,
	WAKE_RING,
	WAKE_SPACES,
	WAKE_SNAPSHOT,
	WAKE_SWEEP,
	WAKE_COUNT,
};

static int drain(int fd)
{
	char bytes[sizeof(struct signalfd_siginfo)];

	return read(fd, bytes, sizeof(bytes)) < 0 && errno != EAGAIN ? -errno : 0;
}

/* The next signal takes its usual course: a second Ctrl-C leaves at once. */
static int on_signal(struct live *live)
{
	drain(live->signal_fd);
	sigprocmask(SIG_SETMASK, &live->old_mask, NULL);
	return finish(live, END_INTERRUPTED);
}

static int on_target(struct live *live)
{
	return finish(live, END_TARGET_ENDED);
}

static int on_duration(struct live *live)
{
	return finish(live, END_DURATION);
}

/* Looks for the dead at once when there are some: an exec loop fills the tables faster than a clock. */
static int on_ring(struct live *live)
{
	int error = take_records(live, RING_BUDGET_NS);

	if (error && error != RING_LATER)
		return error;
	if (!live->lives_ended)
		return 0;
	live->lives_ended = false;
	return sweep(&live->ledger, &live->lives, &live->stacks, live->programs);
}

static int on_spaces(struct live *live)
{
	return spaces_consume(&live->spaces);
}

static int on_snapshot(struct live *live)
{
	drain(live->snapshot_fd);
	return take_snapshot(live, elapsed_ns(live), false);
}

static int on_sweep(struct live *live)
{
	int error;

	drain(live->sweep_fd);
	if (programs_watch_on_demand(live->programs) && programs_movers_are_idle(live->programs))
		programs_watch_movers(live->programs, false);
	error = sweep(&live->ledger, &live->lives, &live->stacks, live->programs);
	if (error || live->options.all)
		return error;
	return spaces_settle(&live->spaces, false);
}

/* Waits once, and does what has become due, the most final first. */
static int wait_once(struct live *live)
{
	static int (*const handlers[WAKE_COUNT])(struct live *) = {
		[WAKE_SIGNAL] = on_signal,     [WAKE_TARGET] = on_target, [WAKE_RING] = on_ring,
		[WAKE_DURATION] = on_duration, [WAKE_SWEEP] = on_sweep,   [WAKE_SPACES] = on_spaces,
		[WAKE_SNAPSHOT] = on_snapshot,
	};
	struct pollfd fds[WAKE_COUNT] = {
		[WAKE_SIGNAL] = {.fd = live->signal_fd, .events = POLLIN},
		[WAKE_TARGET] = {.fd = live->target.pidfd, .events = POLLIN},
		[WAKE_DURATION] = {.fd = live->duration_fd, .events = POLLIN},
		[WAKE_RING] = {.fd = ring_buffer__epoll_fd(live->ring), .events = POLLIN},
		[WAKE_SPACES] = {.fd = live->options.all ? -1 : spaces_fd(&live->spaces),
				 .events = POLLIN},
		[WAKE_SNAPSHOT] = {.fd = live->snapshot_fd, .events = POLLIN},
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
	if (live->finished || ++live->handed_out < EVENTS_PER_LOOK)
		return 0;
	live->handed_out = 0;
	return on_ring(live);
}

static int live_next(struct source *source, struct event *ret_event)
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

/* --- opening and closing ------------------------------------------------------------------------- */

bool live_wait_command(struct source *source, int *ret_status)
{
	struct live *live = live_of(source);

	if (!live->waited) {
		if (!target_wait(&live->target, &live->exit_status))
			return false;
		live->waited = true;
	}
	*ret_status = live->exit_status;
	return true;
}

static void live_close(struct source *source)
{
	struct live *live = live_of(source);
	bool held = live->target.release_fd >= 0;
	struct target child = live->target;
	int status;

	target_close(&live->target);
	/* A command that was never let go ends by itself. */
	if (held)
		target_wait(&child, &status);
	ring_buffer__free(live->ring);
	spaces_release(&live->spaces);
	stacks_release(&live->stacks);
	lives_release(&live->lives);
	ledger_unmap(&live->ledger);
	if (live->modules)
		modules_free(live->modules);
	event_queue_release(&live->queue);
	if (live->programs)
		programs_free(live->programs);
	physical_release(&live->physical);
	cleanup_close(&live->signal_fd);
	cleanup_close(&live->duration_fd);
	cleanup_close(&live->sweep_fd);
	cleanup_close(&live->snapshot_fd);
	sysroot_close(&live->root);
	free(live);
}

/* The kernel counts pids of its own; /proc must show the same ones. */
static bool in_initial_pid_namespace(const struct live *live)
{
	char name[64] = "";
	ssize_t len = readlinkat(live->root.proc_fd, "self/ns/pid", name, sizeof(name) - 1);

	/* PROC_PID_INIT_INO, include/linux/proc_ns.h */
	return len <= 0 || strcmp(name, "pid:[4026531836]") == 0;
}

static int check_privileges(const struct live *live, struct failure *ret_failure)
{
	const char *missing = privileges_missing();

	if (missing) {
		*ret_failure = (struct failure){FAILURE_CAPABILITY, -EPERM, missing};
		return -EPERM;
	}
	if (!in_initial_pid_namespace(live)) {
		*ret_failure = (struct failure){FAILURE_PID_NAMESPACE, -EXDEV, NULL};
		return -EXDEV;
	}
	return 0;
}

static int open_target(struct live *live, struct failure *ret_failure)
{
	if (live->options.argv)
		return target_spawn(live->options.argv, &live->target, ret_failure);
	if (live->options.pid)
		return target_find(&live->root, live->options.pid, &live->target, ret_failure);
	return 0;
}

/*
 * One descriptor is kept for each module that is mapped anywhere. Raised only now: a command was
 * started with the limits we were given.
 */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int open_programs(struct live *live, struct failure *ret_failure)
{
	struct programs_options options = {
		.mode = live->options.all ? CAPTURE_HOST
			: live->options.children || live->options.argv ? CAPTURE_FOLLOW
								       : CAPTURE_ONE,
		.period_pages = live->options.period_pages,
	};
	int error = physical_read(&live->root, &live->physical);

	if (error)
		return fail(ret_failure, error, "reading the layout of physical memory");
	return programs_load(&live->root, &live->physical, &options, &live->programs, ret_failure);
}

static int open_tables(struct live *live)
{
	int error = ledger_map(live->programs, &live->physical, &live->ledger);

	if (!error)
		error = modules_new(&live->root, &live->queue, &live->modules);
	if (!error)
		error = lives_init(&live->lives, &live->root, live->programs, &live->ledger,
				   live->modules, &live->queue);
	if (!error)
		error = stacks_init(&live->stacks, &live->ledger);
	if (!error && !live->options.all)
		error = spaces_init(&live->spaces, &live->root, &live->ledger, &live->lives,
				    bpf_map__fd(live->programs->skeleton->maps.mapping_records));
	if (error)
		return error;
	live->lives.target_pid = live->target.pid;
	live->ring = ring_buffer__new(bpf_map__fd(live->programs->skeleton->maps.records),
				      take_record, live, NULL);
	return live->ring ? 0 : -errno;
}

static int open_timer(uint64_t first_ns, uint64_t interval_ns)
{
	const struct itimerspec spec = {
		.it_value = {first_ns / 1000000000, first_ns % 1000000000},
		.it_interval = {interval_ns / 1000000000, interval_ns % 1000000000},
	};
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	return TAKE_FD(fd);
}

static int open_signals(struct live *live)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &live->old_mask);
	live->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return live->signal_fd < 0 ? -errno : 0;
}

/* -1 where no interval is asked for: poll() passes over it. */
static int open_timer_if(uint64_t first_ns, uint64_t interval_ns, int *ret_fd)
{
	int fd = first_ns ? open_timer(first_ns, interval_ns) : -1;

	if (first_ns && fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int open_timers(struct live *live)
{
	uint64_t snapshot_ns = live->options.snapshot_interval_ns;
	int error = open_timer_if(SWEEP_INTERVAL_NS, SWEEP_INTERVAL_NS, &live->sweep_fd);

	if (!error)
		error = open_timer_if(live->options.duration_ns, 0, &live->duration_fd);
	if (!error)
		error = open_timer_if(snapshot_ns, snapshot_ns, &live->snapshot_fd);
	return error;
}

static void queue_start_memory(struct live *live, const struct life *life, uint32_t user_tid)
{
	struct event event = {
		.type = EVENT_MEMORY,
		.memory = {.process = life->id, .when = MEMORY_START},
	};

	if (live->adopt_error)
		event.memory.known |= MEMORY_BEFORE_BY_SUBTRACTION;
	if (!procfs_memory(&live->root, user_tid, &event.memory))
		event_queue_push(&live->queue, &event);
}

/* What the target held before: entered into the ledger, and noted as the kernel sees it. */
static int adopt_target(struct live *live)
{
	int error = programs_scan(live->programs);

	for (uint32_t i = 0; i < live->ledger.account_count && !error; i++) {
		struct life *life = lives_get(&live->lives, i);
		uint32_t user_tid = live->ledger.accounts[i].user_tid;

		if (!life)
			continue;
		live->adopt_error = adopt_resident(&live->ledger, &live->root, i, user_tid);
		error = spaces_adopt(&live->spaces, i);
		lives_announce(&live->lives, life, false);
		queue_start_memory(live, life, user_tid);
	}
	return error;
}

static int add_descendant(uint32_t pid, void *context)
{
	struct live *live = context;

	return programs_add_target(live->programs, pid, OT_TARGET_FOLLOW);
}

/*
 * Children that are there already. Looked for with the fork hook attached, and twice: a child that
 * is forked by one not yet known as a target during the first look is found by the second.
 */
static int add_descendants(struct live *live)
{
	int error = descendants_each(&live->root, live->target.pid, add_descendant, live);

	return error ? error
		     : descendants_each(&live->root, live->target.pid, add_descendant, live);
}

static int begin(struct live *live, struct failure *ret_failure)
{
	uint32_t flags = (live->options.children || live->options.argv ? OT_TARGET_FOLLOW : 0) |
			 (live->options.argv ? OT_TARGET_PRE_EXEC : 0);
	int error = 0;

	if (live->target.pid)
		error = programs_add_target(live->programs, live->target.pid, flags);
	if (!error)
		error = programs_attach(live->programs, ret_failure);
	if (error)
		return error;
	live->start_ns = clock_monotonic_ns();
	if (live->options.pid) {
		if (live->options.children)
			error = add_descendants(live);
		if (!error)
			error = adopt_target(live);
		if (error)
			return fail(ret_failure, error, "looking up the process's memory");
		if (target_has_ended(&live->target)) {
			*ret_failure = (struct failure){FAILURE_NO_PROCESS, -ESRCH, NULL};
			return -ESRCH;
		}
	}
	/* growth since the start, since 0 that is, needs to know what was there */
	if (live->options.snapshot_interval_ns)
		error = take_snapshot(live, 0, false);
	if (error)
		return fail(ret_failure, error, "reading the ledger");
	return target_release(&live->target, ret_failure);
}

static int open_all(struct live *live, struct failure *ret_failure)
{
	int error = sysroot_open_host(&live->root);

	if (error)
		return fail(ret_failure, error, "opening /proc and /sys");
	error = check_privileges(live, ret_failure);
	if (error)
		return error;
	error = open_target(live, ret_failure);
	raise_descriptor_limit();
	if (!error)
		error = open_programs(live, ret_failure);
	if (error)
		return error;
	error = open_tables(live);
	if (error)
		return fail(ret_failure, error, "setting up the recorder's tables");
	error = open_signals(live);
	if (!error)
		error = open_timers(live);
	if (error)
		return fail(ret_failure, error, "setting up signals and timers");
	queue_session(live);
	return begin(live, ret_failure);
}

int live_open(const struct live_options *options, struct source **ret_source,
	      struct failure *ret_failure)
{
	struct live *live = calloc(1, sizeof(*live));
	int error;

	if (!live)
		return fail(ret_failure, -ENOMEM, "starting");
	live->source = (struct source){.next = live_next, .close = live_close};
	live->options = *options;
	live->root = (struct sysroot)SYSROOT_CLOSED;
	live->target = (struct target)TARGET_NONE;
	live->signal_fd = live->duration_fd = live->sweep_fd = live->snapshot_fd = -1;
	error = open_all(live, ret_failure);
	if (error) {
		live_close(&live->source);
		return error;
	}
	*ret_source = &live->source;
	return 0;
}

static void add_bytes(const char *name, uint64_t bytes, void *context)
{
	(void)name;
	*(uint64_t *)context += bytes;
}

struct live_facts live_facts(const struct source *source)
{
	const struct live *live = live_of(source);
	struct live_facts facts = {
		.pid = live->target.pid,
		.comm = live->target.comm,
		.period_pages = live->programs->sizes.period_pages,
		.adopt_error = live->adopt_error,
	};

	programs_each_map(live->programs, add_bytes, &facts.map_bytes);
	return facts;
}
