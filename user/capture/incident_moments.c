// SPDX-License-Identifier: GPL-2.0-or-later
/* How it got there: what the curves have of the time before the kill. */
#include "capture/incident.h"
#include "capture/watch_state.h"

/* Points of whoever is not what the incident is about. */
#define OTHERS_POINTS 64

static uint64_t slot_bytes(const struct incident *incident)
{
	return incident->live->programs->sizes.period_pages * sysconf(_SC_PAGESIZE);
}

/* A page whose kind is not known yet was touched by its process: it is nearly always anon. */
static void fill_process(const struct incident *incident, const uint32_t slots[KIND_COUNT],
			 struct moment_event *moment)
{
	uint64_t bytes = slot_bytes(incident);

	moment->known = MOMENT_RSS;
	moment->anon_bytes = (slots[KIND_ANON] + slots[KIND_PENDING]) * bytes;
	moment->file_bytes = slots[KIND_FILE] * bytes;
	moment->shmem_bytes = slots[KIND_SHMEM] * bytes;
}

static void fill_level(const uint32_t values[CGROUP_VALUE_COUNT], bool host,
		       struct moment_event *moment)
{
	uint64_t page_bytes = sysconf(_SC_PAGESIZE);

	if (!host) {
		moment->known |= MOMENT_USAGE;
		moment->usage_bytes = values[CGROUP_VALUE_USAGE] * page_bytes;
	}
	if (!host && values[CGROUP_VALUE_LIMIT] != CGROUP_NO_LIMIT) {
		moment->known |= MOMENT_LIMIT;
		moment->limit_bytes = values[CGROUP_VALUE_LIMIT] * page_bytes;
	}
	if (values[CGROUP_VALUE_HAS_PRESSURE]) {
		moment->known |= MOMENT_PRESSURE;
		moment->stall_some_us = UINT64_C(1000) * values[CGROUP_VALUE_SOME];
		moment->stall_full_us = UINT64_C(1000) * values[CGROUP_VALUE_FULL];
	}
}

/* Evenly `most` of them; the last one always. */
static bool is_told(uint32_t index, uint32_t count, uint32_t most)
{
	if (count <= most || index + 1 == count)
		return true;
	return (uint64_t)index * most / count != (uint64_t)(index + 1) * most / count;
}

static void queue_curve(const struct incident *incident, const struct curve *curve,
			uint32_t process, uint32_t level, uint32_t most)
{
	for (uint32_t i = 0; curve && i < curve->count; i++) {
		struct curve_point point = curve->points[i];
		struct event event = {
			.type = EVENT_MOMENT,
			.moment = {.before_ns = incident->chosen->time_ns - point.time_ns,
				   .process = process,
				   .level = level},
		};

		if (point.time_ns > incident->chosen->time_ns || !is_told(i, curve->count, most))
			continue;
		if (process)
			fill_process(incident, point.values, &event.moment);
		else
			fill_level(point.values, level == LEVEL_HOST, &event.moment);
		event_queue_push(incident->queue, &event);
	}
}

static void queue_victims(const struct incident *incident)
{
	const struct kill_cases *cases = &incident->watch->cases;

	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i])
		if (cases->roles[i] != VICTIM_SHARER)
			queue_curve(incident,
				    timeline_find(&incident->watch->curves.timeline,
						  cases->records[i].life),
				    incident->processes[i], 0,
				    i == incident->item->first ? CURVE_POINTS : OTHERS_POINTS);
}

static void queue_levels(const struct incident *incident)
{
	const struct cgroup_curves *cgroups = &incident->watch->curves.cgroups;
	uint32_t fired = incident_level_fired(incident->chosen);

	for (uint32_t i = 0; i < incident->chosen->level_count && i < OT_KILL_LEVELS; i++)
		queue_curve(incident, cgroup_curves_find(cgroups, incident->chosen->levels[i].id),
			    0, i, i == fired ? CURVE_POINTS : OTHERS_POINTS);
	queue_curve(incident, &cgroups->host, 0, LEVEL_HOST, OTHERS_POINTS);
}

/* Of the levels that were declared, and of the host. */
static void queue_warnings(const struct incident *incident)
{
	const struct warnings *warnings = &incident->watch->warnings;
	const struct ot_kill_record *chosen = incident->chosen;
	uint64_t start_ns = incident->live->start_ns;

	for (uint32_t i = 0; i < chosen->level_count && i < OT_KILL_LEVELS; i++)
		warnings_queue_told(warnings, chosen->levels[i].id, i, start_ns, chosen->time_ns,
				    incident->queue);
	warnings_queue_told(warnings, 0, LEVEL_HOST, start_ns, chosen->time_ns, incident->queue);
}

void incident_queue_moments(const struct incident *incident)
{
	queue_victims(incident);
	queue_levels(incident);
	queue_warnings(incident);
}

void incident_queue_moments_of(const struct incident *incident, const struct ot_account *account,
			       uint32_t process)
{
	struct event event = {.type = EVENT_MOMENT, .moment = {.process = process}};
	uint32_t slots[KIND_COUNT];

	queue_curve(incident, timeline_find(&incident->watch->curves.timeline, account->life),
		    process, 0, OTHERS_POINTS);
	/* and what it holds now */
	timeline_read_slots(account, slots);
	fill_process(incident, slots, &event.moment);
	event_queue_push(incident->queue, &event);
}
