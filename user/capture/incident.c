// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/incident.h"

#include <inttypes.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/clock.h"
#include "capture/losses.h"
#include "capture/sigkill.h"
#include "capture/vmstat.h"
#include "capture/watch_state.h"

#define RATE_NS UINT64_C(1000000000)

void incident_make_id(const struct watch *watch, uint64_t realtime_ns, char ret_id[64])
{
	time_t seconds = realtime_ns / RATE_NS;
	struct tm utc;
	char when[32];

	gmtime_r(&seconds, &utc);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(ret_id, 64, "%s-%s-%" PRIu64, when, watch->boot, watch->sequence);
}

/* --- who asked for memory ------------------------------------------------------------------ */

static void queue_stack(const struct incident *incident, struct event *event,
			const struct event_frame *frames, uint32_t count)
{
	declared_queue(&incident->watch->declared, incident->queue, frames, count);
	event->type = EVENT_STACK;
	event->stack.origin = STACK_USER;
	event->stack.frames = frames;
	event->stack.frame_count = count;
	memcpy(event->stack.comm, incident->chosen->trigger_comm, sizeof(event->stack.comm) - 1);
	event_queue_push(incident->queue, event);
}

/* Ids are given before the incident's event, which names them and comes before the stacks. */
static void queue_trigger_stacks(const struct incident *incident, uint32_t user_id,
				 uint32_t kernel_id)
{
	const struct ot_kill_record *chosen = incident->chosen;
	struct event_frame frames[OT_MAX_FRAMES + 1];
	struct event event = {.stack = {.id = user_id}};
	uint32_t count = chosen->trigger_stack.frame_count;

	if (user_id) {
		event.stack.end = stack_end_of(&chosen->trigger_stack);
		queue_stack(incident, &event, incident->trigger_frames, count);
	}
	if (kernel_id) {
		event = (struct event){.stack = {.id = kernel_id}};
		count = kernel_symbols_resolve(incident->live->kernel_symbols,
					       chosen->trigger_kernel_stack.frames,
					       chosen->trigger_kernel_stack.frame_count, frames);
		queue_stack(incident, &event, frames, count);
	}
}

static uint32_t stack_id_if(const struct incident *incident, uint32_t frame_count)
{
	return frame_count ? ++incident->live->stacks.last_id : 0;
}

/* A SIGKILL of somebody: who was running is its sender. */
static void queue_sigkill(const struct incident *incident)
{
	const struct ot_kill_record *chosen = incident->chosen;
	char id[64] = "";
	struct event event = {
		.type = EVENT_INCIDENT,
		.incident = {.kind = INCIDENT_SIGKILL,
			     .sources = INCIDENT_FROM_BPF,
			     .id = id,
			     .sequence = incident->item ? incident->watch->sequence : 0,
			     .realtime_ns = clock_realtime_of(chosen->time_ns),
			     .monotonic_ns = chosen->time_ns},
	};

	if (incident->item)
		incident_make_id(incident->watch, event.incident.realtime_ns, id);
	event_queue_push(incident->queue, &event);
}

static void queue_incident(const struct incident *incident, uint32_t user_id, uint32_t kernel_id)
{
	const struct ot_kill_record *chosen = incident->chosen;
	char id[64], path[INCIDENT_PATH_MAX];
	struct event event = {
		.type = EVENT_INCIDENT,
		.incident = {.kind = INCIDENT_OOM_KILL,
			     .sources = INCIDENT_FROM_BPF,
			     .known = INCIDENT_TRIGGER,
			     .id = id,
			     .sequence = incident->watch->sequence,
			     .realtime_ns = clock_realtime_of(chosen->time_ns),
			     .monotonic_ns = chosen->time_ns,
			     .trigger_pid = chosen->trigger_tgid,
			     .trigger_tid = chosen->trigger_tid,
			     .trigger_user_stack = user_id,
			     .trigger_kernel_stack = kernel_id},
	};

	incident_fill_cause(incident, &event.incident);
	incident_make_id(incident->watch, event.incident.realtime_ns, id);
	memcpy(event.incident.trigger_comm, chosen->trigger_comm,
	       sizeof(event.incident.trigger_comm) - 1);
	if (chosen->level_count > 0 && chosen->trigger_cgroup == chosen->levels[0].id) {
		incident_level_path(chosen, 0, path);
		event.incident.trigger_cgroup = path;
	}
	event_queue_push(incident->queue, &event);
}

/* --- what was not seen ---------------------------------------------------------------------- */

static void queue_lost(struct event_queue *queue, const char *cause, const char *meaning,
		       uint64_t count)
{
	const struct event event = {
		.type = EVENT_LOST,
		.lost = {.cause = cause, .meaning = meaning, .count = count, .data = true},
	};

	event_queue_push(queue, &event);
}

/* Beside BPF the log is a second source: what it had no room for, the ring tells. */
static uint64_t crowded(const struct watch *watch)
{
	return watch->cases.crowded + (watch->ring ? 0 : watch->kmsg.crowded);
}

