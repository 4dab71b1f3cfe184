// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/warnings.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture/incident.h"
#include "capture/watch_state.h"

#define HOST CGROUP_CURVES

int warnings_init(struct warnings *warnings, const struct warn_percents *percents,
		  const struct ledger *ledger)
{
	*warnings = (struct warnings){0};
	if (!percents || !percents->count)
		return 0;
	warnings->percents = percents;
	warnings->limits = calloc(CGROUP_CURVES + 1, sizeof(*warnings->limits));
	warnings->inside = calloc(ledger->account_count, sizeof(*warnings->inside));
	if (!warnings->limits || !warnings->inside)
		return -ENOMEM;
	return cell_baseline_init(&warnings->baseline, ledger);
}

void warnings_release(struct warnings *warnings)
{
	free(warnings->limits);
	free(warnings->inside);
	cell_baseline_release(&warnings->baseline);
	*warnings = (struct warnings){0};
}

uint32_t warning_crossed(const struct warn_percents *percents, uint32_t *told, uint64_t held_bytes,
			 uint64_t limit_bytes)
{
	double percent = limit_bytes ? 100.0 * (double)held_bytes / (double)limit_bytes : 0;
	uint32_t crossed = 0;

	for (uint32_t i = 0; i < percents->count; i++) {
		uint32_t bit = 1U << i, wanted = percents->items[i];

		if (percent + WARNING_REARM <= wanted)
			*told &= ~bit;
		if (percent < wanted || *told & bit)
			continue;
		*told |= bit;
		crossed = wanted > crossed ? wanted : crossed;
	}
	return crossed;
}

/* --- the events ---------------------------------------------------------------------------- */

static void queue_level(const struct known_cgroup *known, struct event_queue *queue)
{
	const struct event event = {
		.type = EVENT_LEVEL,
		.level = {.id = known->inode, .path = known->path, .when = TAKEN_BEFORE},
	};

	event_queue_push(queue, &event);
}

/* Whoever filled it earlier was killed, or ended: that is not of what fills it up at `at_ns`. */
static uint64_t filling_since(const struct warned_limit *limit, uint64_t at_ns)
{
	return at_ns < limit->since_ns ? limit->since_before_ns : limit->since_ns;
}

static void queue_points(const struct warned_limit *limit, uint32_t level, uint64_t until_ns,
			 struct event_queue *queue)
{
	uint64_t since_ns = filling_since(limit, until_ns);

	for (uint32_t i = 0; i < limit->count && limit->points[i].time_ns <= until_ns; i++) {
		struct event event = {.type = EVENT_CHARGE, .charge = limit->points[i]};

		if (limit->points[i].time_ns < since_ns)
			continue;
		event.charge.level = level;
		event_queue_push(queue, &event);
	}
}

/* The host's level has no cgroup, and is not declared. */
static void queue_warning(struct live *live, const struct warned_limit *limit,
			  const struct known_cgroup *known, uint32_t percent, uint64_t now_ns)
{
	struct incident told = {.live = live, .watch = live->watch, .queue = &live->watch->brief};
	uint32_t level = known ? 0 : LEVEL_HOST;
	const struct event incident = {
		.type = EVENT_INCIDENT,
		.incident = {.kind = INCIDENT_WARNING,
			     .scope = known ? SCOPE_MEMCG : SCOPE_GLOBAL,
			     .id = "",
			     .realtime_ns = clock_realtime_of(now_ns),
			     .monotonic_ns = now_ns},
	};
	struct event warning = {
		.type = EVENT_WARNING,
		.warning = {.level = level, .percent = percent},
	};
	struct event end = {.type = EVENT_END, .end = {.reason = END_INTERRUPTED}};
	struct growing growing;
	uint64_t read_ns;

	incident_find_growing(&told, known, &growing);
	read_ns = clock_monotonic_ns();
	end.end.duration_ns = read_ns - live->start_ns;
	warning.warning.grown_slots = growing.all_slots;
	warning.warning.grown_stacks = growing.all_count;
	live_queue_session(live, told.queue);
	event_queue_push(told.queue, &incident);
	if (known)
		queue_level(known, told.queue);
	event_queue_push(told.queue, &warning);
	queue_points(limit, level, UINT64_MAX, told.queue);
	incident_queue_growing(&told, &growing, read_ns);
	event_queue_push(told.queue, &end);
	live->watch->warnings.count++;
}

/* --- what an incident has of them ---------------------------------------------------------- */

static void keep(struct warned_limit *limit, const struct cgroup_charge *charge, uint32_t percent,
		 uint64_t now_ns)
{
	if (limit->warning_count == WARNINGS_KEPT)
		memmove(limit->warnings, limit->warnings + 1,
			--limit->warning_count * sizeof(limit->warnings[0]));
	limit->warnings[limit->warning_count++] = (struct told_warning){
		.time_ns = now_ns,
		.held_bytes = charge->held_bytes,
		.limit_bytes = charge->limit_bytes,
		.percent = percent,
	};
}

