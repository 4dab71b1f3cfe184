// SPDX-License-Identifier: GPL-2.0-or-later
/* What the victim did first: the note that was taken of it when it was small. */
#include "capture/incident.h"
#include "capture/watch_state.h"

static uint64_t slot_bytes(const struct incident *incident)
{
	return (uint64_t)incident->live->programs->sizes.period_pages * sysconf(_SC_PAGESIZE);
}

/* As a life is measured: without page cache. */
static uint64_t bytes_at_kill(const struct ot_kill_record *record)
{
	int64_t pages = record->rss_pages[OT_RSS_ANON] + record->rss_pages[OT_RSS_SHMEM] +
			record->rss_pages[OT_RSS_SWAP];

	return pages > 0 ? (uint64_t)pages * sysconf(_SC_PAGESIZE) : 0;
}

/* Of a cell that is another stack's by now nobody knows what it was. */
static uint32_t stack_of(struct incident *incident, const struct early_cell *cell)
{
	const struct ot_cell *now = &incident->live->ledger.cells[cell->cell];

	return now->in_use && now->generation == cell->generation
		       ? incident_queue_stack(incident, cell->cell)
		       : 0;
}

void incident_queue_early(struct incident *incident, const struct ot_kill_record *record,
			  uint32_t process)
{
	const struct early_stacks *early = watch_early(incident->watch, record->life);
	const struct early_stage *stage =
		early ? early_stacks_of(early, bytes_at_kill(record), slot_bytes(incident)) : NULL;
	struct event event = {.type = EVENT_EARLY, .early = {.process = process}};

	if (!stage || stage->time_ns > record->time_ns)
		return;
	event.early.before_ns = record->time_ns - stage->time_ns;
	event.early.held_bytes = stage->slots * slot_bytes(incident);
	for (uint32_t i = 0; i < stage->count; i++) {
		event.early.stack = stack_of(incident, &stage->cells[i]);
		event.early.bytes = stage->cells[i].slots * slot_bytes(incident);
		if (event.early.stack)
			event_queue_push(incident->queue, &event);
	}
}
