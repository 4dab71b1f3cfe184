// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_builder.h"

#include <string.h>

#include "model/growth_accounts.h"
#include "model/growth_cgroups.h"
#include "model/growth_files.h"
#include "model/growth_host.h"
#include "model/growth_limit.h"
#include "model/growth_rows.h"

static const char *or_empty(const char *string)
{
	return string ? string : "";
}

static struct growth_session session_of(const struct growth_builder *builder)
{
	const struct session_event *session = &builder->session;
	const struct end_event *end = &builder->end;

	return (struct growth_session){
		.start_realtime_ns = session->start_realtime_ns,
		.duration_ns = end->duration_ns,
		.period_pages = session->period_pages,
		.page_size_bytes = session->page_size_bytes,
		.tool_version = or_empty(session->tool_version),
		.kernel_release = or_empty(session->kernel_release),
		.machine = or_empty(session->machine),
		.hostname = or_empty(session->hostname),
		.target = or_empty(session->target),
		.degraded = or_empty(builder->degraded),
		.complete = builder->has_end,
		.reason = end->reason,
		.has_exit_status = end->has_exit_status,
		.exit_status = end->exit_status,
	};
}

/* --- processes ---------------------------------------------------------------------------- */

static uint64_t rss_of(const struct memory_event *memory)
{
	return estimate_add(estimate_add(memory->rss_anon_bytes, memory->rss_file_bytes),
			    memory->rss_shmem_bytes);
}

static void mappings_add_up(const struct known_mappings *known, struct growth_process *process)
{
	struct growth_mappings *all = &process->all_mappings;

	for (int kind = 0; kind < MAPPING_KIND_COUNT; kind++) {
		const struct mappings_event *event = &known->by_kind[kind];

		process->mappings[kind] = (struct growth_mappings){
			.count = event->count,
			.reserved_bytes = estimate_add(event->reserved_bytes, 0),
			.resident_bytes = estimate_add(event->resident_bytes, 0),
		};
		all->count = estimate_add(all->count, event->count);
		all->reserved_bytes = estimate_add(all->reserved_bytes, event->reserved_bytes);
		all->resident_bytes = estimate_add(all->resident_bytes, event->resident_bytes);
	}
}

/* What the kernel said of a process when the time shown began. NULL: nothing. */
static const struct memory_event *memory_before(const struct growth_draft *draft,
						const struct known_process *known)
{
	if (draft->from)
		return snapshot_memory(draft->from, known->event.id);
	return known->has_start ? &known->start : NULL;
}

static struct growth_process process_of(const struct growth_draft *draft,
					const struct known_process *known)
{
	static const struct memory_event unknown;
	const struct process_event *event = &known->event;
	const struct memory_event *before = memory_before(draft, known);
	const struct memory_event *now = snapshot_memory(draft->to, event->id);
	const struct known_mappings *mappings = snapshot_mappings(draft->to, event->id);
	struct growth_process process = {
		.id = event->id,
		.pid = event->pid,
		.target = event->target,
		.cgroup = growth_cgroup_of(draft, event->id),
		.ended = event->ended,
	};

	before = before ? before : &unknown;
	now = now ? now : &unknown;
	process.start_known = before->known & MEMORY_RSS;
	process.rss_start_bytes = rss_of(before);
	process.end_known = now->known & MEMORY_RSS;
	process.rss_end_bytes = rss_of(now);
	process.swap_end_bytes = estimate_add(now->swap_bytes, 0);
	process.virtual_known = now->known & MEMORY_VIRTUAL;
	process.virtual_end_bytes = estimate_add(now->virtual_bytes, 0);
	memcpy(process.comm, event->comm, sizeof(process.comm));
	process.mappings_known = mappings != NULL;
	if (mappings)
		mappings_add_up(mappings, &process);
	return process;
}

static struct table_key start_key(const struct known_process *known)
{
	return (struct table_key){.major = known->event.pid, .minor = known->event.start_time_ns};
}

/* Exec gives a process a new address space, so the same process comes again, under a new id. */
static int last_lives_index(const struct growth_builder *builder, struct table *lives)
{
	int err = 0;

	for (struct known_process *known = builder->first_process; known && !err;
	     known = known->next)
		err = table_put(lives, start_key(known), known);
	return err;
}

/*
 * Of a process that has ended only what outlives it is live, unless the session ended with the
 * target: then everybody's last state is what was asked for.
 */
static bool process_is_at_end(const struct growth_draft *draft, const struct known_process *known,
			      const struct table *last_lives)
{
	const struct growth_builder *builder = draft->builder;
	bool ends_with_target = !builder->has_end || builder->end.reason == END_TARGET_ENDED;

	if (builder->incident)
		return true;
	return known->event.ended && ends_with_target && !draft->owned->growth.earlier &&
	       table_get(last_lives, start_key(known)) == known;
}

