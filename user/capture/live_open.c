// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live_state.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <bpf/libbpf.h>

#include "base/clock.h"
#include "capture/privileges.h"
#include "capture/seen.h"
#include "capture/testing.h"
#include "capture/watch_state.h"
#include "oomtrace.skel.h"

static int fail(struct failure *ret_failure, int error, const char *where)
{
	*ret_failure = (struct failure){.kind = FAILURE_SYSTEM, .error = error, .where = where};
	return error;
}

static void live_close(struct source *source)
{
	struct live *live = live_of(source);

	if (live->is_held_against)
		seen_tell(live);
	targets_close(&live->targets);
	cgroup_close(&live->cgroup);
	limits_close(&live->limits);
	if (live->watch)
		watch_free(live->watch);
	ring_buffer__free(live->ring);
	spaces_release(&live->spaces);
	cgroups_release(&live->cgroups);
	stacks_release(&live->stacks);
	lives_release(&live->lives);
	ledger_unmap(&live->ledger);
	if (live->kernel_symbols)
		kernel_symbols_free(live->kernel_symbols);
	if (live->unwinding)
		unwinding_close(live->unwinding);
	if (live->modules)
		modules_free(live->modules);
	event_queue_release(&live->queue);
	if (live->store)
		store_destroy(live->store);
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
		*ret_failure = (struct failure){
			.kind = FAILURE_CAPABILITY, .error = -EPERM, .where = missing};
		return -EPERM;
	}
	if (!in_initial_pid_namespace(live)) {
		*ret_failure = (struct failure){.kind = FAILURE_PID_NAMESPACE, .error = -EXDEV};
		return -EXDEV;
	}
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

static enum capture_mode mode_of(const struct live *live)
{
	const struct live_options *options = &live->options;

	if (options->all)
		return CAPTURE_HOST;
	return options->children || options->argv || live_has_rule(live) ? CAPTURE_FOLLOW
									 : CAPTURE_ONE;
}

static int open_programs(struct live *live, struct failure *ret_failure)
{
	struct programs_options options = {
		.mode = mode_of(live),
		.rule = live_rule(live),
		.period_pages = live->options.period_pages,
		.kernel_stacks = live->options.kernel_stacks,
		.unwind = live->options.rows.get ? live->options.unwind : UNWIND_FRAME_POINTERS,
		.files = live->options.files,
		.mappings = live->options.mappings,
		.watch_kills = live->options.watch_kills,
		.sigkills = live->options.sigkills,
	};
	int error = physical_read(&live->root, &live->physical);

	if (error)
		return fail(ret_failure, error, "reading the layout of physical memory");
	return programs_load(&live->root, &live->physical, &options, &live->programs, ret_failure);
}

static int open_store(struct live *live)
{
	int error = store_new(&live->store);

	if (!error && testing_no_reserve())
		store_refuse_all(live->store);
	return error;
}

static void before_other_code(void *context, uint32_t account)
{
	struct live *live = context;

	stacks_walk_late_of(&live->stacks, &live->lives, account);
}

static int open_tables(struct live *live)
{
	int error = ledger_map(live->programs, &live->physical, &live->ledger);

	if (!error)
		live->sweep_due = sweep_due_new(&live->ledger, live->options.all);
	if (!error)
		error = live->options.watch_kills ? open_store(live) : 0;
	if (!error)
		error = modules_new(&live->root, &live->queue, live->store, &live->modules);
	if (!error && live->programs->unwind_rows)
		error = live_open_unwinding(live);
	if (!error && (live->options.kernel_stacks || live->options.watch_kills))
		error = kernel_symbols_read(&live->root, live->modules, &live->queue,
					    &live->kernel_symbols);
	if (!error)
		error = lives_init(&live->lives, live->store, &live->root, live->programs,
				   &live->ledger, live->modules, &live->queue);
	if (!error && live_cgroups(live))
		error = cgroups_init(&live->cgroups, &live->root,
				     live->options.cgroup ? &live->cgroup : NULL);
	if (!error)
		error = stacks_init(&live->stacks, live->store, &live->ledger, &live->queue);
	if (!error && live->options.mappings)
		error = spaces_init(&live->spaces, &live->root, &live->ledger, &live->lives,
				    bpf_map__fd(live->programs->skeleton->maps.mapping_records));
	if (error)
		return error;
	live->lives.targets = &live->targets;
	live->lives.before_other_code = before_other_code;
	live->lives.context = live;
	live->lives.keep_argv = live->options.watch_kills;
	error = live_open_ring(live);
	if (!error && live->options.watch_kills)
		error = watch_new(live, &live->watch);
	if (error)
		return error;
	live->lives.follow = live->unwinding ? live->unwinding->follow : NULL;
	return 0;
}

