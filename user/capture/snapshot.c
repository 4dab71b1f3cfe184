// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/snapshot.h"

#include <string.h>

#include "capture/files.h"
#include "capture/cell_figures.h"
#include "capture/losses.h"
#include "capture/stack_ends.h"
#include "capture/mapping_kinds.h"
#include "capture/meminfo.h"
#include "capture/procfs.h"
#include "capture/reconcile.h"
#include "capture/sweep.h"

static uint32_t queue_label(const struct snapshot_context *context, enum stack_origin origin)
{
	struct event event = {.type = EVENT_STACK, .stack = {.origin = origin}};
	uint32_t *id = &context->labels->stack_ids[origin];

	if (!*id) {
		*id = ++context->stacks->last_id;
		event.stack.id = *id;
		event_queue_push(context->queue, &event);
	}
	return *id;
}

static uint32_t queue_stack(const struct snapshot_context *context, struct stack *stack)
{
	struct event event = {
		.type = EVENT_STACK,
		.stack = {.id = stack->id,
			  .origin = STACK_USER,
			  .end = stack->end,
			  .frame_count = stack->frame_count,
			  .frames = stack->frames},
	};

	if (!stack->announced) {
		stack->announced = true;
		memcpy(event.stack.comm, stack->comm, sizeof(event.stack.comm));
		event_queue_push(context->queue, &event);
	}
	return stack->id;
}

/* The id of a cell's stack, its event queued before. */
static uint32_t stack_of_cell(const struct snapshot_context *context, uint32_t cell)
{
	struct stack *stack;

	if (sweep_is_fold(context->ledger, cell))
		return queue_label(context, STACK_RETIRED);
	if (cell < ledger_first_stack_cell(context->ledger))
		return queue_label(context, cell_origin(cell));
	stack = stacks_get(context->stacks, cell);
	if (!stack) {
		/* Its record is on the way: it was sent before the cell was used. */
		context->drain(context->drain_context);
		stack = stacks_get(context->stacks, cell);
	}
	return stack ? queue_stack(context, stack) : queue_label(context, STACK_LOST);
}

/* Work without an account is shown as a process of its own, with pid 0. */
static uint32_t nobody(const struct snapshot_context *context)
{
	struct event event = {.type = EVENT_PROCESS, .process = {.comm = "[unattributed]"}};
	uint32_t *id = &context->labels->nobody_id;

	if (!*id) {
		*id = ++context->lives->last_id;
		event.process.id = *id;
		event_queue_push(context->queue, &event);
	}
	return *id;
}

/* What the dead of a cgroup have left is shown as one process, with pid 0. */
static uint32_t legacy(const struct snapshot_context *context, uint32_t account)
{
	struct event event = {.type = EVENT_PROCESS, .process = {.comm = "[ended]"}};
	uint64_t inode = context->ledger->accounts[account].cgroup;
	struct known_cgroup *cgroup =
		cgroups_get(context->cgroups, cgroups_id(context->cgroups, inode));

	if (!cgroup)
		return nobody(context);
	if (!cgroup->legacy_process) {
		cgroup->legacy_process = ++context->lives->last_id;
		event.process.id = cgroup->legacy_process;
		event_queue_push(context->queue, &event);
	}
	return cgroup->legacy_process;
}

/* False when the account is not to be shown. */
static bool process_of_account(const struct snapshot_context *context, uint32_t account,
			       uint32_t *ret_process)
{
	struct life *life;

	if (account == OT_ACCOUNT_NOBODY) {
		*ret_process = nobody(context);
		return true;
	}
	if (context->ledger->accounts[account].in_use == OT_ACCOUNT_LEGACY) {
		*ret_process = legacy(context, account);
		return true;
	}
	life = lives_get(context->lives, account);
	if (!life || life->hidden)
		return false;
	lives_announce(context->lives, life, false);
	*ret_process = life->id;
	return true;
}

/* Whose cgroup the process of an account is in. */
static void queue_member(const struct snapshot_context *context, uint32_t account)
{
	struct event event = {.type = EVENT_MEMBER};

	if (account <= OT_ACCOUNT_NOBODY ||
	    !process_of_account(context, account, &event.member.process))
		return;
	event.member.cgroup =
		cgroups_id(context->cgroups, context->ledger->accounts[account].cgroup);
	if (!event.member.cgroup)
		return;
	cgroups_want(context->cgroups, event.member.cgroup);
	event_queue_push(context->queue, &event);
}

