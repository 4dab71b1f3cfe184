// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/live_state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/audit.h"
#include "capture/hooks.h"
#include "capture/watch_state.h"

uint64_t live_elapsed_ns(const struct live *live)
{
	return clock_monotonic_ns() - live->start_ns;
}

static void queue_without(struct event_queue *queue, const char *without)
{
	const struct event event = {.type = EVENT_DEGRADED, .degraded = {without}};

	event_queue_push(queue, &event);
}

/*
 * What this kernel does not tell, nothing twice. Stacks are by frame pointers where that was asked
 * for, too: who asked is reminded.
 */
static void queue_degraded(const struct programs *programs, struct event_queue *queue)
{
	const char *last = "";

	if (!programs) {
		queue_without(queue,
			      "BPF cannot be used: kills are told by the kernel's log alone, which "
			      "has no stacks and nothing from before");
		return;
	}
	if (!programs->unwind_rows)
		queue_without(queue,
			      "stacks are by frame pointers: code without them has no callers");
	if (programs->preempted)
		queue_without(queue, PROGRAMS_WITHOUT_EVENTS);
	for (size_t i = 0; i < hook_count; i++) {
		if (!(programs->missing_hooks & 1u << i) || !hooks[i].without)
			continue;
		if (strcmp(hooks[i].without, last) != 0)
			queue_without(queue, hooks[i].without);
		last = hooks[i].without;
	}
}

void live_queue_session(const struct live *live, struct event_queue *queue)
{
	struct utsname uts = {0};
	char boot_id[64] = "";
	_cleanup_close_ int fd =
		openat(live->root.proc_fd, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct event event = {.type = EVENT_SESSION};

	uname(&uts);
	if (fd >= 0 && read(fd, boot_id, sizeof(boot_id) - 1) > 0)
		boot_id[strcspn(boot_id, "\n")] = '\0';
	event.session = (struct session_event){
		.start_realtime_ns = clock_ns(CLOCK_REALTIME),
		.period_pages = live->programs ? live->programs->sizes.period_pages : 1,
		.page_size_bytes = sysconf(_SC_PAGESIZE),
		.tool_version = OOMTRACE_VERSION,
		.kernel_release = uts.release,
		.machine = uts.machine,
		.hostname = uts.nodename,
		.boot_id = boot_id,
		.target = live->options.target,
	};
	event_queue_push(queue, &event);
	queue_degraded(live->programs, queue);
}

static void queue_end(struct live *live, enum end_reason reason)
{
	struct event event = {
		.type = EVENT_END,
		.end = {.duration_ns = live_elapsed_ns(live), .reason = reason},
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
			  " cells and %" PRIu32 " accounts off",
			  result.open_entries, result.counted, result.cells_off,
			  result.accounts_off);
}

/* What is told of a stack stays: the last moment to know better. */
static int walk_waiting(struct live *live)
{
	lives_publish_missing(&live->lives, true);
	return stacks_walk_late(&live->stacks, &live->lives, true);
}

/*
 * At the end there is more time for what waits than in between. Stacks that come while a snapshot
 * is taken are told with it.
 */
static void drain_ring(void *context)
{
	struct live *live = context;

	live_take_records(live, live->finished ? RING_FINAL_BUDGET_NS : RING_BUDGET_NS);
	/* without memory for it they stay as they are */
	walk_waiting(live);
}

int live_take_snapshot(struct live *live, uint64_t time_ns, bool last)
{
	const struct snapshot_context context = {
		.root = &live->root,
		.programs = live->programs,
		.ledger = &live->ledger,
		.lives = &live->lives,
		.stacks = &live->stacks,
		.spaces = live->options.mappings ? &live->spaces : NULL,
		.labels = &live->labels,
		.queue = &live->queue,
		.drain = drain_ring,
		.drain_context = live,
		.time_ns = time_ns,
		.last = last,
		.cgroups = live_cgroups(live),
		.files = live->options.files,
		.host = live->options.all,
		.reconcile = !live->options.all,
	};
	int error;

	limits_look(&live->limits, time_ns, true, &live->queue);
	/* stacks first, then what they hold: the other way round some would have no frames */
	drain_ring(live);
	/* by the rule there may be some that no event told of */
	error = live_has_rule(live) || live->somebody_joined ? live_adopt(live) : 0;
	if (!error && live->options.mappings)
		error = spaces_settle(&live->spaces, last);
	if (!error)
		error = walk_waiting(live);
	return error ? error : snapshot(&context);
}

int live_finish(struct live *live, enum end_reason reason)
{
	int error;

	live->finished = true;
	if (live->watch)
		return watch_finish(live);
	error = live_take_snapshot(live, live_elapsed_ns(live), true);
	programs_detach(live->programs);
	audit(live);
	queue_end(live, reason);
	return error ? error : live->queue.error;
}