static int open_timer(uint64_t first_ns, uint64_t interval_ns)
{
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || clock_set_timer(fd, first_ns, interval_ns))
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

/* Of the cgroup, or of the first of the processes: who has more than one cgroup has no one limit.
 */
static void open_limits(struct live *live)
{
	_cleanup_free_ char *path = NULL;

	if (live->cgroup.path)
		limits_open(&live->limits, &live->root, live->cgroup.path);
	else if (live->targets.count &&
		 !cgroup_path_of(&live->root, live->targets.items[0].pid, &path))
		limits_open(&live->limits, &live->root, path);
}

static int begin(struct live *live, struct failure *ret_failure)
{
	int error = live_add_targets(live);

	if (error)
		return fail(ret_failure, error, "naming the processes to trace");
	live_load_code(live);
	error = programs_attach(live->programs, ret_failure);
	if (error)
		return error;
	live->start_ns = clock_monotonic_ns();
	open_limits(live);
	if (live_cgroups(live))
		cgroups_queue_start(&live->cgroups, &live->queue);
	if (live->options.all)
		snapshot_queue_host(&live->root, MEMORY_START, &live->queue);
	error = live_adopt_first(live, ret_failure);
	if (error)
		return error;
	/* growth since the start, since 0 that is, needs to know what was there */
	if (live->options.snapshot_interval_ns)
		error = live_take_snapshot(live, 0, false);
	if (error)
		return fail(ret_failure, error, "reading the ledger");
	return targets_let_go(&live->targets, ret_failure);
}

/* The kernel's log, without any program of ours in the kernel. */
static int open_log(struct live *live, struct failure *ret_failure)
{
	int error = watch_new(live, &live->watch);

	if (error)
		return fail(ret_failure, error, "opening the kernel's log");
	error = open_signals(live);
	if (!error)
		error = open_timer_if(live->options.duration_ns, 0, &live->duration_fd);
	live->start_ns = clock_monotonic_ns();
	return error ? fail(ret_failure, error, "setting up signals and timers") : 0;
}

static int open_all(struct live *live, struct failure *ret_failure)
{
	int error = sysroot_open_host(&live->root);

	if (error)
		return fail(ret_failure, error, "opening /proc and /sys");
	if (live->options.by_log)
		return open_log(live, ret_failure);
	error = check_privileges(live, ret_failure);
	if (error)
		return error;
	error = live_find_targets(live, ret_failure);
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
	if (!live->watch)
		live_queue_session(live, &live->queue);
	error = begin(live, ret_failure);
	if (!error && live->watch)
		watch_refill(live);
	return error;
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
	live->cgroups.root = (struct cgroup)CGROUP_NONE;
	live->targets = (struct targets)TARGETS_NONE;
	live->cgroup = (struct cgroup)CGROUP_NONE;
	live->signal_fd = live->duration_fd = live->sweep_fd = live->snapshot_fd = -1;
	live->onlooker.fd = -1;
	error = open_all(live, ret_failure);
	if (error) {
		live_close(&live->source);
		return error;
	}
	live->is_held_against = live->programs && seen_begin();
	*ret_source = &live->source;
	return 0;
}
