// SPDX-License-Identifier: GPL-2.0-or-later
/* What the one that was chosen held when it was small, by its stacks as rows. */
#include "model/incident_events.h"

#include "model/estimate.h"

static int row_make(struct incident_draft *draft, const struct early_event *event,
		    struct growth_row *row)
{
	const struct growth_builder *builder = draft->builder->growth;
	const struct known_stack *stack =
		table_get(&builder->stacks, (struct table_key){.major = event->stack});
	struct frame_names names;
	int err;

	if (!stack)
		return -ENODATA;
	err = frame_names_make(&draft->namer, stack, 0, &names);
	if (err)
		return err;
	*row = (struct growth_row){
		.process = incident_process(&draft->owned->incident, event->process),
		.comm = stack->comm,
		.origin = stack->origin,
		.stack_id = event->stack,
		.bytes = (int64_t)estimate_add(event->bytes, 0),
	};
	frame_names_of_row(&names, row);
	return 0;
}

int incident_early_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	const struct kept_of_process *kept =
		incident->victim_count
			? kept_of(draft->builder, EVENT_EARLY, incident->victims[0].kill.process)
			: NULL;
	struct growth_row *rows;

	if (!kept)
		return 0;
	rows = arena_alloc(&draft->owned->arena, kept->count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (const struct kept_event *at = kept->first; at; at = at->next_of_same) {
		const struct early_event *event = &at->event.early;
		int err = row_make(draft, event, &rows[incident->early.row_count]);

		if (err && err != -ENODATA)
			return err;
		incident->early.before_ns = event->before_ns;
		incident->early.held_bytes = estimate_add(event->held_bytes, 0);
		incident->early.row_count += !err;
	}
	incident->early.rows = rows;
	return 0;
}