static const struct warned_limit *find(const struct warnings *warnings, uint64_t id)
{
	for (int i = 0; i < CGROUP_CURVES && id; i++)
		if (warnings->limits[i].id == id)
			return &warnings->limits[i];
	return id ? NULL : &warnings->limits[HOST];
}

void warnings_queue_told(const struct warnings *warnings, uint64_t id, uint32_t level,
			 uint64_t start_ns, uint64_t killed_ns, struct event_queue *queue)
{
	const struct warned_limit *limit = warnings->limits ? find(warnings, id) : NULL;
	uint64_t since_ns = limit ? start_ns + filling_since(limit, killed_ns - start_ns) : 0;
	bool any = false;

	for (uint32_t i = 0; limit && i < limit->warning_count; i++) {
		const struct told_warning *told = &limit->warnings[i];
		const struct event event = {
			.type = EVENT_WARNING,
			.warning = {.level = level,
				    .percent = told->percent,
				    .before_ns = killed_ns - told->time_ns,
				    .held_bytes = told->held_bytes,
				    .limit_bytes = told->limit_bytes},
		};

		if (told->time_ns > killed_ns || told->time_ns < since_ns)
			continue;
		event_queue_push(queue, &event);
		any = true;
	}
	if (any)
		queue_points(limit, level, killed_ns - start_ns, queue);
}

/* --- once a second ------------------------------------------------------------------------- */

/* A process that grows again is not told by what the one before it did. */
static bool is_relief(const struct warned_limit *limit, const struct cgroup_charge *charge)
{
	return limit->count && charge->held_bytes < limit->points[limit->count - 1].held_bytes / 4;
}

static void add_point(struct warned_limit *limit, const struct cgroup_charge *charge,
		      uint64_t time_ns)
{
	if (is_relief(limit, charge)) {
		limit->since_before_ns = limit->since_ns;
		limit->since_ns = time_ns;
	}
	if (limit->count == WARNING_POINTS) {
		limit->count /= 2;
		for (uint32_t i = 0; i < limit->count; i++)
			limit->points[i] = limit->points[2 * i + 1];
	}
	limit->points[limit->count++] = (struct charge_event){
		.time_ns = time_ns,
		.held_bytes = charge->held_bytes,
		.usage_bytes = charge->usage_bytes,
		.limit_bytes = charge->limit_bytes,
	};
}

static void take_charge(struct live *live, struct warned_limit *limit,
			const struct known_cgroup *known, const struct cgroup_charge *charge,
			uint64_t now_ns)
{
	uint32_t percent;

	add_point(limit, charge, now_ns - live->start_ns);
	percent = warning_crossed(live->watch->warnings.percents, &limit->told, charge->held_bytes,
				  charge->limit_bytes);
	if (!percent)
		return;
	keep(limit, charge, percent, now_ns);
	queue_warning(live, limit, known, percent, now_ns);
}

/* Its curve's place may have become another cgroup's. */
static void look_at_cgroup(struct live *live, struct warned_limit *limit, uint64_t id,
			   uint64_t now_ns)
{
	struct cgroups *cgroups = live->watch->curves.cgroups.cgroups;
	const struct known_cgroup *known;
	struct cgroup cgroup = {.unified = cgroups->root.unified};
	struct cgroup_charge charge;
	_cleanup_close_ int dir_fd = -1;

	if (limit->id != id) {
		limit->id = id;
		limit->told = limit->count = limit->warning_count = 0;
		limit->since_ns = limit->since_before_ns = 0;
	}
	known = id ? cgroups_get(cgroups, cgroups_id(cgroups, id)) : NULL;
	if (!known)
		return;
	cgroup.fd = dir_fd = cgroups_open(cgroups, known);
	if (dir_fd >= 0 && !cgroup_charge(&cgroup, &charge))
		take_charge(live, limit, known, &charge, now_ns);
}

void warnings_look(struct live *live, uint64_t now_ns)
{
	const struct warnings *warnings = &live->watch->warnings;
	struct cgroup_charge charge;

	if (!warnings->limits)
		return;
	for (int i = 0; i < CGROUP_CURVES; i++)
		look_at_cgroup(live, &warnings->limits[i], live->watch->curves.cgroups.items[i].id,
			       now_ns);
	if (!cgroup_charge_host(&live->root, &charge))
		take_charge(live, &warnings->limits[HOST], NULL, &charge, now_ns);
	/* after the comparisons: one with itself says nothing */
	cell_baseline_tick(&live->watch->warnings.baseline, &live->ledger, clock_monotonic_ns());
}