/*
 * Of the kernel's own count, which was read before the ring and the log were: every kill is one
 * that a mark or the log told of, one told twice for it was of a group, or one that found no room.
 */
uint64_t incident_kills_unseen(const struct watch *watch)
{
	uint64_t counted = watch->oom_kills - watch->first_oom_kills;
	uint64_t known = watch->cases.marks + watch->logged + watch->kmsg.repeated + crowded(watch);

	return counted > known ? counted - known : 0;
}

void incident_queue_losses(const struct live *live, struct event_queue *queue)
{
	const struct watch *watch = live->watch;

	if (live->programs) {
		losses_queue(live->programs, true, queue);
		cgroups_queue_refused(&live->cgroups, queue);
	}
	if (live->store)
		queue_lost(queue, "kill-memory",
			   "pieces of what was known at a kill that found no memory set aside",
			   store_refused(live->store));
	queue_lost(queue, "kill-unseen", "OOM kills that the kernel counted and nobody saw",
		   incident_kills_unseen(watch));
	queue_lost(queue, "kill-crowded", "OOM kills that came while too many others waited",
		   crowded(watch));
	if (live->programs)
		queue_lost(queue, "sigkill-crowded",
			   "kills of OOM daemons that came while too many others waited",
			   watch->cases.sent_crowded);
	else
		queue_lost(queue, "log-overrun",
			   "times that the kernel's log was written faster than it was read",
			   watch->kmsg.overruns);
}

/* --- all of it ------------------------------------------------------------------------------ */

static void queue_end(const struct incident *incident)
{
	const struct event event = {
		.type = EVENT_END,
		.end = {.duration_ns = incident->chosen->time_ns - incident->live->start_ns,
			.reason = END_TARGET_ENDED},
	};

	event_queue_push(incident->queue, &event);
}

static bool has_no_swap(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 && info.totalswap == 0;
}

/* Who asked for memory, and of what there was none. Leaves ids for the stacks, which follow. */
static void queue_cause(struct incident *incident, uint32_t *ret_user_id, uint32_t *ret_kernel_id)
{
	const struct ot_kill_record *chosen = incident->chosen;

	*ret_user_id = *ret_kernel_id = 0;
	if (incident->item->sender) {
		queue_sigkill(incident);
		return;
	}
	*ret_user_id = stack_id_if(incident, chosen->trigger_stack.frame_count);
	*ret_kernel_id = stack_id_if(incident, chosen->trigger_kernel_stack.frame_count);
	queue_incident(incident, *ret_user_id, *ret_kernel_id);
}

/*
 * What has to be found out, and may have to be kept: mappings of who asked for memory, and who the
 * victims are. Before the first event, for from there on nothing is allocated.
 */
static void learn(struct incident *incident)
{
	const struct kill_cases *cases = &incident->watch->cases;
	const struct ot_kill_record *chosen = incident->chosen;

	lives_resolve(&incident->live->lives, chosen->trigger_account, chosen->trigger_stack.frames,
		      chosen->trigger_stack.frame_count, incident->trigger_frames);
	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i])
		lives_get(&incident->live->lives, cases->records[i].account);
}

int incident_queue(struct live *live, const struct kill_case *item)
{
	struct incident incident = {
		.live = live,
		.watch = live->watch,
		.item = item,
		.chosen = &live->watch->cases.records[item->first],
		.files = watch_files(live->watch, item),
		.queue = &live->watch->out,
	};
	uint32_t user_id, kernel_id;
	int error;

	live->watch->sequence++;
	if (!item->sender) {
		watch_read_log(live->watch);
		incident.dump = kmsg_oom_find(&live->watch->kmsg, incident.chosen->tid);
	}
	incident.no_swap = has_no_swap();
	declared_begin(&live->watch->declared);
	incident.scope = item->sender ? SCOPE_UNKNOWN : incident_find_scope(&incident);
	learn(&incident);
	live_queue_session(live, incident.queue);
	queue_cause(&incident, &user_id, &kernel_id);
	incident_queue_victims(&incident);
	if (item->sender)
		sigkill_queue_sender(&incident, item->sender);
	incident_queue_levels(&incident);
	incident_queue_candidates(&incident);
	incident_queue_moments(&incident);
	incident_queue_neighbours(&incident);
	queue_trigger_stacks(&incident, user_id, kernel_id);
	error = incident_queue_cells(&incident);
	incident_queue_losses(live, incident.queue);
	queue_end(&incident);
	return error;
}

void incident_queue_brief(struct incident *incident, const struct ot_kill_sender *sender)
{
	live_queue_session(incident->live, incident->queue);
	queue_sigkill(incident);
	incident_queue_victim(incident, incident->chosen, VICTIM_CHOSEN);
	sigkill_queue_sender(incident, sender);
	incident_queue_levels(incident);
	incident_queue_losses(incident->live, incident->queue);
	queue_end(incident);
}