static int compare_processes(const void *left, const void *right)
{
	const struct growth_process *a = left;
	const struct growth_process *b = right;

	if (a->target != b->target)
		return a->target ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static int processes_index(struct growth_draft *draft)
{
	int err = 0;

	for (size_t i = 0; i < draft->owned->growth.process_count && !err; i++)
		err = table_put(&draft->process_by_id, id_key(draft->processes[i].id),
				&draft->processes[i]);
	return err;
}

static int processes_collect(struct growth_draft *draft, struct table *last_lives)
{
	struct growth *growth = &draft->owned->growth;
	int err = last_lives_index(draft->builder, last_lives);

	if (err)
		return err;
	for (const struct known_process *known = draft->builder->first_process; known;
	     known = known->next) {
		struct growth_process *process = &draft->processes[growth->process_count++];

		*process = process_of(draft, known);
		process->at_end = process_is_at_end(draft, known, last_lives);
		process->shown =
			!known->event.ended || process->at_end || draft->options->since_start;
	}
	return 0;
}

static int processes_make(struct growth_draft *draft)
{
	_cleanup_(table_release) struct table last_lives = {0};
	struct growth *growth = &draft->owned->growth;
	int err;

	draft->processes = arena_alloc(&draft->owned->arena, draft->builder->processes.count,
				       sizeof(*draft->processes));
	if (!draft->processes)
		return -ENOMEM;
	err = processes_collect(draft, &last_lives);
	if (err)
		return err;
	qsort(draft->processes, growth->process_count, sizeof(*draft->processes),
	      compare_processes);
	growth->processes = draft->processes;
	return processes_index(draft);
}

/* --- losses ------------------------------------------------------------------------------- */

static int losses_make(struct growth_draft *draft)
{
	struct growth *growth = &draft->owned->growth;
	const struct known_loss *known = draft->to->first_loss;
	struct growth_loss *losses;
	size_t count = 0;

	for (const struct known_loss *loss = known; loss; loss = loss->next)
		count++;
	losses = arena_alloc(&draft->owned->arena, count, sizeof(*losses));
	if (!losses)
		return -ENOMEM;
	for (; known; known = known->next) {
		const struct lost_event *event = &known->event;

		if (!event->count)
			continue;
		losses[growth->loss_count++] = (struct growth_loss){
			.cause = or_empty(event->cause),
			.meaning = or_empty(event->meaning),
			.count = event->count,
			.data = event->data,
		};
		growth->data_lost |= event->data;
	}
	growth->losses = losses;
	return 0;
}

/* --- all together ------------------------------------------------------------------------- */

/* Which moment the figures are of, and since when they count. */
static void times_make(struct growth_draft *draft)
{
	struct growth *growth = &draft->owned->growth;
	const struct growth_session *session = &growth->session;

	growth->time_known = draft->to->timed || session->complete;
	growth->time_ns = draft->to->timed ? draft->to->time_ns : session->duration_ns;
	growth->earlier = draft->to->timed && !draft->to->last;
	growth->has_from = draft->from != NULL;
	growth->from_ns = draft->from ? draft->from->time_ns : 0;
	growth->previous_known = draft->previous != NULL;
	growth->previous_ns = draft->previous ? draft->previous->time_ns : 0;
}

static int draft_finish(struct growth_draft *draft)
{
	int err;

	times_make(draft);
	growth_host_make(draft);
	memcpy(draft->owned->growth.stack_ends, draft->to->stack_ends,
	       sizeof(draft->to->stack_ends));
	err = limits_make(&draft->builder->limits, &draft->owned->arena,
			  &draft->owned->growth.limit);
	if (!err)
		err = processes_make(draft);
	if (!err)
		err = growth_accounts_make(draft);
	if (!err)
		err = draft->options->reserved ? growth_reserved_make(draft)
					       : growth_rows_make(draft);
	if (!err)
		err = growth_cgroups_make(draft);
	if (!err)
		err = growth_files_make(draft);
	if (!err)
		err = losses_make(draft);
	return err;
}

int growth_builder_finish(const struct growth_builder *builder,
			  const struct growth_options *options, struct growth **ret_growth)
{
	struct growth_draft draft = {.builder = builder, .options = options};
	_cleanup_(growth_freep) struct growth *growth = NULL;
	int err;

	if (!builder->has_session)
		return -ENODATA;
	err = snapshots_pick(&builder->snapshots, &draft.to, &draft.from);
	if (err)
		return err;
	if (options->since_previous)
		draft.previous = snapshots_previous(&builder->snapshots);
	draft.owned = calloc(1, sizeof(*draft.owned));
	if (!draft.owned)
		return -ENOMEM;
	growth = &draft.owned->growth;
	growth->session = session_of(builder);
	growth->since_start = options->since_start;
	growth->gone_count = builder->gone;
	growth->reserved = options->reserved;
	draft.namer = (struct frame_namer){
		.builder = builder,
		.arena = &draft.owned->arena,
		.arena_bytes_max = options->frames_bytes_max,
	};
	draft.estimate = (struct estimate){
		.period_pages = builder->session.period_pages,
		.page_size_bytes = builder->session.page_size_bytes,
	};

	err = draft_finish(&draft);
	table_release(&draft.process_by_id);
	frame_namer_release(&draft.namer);
	if (err)
		return err;
	*ret_growth = TAKE_PTR(growth);
	return 0;
}
