// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_forget.h"

int growth_mark_forgotten(struct growth_builder *builder, const struct event *event)
{
	const struct forgotten_event *from = &event->forgotten;
	struct known_process *process = table_get(&builder->processes, id_key(from->process));
	struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));

	if (from->process && process && !process->forgotten) {
		/* it may have ended between two snapshots, and then nobody has said so */
		process->forgotten = process->event.ended = true;
		builder->forgotten++;
	}
	if (from->stack && stack && !stack->forgotten) {
		stack->forgotten = true;
		builder->forgotten++;
	}
	return 0;
}

static void mark_process(const struct growth_builder *builder, uint32_t id)
{
	struct known_process *process = table_get(&builder->processes, id_key(id));

	if (process)
		process->marked = true;
}

static void mark_stack(const struct growth_builder *builder, uint32_t id)
{
	struct known_stack *stack = table_get(&builder->stacks, id_key(id));

	if (stack)
		stack->marked = true;
}

static void mark_named(const struct growth_builder *builder, const struct known_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (const struct known_cell *cell = snapshot->first_cell; cell; cell = cell->next) {
		mark_process(builder, cell->process->event.id);
		mark_stack(builder, cell->stack->id);
	}
	for (const struct known_inherited *inherited = snapshot->first_inherited; inherited;
	     inherited = inherited->next) {
		mark_process(builder, inherited->process->event.id);
		mark_process(builder, inherited->event.author);
		mark_stack(builder, inherited->stack->id);
	}
	for (const struct known_reserved *reserved = snapshot->first_reserved; reserved;
	     reserved = reserved->next) {
		mark_process(builder, reserved->process->event.id);
		mark_stack(builder, reserved->stack->id);
	}
}

static int want_names(struct growth_builder *builder, const struct known_stack *stack)
{
	int err = 0;

	for (uint32_t i = 0; i < stack->frame_count && !err; i++) {
		struct table_key key = frame_key(stack->frames[i].module, stack->frames[i].offset);

		if (key.major && !table_get(&builder->names, key))
			err = table_put(&builder->wanted, key, builder);
	}
	return err;
}

static int drop_stacks(struct growth_builder *builder)
{
	struct known_stack **place = &builder->first_stack, *stack;
	int err = 0;

	while ((stack = *place)) {
		bool drop = stack->forgotten && !stack->marked && !err;

		stack->marked = false;
		if (drop && builder->name_all)
			err = want_names(builder, stack);
		if (!drop || err) {
			place = &stack->next;
			continue;
		}
		*place = stack->next;
		table_take(&builder->stacks, id_key(stack->id));
		free(stack);
		builder->forgotten--;
	}
	builder->last_stack = place;
	return err;
}

static void drop_processes(struct growth_builder *builder)
{
	struct known_process **place = &builder->first_process, *process;

	while ((process = *place)) {
		bool drop = process->forgotten && !process->marked;

		process->marked = false;
		if (!drop) {
			place = &process->next;
			continue;
		}
		*place = process->next;
		table_take(&builder->processes, id_key(process->event.id));
		free(process);
		builder->forgotten--;
		builder->gone++;
	}
	builder->last_process = place;
}

int growth_forget(struct growth_builder *builder)
{
	if (!builder->forgotten)
		return 0;
	mark_named(builder, builder->snapshots.from);
	mark_named(builder, builder->snapshots.whole);
	mark_named(builder, builder->snapshots.filling);
	drop_processes(builder);
	return drop_stacks(builder);
}