static void queue_cgroups(const struct snapshot_context *context)
{
	for (uint32_t account = 0; context->cgroups && account < context->ledger->account_count;
	     account++)
		queue_member(context, account);
	if (context->cgroups)
		cgroups_queue_wanted(context->cgroups, context->queue);
}

static void queue_cell(const struct snapshot_context *context, uint32_t number)
{
	const struct ot_cell *cell = &context->ledger->cells[number];
	struct event event = {.type = EVENT_CELL};

	/* Places a mover filled and nobody claimed: mostly of processes that are not traced. */
	if (number == OT_ACCOUNT_NOBODY * OT_FIXED_COUNT + OT_FIXED_MOVED)
		return;
	if (!cell->in_use || !cell_figures(cell, &event.cell))
		return;
	if (!process_of_account(context, cell->account, &event.cell.process))
		return;
	event.cell.stack = stack_of_cell(context, number);
	event_queue_push(context->queue, &event);
}

static void queue_inheritance(const struct snapshot_context *context,
			      const struct inheritance *inheritance)
{
	uint32_t author = context->ledger->cells[inheritance->cell].account;
	struct event event = {.type = EVENT_INHERITED};

	if (!process_of_account(context, inheritance->heir, &event.inherited.process) ||
	    !process_of_account(context, author, &event.inherited.author))
		return;
	event.inherited.author_pid = context->ledger->accounts[author].tgid;
	event.inherited.stack = stack_of_cell(context, inheritance->cell);
	memcpy(event.inherited.slots, inheritance->slots, sizeof(event.inherited.slots));
	memcpy(event.inherited.exclusive_slots, inheritance->exclusive_slots,
	       sizeof(event.inherited.exclusive_slots));
	event_queue_push(context->queue, &event);
}

/* An ended process is announced again as such; one that lives has its figures taken. */
static void queue_process_end(const struct snapshot_context *context, uint32_t account,
			      const struct reconciliation *reconciliation)
{
	struct life *life = lives_get(context->lives, account);
	struct event event = {.type = EVENT_MEMORY, .memory = {.when = MEMORY_END}};

	if (!life || life->hidden)
		return;
	if (lives_ended(context->lives, account)) {
		bool news = !life->process.ended;

		life->process.ended = true;
		lives_announce(context->lives, life, news);
		return;
	}
	lives_announce(context->lives, life, false);
	if (procfs_memory(context->root, context->ledger->accounts[account].user_tid,
			  &event.memory))
		return;
	event.memory.process = life->id;
	if (reconciliation && reconciliation->walked[account]) {
		event.memory.split_huge_slots = reconciliation->split_huge_slots[account];
		event.memory.elsewhere_slots = reconciliation->elsewhere_slots[account];
		event.memory.known |= MEMORY_SPLIT_HUGE | MEMORY_ELSEWHERE;
	}
	event_queue_push(context->queue, &event);
}

/* --- reserved addresses
 * ----------------------------------------------------------------------------- */

static uint32_t stack_of_owner(const struct snapshot_context *context, uint32_t owner)
{
	if (owner == SPACE_BEFORE)
		return queue_label(context, STACK_MAPPED_BEFORE);
	if (owner == SPACE_FORK)
		return queue_label(context, STACK_MAPPED_FORK);
	return stack_of_cell(context, owner);
}

/* One event for each owner: `bytes` is by cell, all 0 before and after. */
static void queue_space(const struct snapshot_context *context, const struct space *space,
			uint32_t process, uint64_t *bytes)
{
	INTERVALS_EACH(range, &space->ranges)
		bytes[range->owner] += range->end - range->start;
	INTERVALS_EACH(range, &space->ranges) {
		uint32_t owner = range->owner;
		struct event event = {
			.type = EVENT_RESERVED,
			.reserved = {.process = process, .bytes = bytes[owner]},
		};

		if (!bytes[owner])
			continue;
		bytes[owner] = 0;
		event.reserved.stack = stack_of_owner(context, owner);
		event_queue_push(context->queue, &event);
	}
}

static void queue_kinds(const struct snapshot_context *context, uint32_t process, uint32_t user_tid)
{
	struct mapping_kinds kinds;

	if (mapping_kinds_read(context->root, user_tid, &kinds))
		return;
	for (int kind = 0; kind < MAPPING_KIND_COUNT; kind++) {
		struct event event = {.type = EVENT_MAPPINGS, .mappings = kinds.kinds[kind]};

		if (!kinds.kinds[kind].count)
			continue;
		event.mappings.process = process;
		event_queue_push(context->queue, &event);
	}
}

