// SPDX-License-Identifier: GPL-2.0-or-later
/* Which frames have no name yet. */
#include "model/growth_events.h"

/* One walk over what has no name; `seen` keeps a frame from being asked for twice. */
struct unnamed_walk {
	const struct growth_builder *builder;
	growth_unnamed_fn callback;
	void *context;
	struct table seen;
};

static int walk_frame(struct unnamed_walk *walk, uint32_t module, uint64_t offset)
{
	struct table_key key = frame_key(module, offset);
	int err;

	if (!module || table_get(&walk->builder->names, key) || table_get(&walk->seen, key))
		return 0;
	err = table_put(&walk->seen, key, walk);
	return err ? err : walk->callback(module, offset, walk->context);
}

static int walk_stack(struct unnamed_walk *walk, const struct known_stack *stack)
{
	int err = 0;

	for (uint32_t i = 0; i < stack->frame_count && !err; i++)
		err = walk_frame(walk, stack->frames[i].module, stack->frames[i].offset);
	return err;
}

static int walk_wanted(struct unnamed_walk *walk)
{
	const struct table *wanted = &walk->builder->wanted;
	int err = 0;

	for (size_t i = 0; i < wanted->capacity && !err; i++)
		if (wanted->entries[i].value)
			err = walk_frame(walk, (uint32_t)wanted->entries[i].key.major,
					 wanted->entries[i].key.minor);
	return err;
}

int growth_builder_unnamed(const struct growth_builder *builder, growth_unnamed_fn callback,
			   void *context)
{
	struct unnamed_walk walk = {
		.builder = builder,
		.callback = callback,
		.context = context,
	};
	int err = 0;

	for (const struct known_stack *stack = builder->first_stack; stack && !err;
	     stack = stack->next)
		err = walk_stack(&walk, stack);
	if (!err)
		err = walk_wanted(&walk);
	table_release(&walk.seen);
	return err;
}

int growth_builder_unnamed_of(const struct growth_builder *builder, uint32_t stack_id,
			      growth_unnamed_fn callback, void *context)
{
	const struct known_stack *stack = table_get(&builder->stacks, id_key(stack_id));
	struct unnamed_walk walk = {
		.builder = builder,
		.callback = callback,
		.context = context,
	};
	int err = stack ? walk_stack(&walk, stack) : 0;

	table_release(&walk.seen);
	return err;
}
