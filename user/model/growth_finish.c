// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_builder.h"

#include <string.h>

#include "model/growth_accounts.h"
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

static void mappings_add_up(const struct known_process *known, struct growth_process *process)
{
	struct growth_mappings *all = &process->all_mappings;

	for (int kind = 0; kind < MAPPING_KIND_COUNT; kind++) {
		const struct mappings_event *event = &known->mappings[kind];

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

static struct growth_process process_of(const struct known_process *known)
{
	const struct process_event *event = &known->event;
	struct growth_process process = {
		.id = event->id,
		.pid = event->pid,
		.target = event->target,
		.ended = event->ended,
		.start_known = known->has_start && known->start.known & MEMORY_RSS,
		.rss_start_bytes = rss_of(&known->start),
		.end_known = known->has_end && known->end.known & MEMORY_RSS,
		.rss_end_bytes = rss_of(&known->end),
		.swap_end_bytes = known->end.swap_bytes,
		.virtual_known = known->has_end && known->end.known & MEMORY_VIRTUAL,
		.virtual_end_bytes = known->end.virtual_bytes,
	};

	memcpy(process.comm, event->comm, sizeof(process.comm));
	process.mappings_known = known->has_mappings;
	mappings_add_up(known, &process);
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

	return known->event.ended && ends_with_target &&
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

		*process = process_of(known);
		process->at_end = process_is_at_end(draft, known, last_lives);
		process->shown = !known->event.ended || process->at_end ||
				 draft->options->since_start;
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
	const struct known_loss *known = draft->builder->first_loss;
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

static int draft_finish(struct growth_draft *draft)
{
	int err;

	err = processes_make(draft);
	if (!err)
		err = growth_accounts_make(draft);
	if (!err)
		err = draft->options->reserved ? growth_reserved_make(draft)
					       : growth_rows_make(draft);
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
	draft.owned = calloc(1, sizeof(*draft.owned));
	if (!draft.owned)
		return -ENOMEM;
	growth = &draft.owned->growth;
	growth->session = session_of(builder);
	growth->since_start = options->since_start;
	growth->reserved = options->reserved;
	draft.estimate = (struct estimate){
		.period_pages = builder->session.period_pages,
		.page_size_bytes = builder->session.page_size_bytes,
	};

	err = draft_finish(&draft);
	table_release(&draft.process_by_id);
	if (err)
		return err;
	*ret_growth = TAKE_PTR(growth);
	return 0;
}