/* Not lost: maps had them when they were read. But nobody knows who mapped them, or when. */
static void queue_corrections(const struct snapshot_context *context)
{
	struct event event = {
		.type = EVENT_LOST,
		.lost = {.cause = "mappings-corrected",
			 .meaning = "address spaces of which /proc knew better than the events",
			 .count = context->spaces->corrections},
	};

	if (context->last || event.lost.count)
		event_queue_push(context->queue, &event);
}

static void queue_disowned(const struct snapshot_context *context)
{
	struct event event = {
		.type = EVENT_LOST,
		.lost = {.cause = "mappings-crowded",
			 .meaning = "address ranges of processes that have too many to know who "
				    "mapped each",
			 .count = spaces_disowned(context->spaces),
			 .data = true},
	};

	if (context->last || event.lost.count)
		event_queue_push(context->queue, &event);
}

/* smaps is slow, and holds the target up: once is enough, at the end. */
static void queue_all_kinds(const struct snapshot_context *context)
{
	uint32_t process;

	for (uint32_t i = OT_ACCOUNT_NOBODY + 1; i < context->ledger->account_count; i++)
		if (lives_known(context->lives, i) && !lives_ended(context->lives, i) &&
		    process_of_account(context, i, &process))
			queue_kinds(context, process, context->ledger->accounts[i].user_tid);
}

static int queue_spaces(const struct snapshot_context *context)
{
	_cleanup_free_ uint64_t *bytes = NULL;
	uint32_t process;

	if (!context->spaces)
		return 0;
	bytes = calloc(context->ledger->cell_count, sizeof(*bytes));
	if (!bytes)
		return -ENOMEM;
	for (uint32_t i = 0; i < context->ledger->account_count; i++) {
		const struct space *space = spaces_get(context->spaces, i);

		if (!space || !process_of_account(context, i, &process))
			continue;
		queue_space(context, space, process, bytes);
	}
	queue_corrections(context);
	queue_disowned(context);
	return 0;
}

static void queue_all(const struct snapshot_context *context,
		      const struct reconciliation *reconciliation)
{
	for (uint32_t cell = 0; cell < context->ledger->cell_count; cell++)
		queue_cell(context, cell);
	for (size_t i = 0; reconciliation && i < reconciliation->count; i++)
		queue_inheritance(context, &reconciliation->inheritances[i]);
	/* what has not happened is said once, at the end */
	losses_queue(context->programs, context->last, context->queue);
	if (context->cgroups && (context->last || context->cgroups->refused))
		cgroups_queue_refused(context->cgroups, context->queue);
	stack_ends_queue(context->programs, context->stacks, context->queue);
}

void snapshot_queue_host(const struct sysroot *root, enum memory_when when,
			 struct event_queue *queue)
{
	struct event event = {.type = EVENT_HOST, .host = {.when = when}};

	if (!meminfo_read(root, &event.host))
		event_queue_push(queue, &event);
}

static void queue_frame(const struct snapshot_context *context, enum event_type type)
{
	struct event event = {
		.type = type,
		.snapshot = {.time_ns = context->time_ns, .last = context->last},
	};

	event_queue_push(context->queue, &event);
}

int snapshot(const struct snapshot_context *context)
{
	struct reconciliation reconciliation = {0};
	int error;

	queue_frame(context, EVENT_SNAPSHOT);
	error = programs_scan(context->programs);
	if (!error)
		error = programs_settle_cpus(context->programs);
	if (!error)
		error = ledger_settle(context->ledger, context->programs);
	if (!error && context->reconcile)
		error = reconcile(context->ledger, context->lives, context->root, &reconciliation);
	if (error)
		return error;
	for (uint32_t account = 0; account < context->ledger->account_count; account++)
		queue_process_end(context, account, context->reconcile ? &reconciliation : NULL);
	/* close to the cells they are held against */
	queue_cgroups(context);
	if (context->host)
		snapshot_queue_host(context->root, MEMORY_END, context->queue);
	queue_all(context, context->reconcile ? &reconciliation : NULL);
	reconciliation_release(&reconciliation);
	error = queue_spaces(context);
	if (context->last && !context->host)
		queue_all_kinds(context);
	if (!error && context->files)
		error = files_queue(context->root, context->ledger, context->programs,
				    context->queue);
	queue_frame(context, EVENT_WHOLE);
	return error ? error : context->queue->error;
}
