// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "capture/cell_figures.h"
#include "capture/incident.h"
#include "capture/watch_state.h"

/* Which process of the incident an account is; those that share an mm share its account. 0: none.
 */
static uint32_t process_of(const struct incident *incident, uint32_t account)
{
	const struct kill_cases *cases = &incident->watch->cases;

	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i])
		if (cases->records[i].account == account)
			return incident->processes[i];
	return 0;
}

static uint32_t queue_label(const struct incident *incident, uint32_t ids[STACK_ORIGIN_COUNT],
			    enum stack_origin origin)
{
	struct event event = {.type = EVENT_STACK, .stack = {.origin = origin}};

	if (!ids[origin]) {
		ids[origin] = event.stack.id = ++incident->live->stacks.last_id;
		event_queue_push(incident->queue, &event);
	}
	return ids[origin];
}

/* A cell has a stack of its own, so each is declared once. */
static uint32_t queue_stack(const struct incident *incident, const struct stack *stack)
{
	struct event event = {
		.type = EVENT_STACK,
		.stack = {.id = stack->id,
			  .origin = STACK_USER,
			  .end = stack->end,
			  .frame_count = stack->frame_count,
			  .frames = stack->frames},
	};

	declared_queue(&incident->watch->declared, incident->queue, stack->frames,
		       stack->frame_count);
	memcpy(event.stack.comm, stack->comm, sizeof(event.stack.comm));
	event_queue_push(incident->queue, &event);
	return stack->id;
}

static void queue_cell(const struct incident *incident, uint32_t number, uint32_t process,
		       uint32_t labels[STACK_ORIGIN_COUNT])
{
	const struct ledger *ledger = &incident->live->ledger;
	const struct stack *stack = stacks_get(&incident->live->stacks, number);
	struct event event = {.type = EVENT_CELL, .cell = {.process = process}};

	if (!cell_figures(&ledger->cells[number], &event.cell))
		return;
	if (stack)
		event.cell.stack = queue_stack(incident, stack);
	else
		event.cell.stack =
			queue_label(incident, labels,
				    number < ledger_first_stack_cell(ledger) ? cell_origin(number)
									     : STACK_LOST);
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
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (record->rss_pages[table[i].kind] > 0)
			*table[i].bytes = record->rss_pages[table[i].kind] * page_bytes;
	event_queue_push(incident->queue, &event);
}

int incident_queue_cells(const struct incident *incident)
{
	const struct ledger *ledger = &incident->live->ledger;
	const struct kill_cases *cases = &incident->watch->cases;
	uint32_t labels[STACK_ORIGIN_COUNT] = {0};
	int error = programs_settle_cpus(incident->live->programs);

	if (!error)
		error = ledger_settle(ledger, incident->live->programs);
	queue_snapshot(incident);
	for (uint32_t i = incident->item->first; i != KILL_NONE; i = cases->next[i])
		queue_memory(incident, &cases->records[i], incident->processes[i]);
	for (uint32_t cell = 0; cell < ledger->cell_count; cell++) {
		uint32_t account = ledger->cells[cell].account, process;

		if (!ledger->cells[cell].in_use || account <= OT_ACCOUNT_NOBODY)
			continue;
		process = process_of(incident, account);
		if (process)
			queue_cell(incident, cell, process, labels);
	}
	/* what was lost is of this snapshot, too: the end of the incident closes it */
	return error;
}
