// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "capture/cell_figures.h"
#include "capture/incident.h"
#include "capture/watch_state.h"

static uint32_t record_of(const struct incident *incident, uint32_t account)
{
	const struct kill_cases *cases = &incident->watch->cases;
	uint32_t i = incident->item->first;

	while (i != KILL_NONE && cases->records[i].account != account)
		i = cases->next[i];
	return i;
}

uint32_t incident_process_of(const struct incident *incident, uint32_t account)
{
	uint32_t record = record_of(incident, account);

	return record == KILL_NONE ? 0 : incident->processes[record];
}

static uint32_t queue_label(struct incident *incident, enum stack_origin origin)
{
	struct event event = {.type = EVENT_STACK, .stack = {.origin = origin}};
	uint32_t *id = &incident->labels[origin];

	if (!*id) {
		*id = event.stack.id = ++incident->live->stacks.last_id;
		event_queue_push(incident->queue, &event);
	}
	return *id;
}

static uint32_t queue_stack(struct incident *incident, struct stack *stack)
{
	struct event event = {
		.type = EVENT_STACK,
		.stack = {.id = stack->id,
			  .origin = STACK_USER,
			  .end = stack->end,
			  .frame_count = stack->frame_count,
			  .frames = stack->frames},
	};

	if (stack->incident == incident->watch->declared.incident)
		return stack->id;
	stack->incident = incident->watch->declared.incident;
	declared_queue(&incident->watch->declared, incident->queue, stack->frames,
		       stack->frame_count);
	memcpy(event.stack.comm, stack->comm, sizeof(event.stack.comm));
	event_queue_push(incident->queue, &event);
	return stack->id;
}

uint32_t incident_queue_stack(struct incident *incident, uint32_t cell)
{
	struct stack *stack = stacks_get(&incident->live->stacks, cell);

	if (stack)
		return queue_stack(incident, stack);
	return queue_label(incident, cell < ledger_first_stack_cell(&incident->live->ledger)
					     ? cell_origin(cell)
					     : STACK_LOST);
}

static void queue_cell(struct incident *incident, uint32_t number, uint32_t record)
{
	struct event event = {
		.type = EVENT_CELL,
		.cell = {.process = incident->processes[record]},
	};

	if (!cell_figures(&incident->live->ledger.cells[number], &event.cell))
		return;
	incident->anon_slots[record] +=
		event.cell.live_slots[KIND_ANON] + event.cell.held_slots[KIND_ANON];
	event.cell.stack = incident_queue_stack(incident, number);
	event_queue_push(incident->queue, &event);
}

static void queue_snapshot(const struct incident *incident)
{
	const struct event event = {
		.type = EVENT_SNAPSHOT,
		.snapshot = {.time_ns = incident->chosen->time_ns - incident->live->start_ns,
			     .last = true},
	};

	event_queue_push(incident->queue, &event);
}

/* What the kernel says the victim held, next to what the ledger says. */
static void queue_memory(const struct incident *incident, const struct ot_kill_record *record,
			 uint32_t process)
{
	uint64_t page_bytes = sysconf(_SC_PAGESIZE);
	struct event event = {
		.type = EVENT_MEMORY,
		.memory = {.process = process,
			   .when = MEMORY_END,
			   .known = MEMORY_RSS | MEMORY_PAGE_TABLES,
			   .page_table_bytes = record->page_table_bytes},
	};
	const struct {
		enum ot_rss kind;
		uint64_t *bytes;
	} table[] = {
		{OT_RSS_ANON, &event.memory.rss_anon_bytes},
		{OT_RSS_FILE, &event.memory.rss_file_bytes},
		{OT_RSS_SHMEM, &event.memory.rss_shmem_bytes},
		{OT_RSS_SWAP, &event.memory.swap_bytes},
	};

	if (!record->life)
		return;
	if (adopt_host_missed(&incident->watch->adopting, &incident->live->ledger, record->account,
			      record->life))
		event.memory.known |= MEMORY_BEFORE_BY_SUBTRACTION;
	if (incident_author_of(incident, record))
		event.memory.known |= MEMORY_INHERITED_BY_SUBTRACTION;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (record->rss_pages[table[i].kind] > 0)
			*table[i].bytes = record->rss_pages[table[i].kind] * page_bytes;
	event_queue_push(incident->queue, &event);
}

int incident_queue_cells(struct incident *incident)
{
	const struct ledger *ledger = &incident->live->ledger;
	const struct kill_cases *cases = &incident->watch->cases;
	int error = programs_settle_cpus(incident->live->programs);

	if (!error)
		error = ledger_settle(ledger, incident->live->programs);
	queue_snapshot(incident);
	/* whoever shares the memory of one who is told has none besides */
	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i])
		if (cases->roles[i] != VICTIM_SHARER)
			queue_memory(incident, &cases->records[i], incident->processes[i]);
	for (uint32_t cell = 0; cell < ledger->cell_count; cell++) {
		uint32_t account = ledger->cells[cell].account, record;

		if (!ledger->cells[cell].in_use || account <= OT_ACCOUNT_NOBODY)
			continue;
		record = record_of(incident, account);
		if (record != KILL_NONE)
			queue_cell(incident, cell, record);
	}
	incident_queue_inherited(incident);
	if (incident->chosen->life)
		incident_queue_early(incident, incident->chosen,
				     incident_process_of(incident, incident->chosen->account));
	/* what was lost is of this snapshot, too: the end of the incident closes it */
	return error;
}
