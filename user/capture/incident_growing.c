// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which stacks have grown most where a limit comes near: two snapshots of these alone, what they
 * held some time ago and what they hold now.
 */
#include <string.h>

#include "capture/incident.h"
#include "capture/watch_state.h"

/* A frame, a declaration and a snapshot's figures, as a trace file has them, at most. */
#define FRAME_BYTES 16
#define RECORD_BYTES 160

/* --- who is there --------------------------------------------------------------------------- */

static bool is_inside(const struct incident *incident, const struct ot_account *account,
		      const struct known_cgroup *above)
{
	const struct cgroups *cgroups = &incident->live->cgroups;
	const struct known_cgroup *own;

	if (account->in_use != OT_ACCOUNT_LIFE || account->pre_exec)
		return false;
	if (!above || account->cgroup == above->inode)
		return true;
	own = cgroups_get((struct cgroups *)cgroups, cgroups_known(cgroups, account->cgroup));
	return own && cgroups_is_above(above->path, own->path);
}

static void find_inside(const struct incident *incident, const struct known_cgroup *above,
			bool *inside)
{
	const struct ledger *ledger = &incident->live->ledger;

	for (uint32_t i = 0; i < ledger->account_count; i++)
		inside[i] =
			i > OT_ACCOUNT_NOBODY && is_inside(incident, &ledger->accounts[i], above);
}

/* --- what grew ------------------------------------------------------------------------------ */

static uint64_t sum(const struct cell_event *cell)
{
	return cell->live_slots[KIND_ANON] + cell->live_slots[KIND_SHMEM] +
	       cell->live_slots[KIND_KERNEL];
}

static void add(struct growing *growing, uint32_t cell, uint64_t slots)
{
	uint32_t at = growing->count;

	growing->all_slots += slots;
	growing->all_count++;
	if (at < GROWING_STACKS)
		growing->count++;
	else if (slots <= growing->slots[--at])
		return;
	for (; at > 0 && growing->slots[at - 1] < slots; at--) {
		growing->cells[at] = growing->cells[at - 1];
		growing->slots[at] = growing->slots[at - 1];
	}
	growing->cells[at] = cell;
	growing->slots[at] = slots;
}

static void find_since(const struct incident *incident, enum baseline_age age,
		       struct growing *ret_growing)
{
	const struct warnings *warnings = &incident->watch->warnings;
	const struct cell_baseline *baseline = &warnings->baseline;
	const struct ledger *ledger = &incident->live->ledger;

	*ret_growing = (struct growing){.age = age};
	if (!cell_baseline_time_ns(baseline, age))
		return;
	for (uint32_t cell = baseline->first; cell < ledger->cell_count; cell++) {
		struct cell_event then, now;

		if (!ledger->cells[cell].in_use || !warnings->inside[ledger->cells[cell].account])
			continue;
		cell_baseline_compare(baseline, age, ledger, cell, &then, &now);
		if (sum(&now) > sum(&then))
			add(ret_growing, cell, sum(&now) - sum(&then));
	}
}

void incident_find_growing(const struct incident *incident, const struct known_cgroup *above,
			   struct growing *ret_growing)
{
	*ret_growing = (struct growing){.count = 0};
	if (!incident->watch->warnings.baseline.count)
		return;
	/* stacks are told of before their cells are used */
	live_take_records(incident->live, RING_BUDGET_NS);
	programs_settle_cpus(incident->live->programs);
	ledger_settle(&incident->live->ledger, incident->live->programs);
	find_inside(incident, above, incident->watch->warnings.inside);
	for (int age = 0; age < BASELINE_AGES; age++) {
		find_since(incident, age, ret_growing);
		if (ret_growing->count && ret_growing->slots[0] >= GROWING_SLOTS)
			return;
	}
}

/* --- what is told of it --------------------------------------------------------------------- */

/* Paths and stacks are of any length, and a warning has room for some. */
static size_t bytes_of(const struct incident *incident, const struct stack *stack)
{
	const struct declared *declared = &incident->watch->declared;
	size_t bytes = 4 * RECORD_BYTES;
	uint32_t module = 0;

	for (uint32_t i = 0; i < stack->frame_count; i++) {
		const struct event_frame *frame = &stack->frames[i];
		const char *name = declared_name(declared, frame);

		bytes += FRAME_BYTES + (name ? RECORD_BYTES + strlen(name) : 0);
		if (frame->module && frame->module != module &&
		    frame->module < declared->module_count &&
		    declared->modules[frame->module].event.id)
			bytes += RECORD_BYTES + strlen(declared->modules[frame->module].event.path);
		module = frame->module;
	}
	return bytes;
}

/* Declares it, and its stack and process; false: there is no room for it. */
static bool declare(struct incident *incident, const struct growing *growing, uint32_t index,
		    struct growing_told *told)
{
	const struct ledger *ledger = &incident->live->ledger;
	uint32_t cell = growing->cells[index], account = ledger->cells[cell].account;
	const struct stack *stack = stacks_get(&incident->live->stacks, cell);
	size_t bytes = stack ? bytes_of(incident, stack) : RECORD_BYTES;

	if (bytes > told->left_bytes)
		return false;
	told->left_bytes -= bytes;
	for (uint32_t i = 0; i < index && !told->processes[index]; i++)
		if (ledger->cells[growing->cells[i]].account == account)
			told->processes[index] = told->processes[i];
	if (!told->processes[index])
		told->processes[index] = incident_queue_account(incident, account);
	told->stacks[index] = incident_queue_stack(incident, cell);
	return true;
}

static void queue_snapshot(const struct incident *incident, const struct growing *growing,
			   const struct growing_told *told, uint64_t time_ns, bool last)
{
	const struct warnings *warnings = &incident->watch->warnings;
	struct event event = {
		.type = EVENT_SNAPSHOT,
		.snapshot = {.time_ns = time_ns - incident->live->start_ns, .last = last}};

	event_queue_push(incident->queue, &event);
	for (uint32_t i = 0; i < growing->count; i++) {
		struct cell_event then, now;

		if (!told->stacks[i])
			continue;
		cell_baseline_compare(&warnings->baseline, growing->age, &incident->live->ledger,
				      growing->cells[i], &then, &now);
		event = (struct event){.type = EVENT_CELL, .cell = last ? now : then};
		event.cell.process = told->processes[i];
		event.cell.stack = told->stacks[i];
		event_queue_push(incident->queue, &event);
	}
}

void incident_queue_growing(struct incident *incident, const struct growing *growing,
			    uint64_t now_ns)
{
	struct growing_told told = {.left_bytes = GROWING_BYTES};

	if (!growing->count)
		return;
	declared_begin(&incident->watch->declared);
	for (uint32_t i = 0; i < growing->count; i++)
		declare(incident, growing, i, &told);
	queue_snapshot(incident, growing, &told,
		       cell_baseline_time_ns(&incident->watch->warnings.baseline, growing->age),
		       false);
	queue_snapshot(incident, growing, &told, now_ns, true);
}
