// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/clock.h"
#include "capture/incident.h"
#include "capture/kmsg.h"
#include "capture/recorder.h"
#include "capture/vmstat.h"
#include "capture/sigkill.h"
#include "capture/watch_state.h"
#include "oomtrace.skel.h"

/* Of others than the OOM killer: a few milliseconds' work. */
#define SIGKILLS_AT_ONCE 16
/* How long kills may keep everything else waiting. */
#define HOLD_MAX_NS 500000000
/* Files that nobody has seen before: room for so many is made ahead. */
#define MODULES_AT_ONCE 256
/* How long after it was counted a kill may be marked. */
#define MARK_LATE_NS 2000000

/* What the kernel's log can make up for. */
static bool is_without_bpf(const struct failure *failure)
{
	return failure->kind == FAILURE_CAPABILITY || failure->kind == FAILURE_NO_BTF ||
	       failure->kind == FAILURE_NO_GFP || failure->kind == FAILURE_NO_HOOK ||
	       failure->kind == FAILURE_LOAD || failure->kind == FAILURE_CALIBRATION ||
	       failure->kind == FAILURE_PID_NAMESPACE;
}

bool watch_is_by_log(const struct source *source)
{
	return !live_of(source)->programs;
}

void watch_losses(const struct source *source,
		  int (*take)(void *context, const struct event *event), void *context)
{
	struct event_queue queue = {.take = take, .context = context};

	incident_queue_losses(live_of(source), &queue);
}

int watch_open(const struct watch_options *options, struct source **ret_source,
	       struct failure *ret_failure)
{
	struct live_options live = {
		.all = true,
		.watch_kills = true,
		.sigkills = options->sigkills,
		.warn = options->warn,
		.last_sequence = options->last_sequence,
		.take_incident = options->take,
		.take_brief = options->take_brief,
		.take_context = options->context,
		.duration_ns = options->duration_ns,
		.period_pages = options->period_pages,
		.target = options->target,
		.unwind = options->unwind,
		.rows = options->rows,
	};

	struct failure without;
	int error = live_open(&live, ret_source, ret_failure);

	if (!error || !is_without_bpf(ret_failure))
		return error;
	live.by_log = true;
	return live_open(&live, ret_source, &without) ? error : 0;
}

static int take_record(void *context, void *data, size_t bytes)
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

/* Kills of the kernel's own are looked at again before a storm of others is over. */
static int take_sigkill(void *context, void *data, size_t bytes)
{
	struct live *live = context;

	if (bytes >= sizeof(struct ot_sigkill_record))
		sigkill_take(live, data);
	live->taken[OT_RECORD_SIGKILL]++;
	return live->watch->sigkills_left-- > 1 ? 0 : RING_LATER;
}

static int open_rings(struct live *live, struct watch *watch)
{
	const struct oomtrace_bpf *skeleton = live->programs->skeleton;

	watch->ring = ring_buffer__new(bpf_map__fd(skeleton->maps.kills), take_record, live, NULL);
	if (!watch->ring)
		return -errno;
	return ring_buffer__add(watch->ring, bpf_map__fd(skeleton->maps.sigkills), take_sigkill,
				live);
}

/* The first of these calls reads the zone's file. */
static void prepare_clock(void)
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
}

static void read_boot_id(const struct live *live, struct watch *watch)
{
	_cleanup_close_ int fd =
		openat(live->root.proc_fd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, watch->boot, WATCH_BOOT_LEN - 1) != WATCH_BOOT_LEN - 1)
		strcpy(watch->boot, "0000");
}

static int open_busy_fd(const struct live *live, struct watch *watch)
{
	const int fds[] = {ring_buffer__epoll_fd(live->ring), ring_buffer__epoll_fd(watch->ring),
			   watch->quiet_fd};
	struct epoll_event event = {.events = EPOLLIN};

	watch->busy_fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]) && watch->busy_fd >= 0; i++)
		if (epoll_ctl(watch->busy_fd, EPOLL_CTL_ADD, fds[i], &event))
			return -errno;
	return watch->busy_fd < 0 ? -errno : 0;
}

static int set_up_bpf(struct live *live, struct watch *watch)
{
	int error = open_rings(live, watch);

	if (!error)
		error = open_busy_fd(live, watch);
	return error ? error
		     : watch_curves_init(&watch->curves, &live->root, live->programs, &live->ledger,
					 &live->cgroups);
}

static int set_up(struct live *live, struct watch *watch)
{
	int error = kill_cases_init(&watch->cases);

	if (error)
		return error;
	watch->quiet_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->quiet_fd < 0)
		return -errno;
	error = live->programs ? set_up_bpf(live, watch) : 0;
	if (error)
		return error;
	error = live->programs ? warnings_init(&watch->warnings, &live->options.warn, &live->ledger)
			       : 0;
	if (error)
		return error;
	watch->out.take = live->options.take_incident;
	watch->brief.take = live->options.take_brief;
	watch->out.context = watch->brief.context = live->options.take_context;
	error = live->kernel_symbols ? kernel_symbols_keep_names(live->kernel_symbols) : 0;
	if (!error)
		error = declared_follow(&watch->declared, live->store, &live->queue,
					live->kernel_symbols);
	if (error)
		return error;
	watch->facts = calloc(TIMELINE_CURVES, sizeof(*watch->facts));
	watch->early = calloc(TIMELINE_CURVES, sizeof(*watch->early));
	if (!watch->facts || !watch->early)
		return -ENOMEM;
	watch->sequence = live->options.last_sequence;
	prepare_clock();
	read_boot_id(live, watch);
	watch->kmsg_fd = kmsg_open();
	if (watch->kmsg_fd < 0 && !live->programs)
		return watch->kmsg_fd;
	watch->unified = incident_files_unified(&live->root);
	error = vmstat_oom_kills(&live->root, &watch->first_oom_kills);
	watch->oom_kills = watch->first_oom_kills;
	return error;
}

int watch_new(struct live *live, struct watch **ret_watch)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int error;

	if (!watch)
		return -ENOMEM;
	watch->quiet_fd = watch->busy_fd = watch->kmsg_fd = -1;
	error = set_up(live, watch);
	if (error) {
		watch_free(watch);
		return error;
	}
	*ret_watch = watch;
	return 0;
}

void watch_free(struct watch *watch)
{
	ring_buffer__free(watch->ring);
	kill_cases_release(&watch->cases);
	watch_curves_release(&watch->curves);
	free(watch->facts);
	free(watch->early);
	warnings_release(&watch->warnings);
	declared_release(&watch->declared);
	event_queue_release(&watch->out);
	event_queue_release(&watch->brief);
	cleanup_close(&watch->busy_fd);
	cleanup_close(&watch->quiet_fd);
	cleanup_close(&watch->kmsg_fd);
	free(watch);
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

static int take_last(struct live *live)
{
	return queue_ready(live, UINT64_MAX);
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
