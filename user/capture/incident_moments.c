// SPDX-License-Identifier: GPL-2.0-or-later
/* How it got there: what the ledger has of the victims' minutes before the kill. */
#include "capture/incident.h"
#include "capture/watch_state.h"

static uint64_t slot_bytes(const struct incident *incident)
{
	return incident->live->programs->sizes.period_pages * sysconf(_SC_PAGESIZE);
}

/* A page whose kind is not known yet was touched by its process: it is nearly always anon. */
static void queue_moment(const struct incident *incident, uint32_t process,
			 const struct timeline_point *point)
{
	uint64_t bytes = slot_bytes(incident);
	const struct event event = {
		.type = EVENT_MOMENT,
		.moment = {.before_ns = incident->chosen->time_ns - point->time_ns,
			   .process = process,
			   .known = MOMENT_RSS,
			   .anon_bytes =
				   (point->slots[KIND_ANON] + point->slots[KIND_PENDING]) * bytes,
			   .file_bytes = point->slots[KIND_FILE] * bytes,
			   .shmem_bytes = point->slots[KIND_SHMEM] * bytes},
	};

	event_queue_push(incident->queue, &event);
}

void incident_queue_moments(const struct incident *incident)
{
	const struct kill_cases *cases = &incident->watch->cases;

	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i]) {
		const struct timeline_curve *curve =
			timeline_find(&incident->watch->timeline, cases->records[i].life);

		if (!curve || cases->roles[i] == VICTIM_SHARER)
			continue;
		for (uint32_t point = 0; point < curve->count; point++)
			if (curve->points[point].time_ns <= incident->chosen->time_ns)
				queue_moment(incident, incident->processes[i],
					     &curve->points[point]);
	}
}
