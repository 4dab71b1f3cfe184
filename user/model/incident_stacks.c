// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose stacks held the memory: growth's rows, those of the victims told from the others. */
#include "model/incident_events.h"

#include <string.h>

#include "model/estimate.h"

static void held_sum(struct growth *held)
{
	held->total_bytes = held->change_bytes = 0;
	memset(held->kind_bytes, 0, sizeof(held->kind_bytes));
	for (size_t i = 0; i < held->row_count; i++) {
		const struct growth_row *row = &held->rows[i];

		held->total_bytes = estimate_add_signed(held->total_bytes, row->bytes);
		held->kind_bytes[row->kind] =
			estimate_add_signed(held->kind_bytes[row->kind], row->bytes);
	}
}

static int rows_split(struct incident_draft *draft)
{
	const struct growth *growth = draft->owned->growth;
	struct incident *incident = &draft->owned->incident;
	struct growth_row *rows =
		arena_alloc(&draft->owned->arena, growth->row_count, sizeof(*rows));
	struct growth_row *other =
		arena_alloc(&draft->owned->arena, growth->row_count, sizeof(*other));

	if (!rows || !other)
		return -ENOMEM;
	incident->held = *growth;
	incident->held.rows = rows;
	incident->held.row_count = 0;
	incident->other = other;
	for (size_t i = 0; i < growth->row_count; i++) {
		const struct growth_row *row = &growth->rows[i];

		if (table_get(&draft->owned->victims, id_key(row->process->id)))
			rows[incident->held.row_count++] = *row;
		else
			other[incident->other_count++] = *row;
	}
	held_sum(&incident->held);
	return 0;
}

/* What stands for missing frames of the program is nothing that the trigger did in the kernel. */
static struct incident_stack without_label(const struct frame_names *names)
{
	uint32_t labels = names->kernel_count && names->kernel_count < names->count &&
					  !names->places[0].offset && !names->places[0].module
				  ? 1
				  : 0;

	return (struct incident_stack){names->frames + labels, names->count - labels};
}

static int stack_make(struct incident_draft *draft, uint32_t id, struct incident_stack *stack)
{
	const struct growth_builder *builder = draft->builder->growth;
	const struct known_stack *known = id ? table_get(&builder->stacks, id_key(id)) : NULL;
	struct frame_names names;
	int err;

	if (!known)
		return 0;
	err = frame_names_make(&draft->namer, known, 0, &names);
	if (err)
		return err;
	*stack = without_label(&names);
	return 0;
}

int incident_stacks_make(struct incident_draft *draft)
{
	struct incident *incident = &draft->owned->incident;
	int err = rows_split(draft);

	if (!err)
		err = stack_make(draft, incident->event.trigger_user_stack,
				 &incident->trigger.user);
	if (!err)
		err = stack_make(draft, incident->event.trigger_kernel_stack,
				 &incident->trigger.kernel);
	return err;
}
