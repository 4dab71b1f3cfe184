// SPDX-License-Identifier: GPL-2.0-or-later
/* Watching begins and ends: what it has open. Kills are taken in watch.c. */
#include "capture/watch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/incident.h"
#include "capture/kmsg.h"
#include "capture/vmstat.h"
#include "capture/watch_state.h"
#include "oomtrace.skel.h"

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

static int open_rings(struct live *live, struct watch *watch)
{
	const struct oomtrace_bpf *skeleton = live->programs->skeleton;

	watch->ring =
		ring_buffer__new(bpf_map__fd(skeleton->maps.kills), watch_take_record, live, NULL);
	if (!watch->ring)
		return -errno;
	return ring_buffer__add(watch->ring, bpf_map__fd(skeleton->maps.sigkills),
				watch_take_sigkill, live);
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
