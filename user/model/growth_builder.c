// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_builder.h"

#include <string.h>

#include "model/growth_events.h"

int growth_builder_new(struct growth_builder **ret_builder)
{
	struct growth_builder *builder = calloc(1, sizeof(*builder));

	if (!builder)
		return -ENOMEM;
	builder->last_process = &builder->first_process;
	builder->last_cell = &builder->first_cell;
	builder->last_inherited = &builder->first_inherited;
	builder->last_reserved = &builder->first_reserved;
	builder->last_loss = &builder->first_loss;
	*ret_builder = builder;
	return 0;
}

void growth_builder_free(struct growth_builder *builder)
{
	table_release(&builder->processes);
	table_release(&builder->modules);
	table_release(&builder->stacks);
	table_release(&builder->names);
	arena_release(&builder->arena);
	free(builder);
}

/* Replaces a borrowed string by a copy. NULL stays NULL. */
static int keep_string(struct growth_builder *builder, const char **string)
{
	if (!*string)
		return 0;
	*string = arena_strdup(&builder->arena, *string);
	return *string ? 0 : -ENOMEM;
}

static int add_session(struct growth_builder *builder, const struct event *event)
{
	struct session_event session = event->session;
	const char **const strings[] = {
		&session.tool_version, &session.kernel_release, &session.machine,
		&session.hostname,     &session.boot_id,        &session.target,
	};

	if (builder->has_session || session.period_pages == 0)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (keep_string(builder, strings[i]))
			return -ENOMEM;
	builder->session = session;
	builder->has_session = true;
	return 0;
}

static struct known_process *process_declare(struct growth_builder *builder, uint32_t id)
{
	struct known_process *process = table_get(&builder->processes, id_key(id));

	if (process)
		return process;
	process = arena_alloc(&builder->arena, 1, sizeof(*process));
	if (!process || table_put(&builder->processes, id_key(id), process))
		return NULL;
	*builder->last_process = process;
	builder->last_process = &process->next;
	return process;
}

static int add_process(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process = process_declare(builder, event->process.id);

	if (!process)
		return -ENOMEM;
	process->event = event->process;
	process->event.comm[EVENT_COMM_LEN - 1] = '\0';
	process->event.exe = NULL; /* borrowed, and nobody asks for it */
	return 0;
}

static int add_module(struct growth_builder *builder, const struct event *event)
{
	const char *path = event->module.path;

	if (!path || event->module.id == 0)
		return -EBADMSG;
	if (keep_string(builder, &path))
		return -ENOMEM;
	return table_put(&builder->modules, id_key(event->module.id), (void *)path);
}

static bool frames_are_known(const struct growth_builder *builder, const struct stack_event *stack)
{
	if (stack->frame_count > EVENT_MAX_FRAMES)
		return false;
	for (uint32_t i = 0; i < stack->frame_count; i++) {
		uint32_t module = stack->frames[i].module;

		if (module && !table_get(&builder->modules, id_key(module)))
			return false;
	}
	return true;
}

static int add_stack(struct growth_builder *builder, const struct event *event)
{
	const struct stack_event *from = &event->stack;
	struct known_stack *stack;

	if (!frames_are_known(builder, from))
		return -EBADMSG;
	stack = arena_alloc(&builder->arena, 1, sizeof(*stack));
	if (!stack)
		return -ENOMEM;
	stack->id = from->id;
	stack->origin = from->origin;
	stack->truncated = from->truncated;
	memcpy(stack->comm, from->comm, sizeof(stack->comm) - 1);
	stack->frame_count = from->frame_count;
	stack->frames = arena_copy(&builder->arena, from->frames,
				   from->frame_count * sizeof(*from->frames));
	if (!stack->frames)
		return -ENOMEM;
	return table_put(&builder->stacks, id_key(from->id), stack);
}

static int add_cell(struct growth_builder *builder, const struct event *event)
{
	const struct cell_event *from = &event->cell;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_cell *cell;

	if (!process || !stack)
		return -EBADMSG;
	cell = arena_alloc(&builder->arena, 1, sizeof(*cell));
	if (!cell)
		return -ENOMEM;
	cell->process = process;
	cell->stack = stack;
	memcpy(cell->live_slots, from->live_slots, sizeof(cell->live_slots));
	memcpy(cell->held_slots, from->held_slots, sizeof(cell->held_slots));
	cell->allocated_slots = from->allocated_slots;
	*builder->last_cell = cell;
	builder->last_cell = &cell->next;
	return 0;
}

static int add_inherited(struct growth_builder *builder, const struct event *event)
{
	const struct inherited_event *from = &event->inherited;
	const struct known_process *process = table_get(&builder->processes, id_key(from->process));
	const struct known_stack *stack = table_get(&builder->stacks, id_key(from->stack));
	struct known_inherited *inherited;

	if (!process || !stack)
		return -EBADMSG;
	inherited = arena_alloc(&builder->arena, 1, sizeof(*inherited));
	if (!inherited)
		return -ENOMEM;
	inherited->process = process;
	inherited->author = table_get(&builder->processes, id_key(from->author));
	inherited->stack = stack;
	inherited->event = *from;
	*builder->last_inherited = inherited;
	builder->last_inherited = &inherited->next;
	return 0;
}

static int add_memory(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process =
		table_get(&builder->processes, id_key(event->memory.process));

	if (!process)
		return -EBADMSG;
	if (event->memory.when == MEMORY_START) {
		process->start = event->memory;
		process->has_start = true;
	} else {
		process->end = event->memory;
		process->has_end = true;
	}
	return 0;
}

static int add_lost(struct growth_builder *builder, const struct event *event)
{
	struct known_loss *loss = arena_alloc(&builder->arena, 1, sizeof(*loss));

	if (!loss)
		return -ENOMEM;
	loss->event = event->lost;
	if (keep_string(builder, &loss->event.cause) || keep_string(builder, &loss->event.meaning))
		return -ENOMEM;
	*builder->last_loss = loss;
	builder->last_loss = &loss->next;
	return 0;
}

static int add_name(struct growth_builder *builder, const struct event *event)
{
	const char *name = event->name.name;

	if (!name || !name[0])
		return -EBADMSG;
	if (keep_string(builder, &name))
		return -ENOMEM;
	return table_put(&builder->names, frame_key(event->name.module, event->name.offset),
			 (void *)name);
}

static int add_end(struct growth_builder *builder, const struct event *event)
{
	builder->end = event->end;
	builder->has_end = true;
	return 0;
}

static int add_reserved(struct growth_builder *builder, const struct event *event)
{
	const struct reserved_event *from = &event->reserved;
	struct known_reserved *reserved;

	reserved = arena_alloc(&builder->arena, 1, sizeof(*reserved));
	if (!reserved)
		return -ENOMEM;
	reserved->process = table_get(&builder->processes, id_key(from->process));
	reserved->stack = table_get(&builder->stacks, id_key(from->stack));
	if (!reserved->process || !reserved->stack)
		return -EBADMSG;
	reserved->bytes = from->bytes;
	*builder->last_reserved = reserved;
	builder->last_reserved = &reserved->next;
	return 0;
}

static int add_mappings(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process =
		table_get(&builder->processes, id_key(event->mappings.process));

	if (!process || event->mappings.kind >= MAPPING_KIND_COUNT)
		return -EBADMSG;
	process->mappings[event->mappings.kind] = event->mappings;
	process->has_mappings = true;
	return 0;
}

static int (*const adders[])(struct growth_builder *, const struct event *) = {
	[EVENT_SESSION] = add_session, [EVENT_PROCESS] = add_process,
	[EVENT_MODULE] = add_module,   [EVENT_STACK] = add_stack,
	[EVENT_CELL] = add_cell,       [EVENT_INHERITED] = add_inherited,
	[EVENT_MEMORY] = add_memory,   [EVENT_LOST] = add_lost,
	[EVENT_NAME] = add_name,       [EVENT_END] = add_end,
	[EVENT_RESERVED] = add_reserved, [EVENT_MAPPINGS] = add_mappings,
};

_Static_assert(sizeof(adders) / sizeof(adders[0]) == EVENT_TYPE_END, "every event type is taken in");

int growth_builder_add(struct growth_builder *builder, const struct event *event)
{
	if (event->type >= EVENT_TYPE_END || !adders[event->type])
		return -EBADMSG;
	return adders[event->type](builder, event);
}

/* One walk over what has no name; `seen` keeps a frame from being asked for twice. */
struct unnamed_walk {
	const struct growth_builder *builder;
	growth_unnamed_fn callback;
	void *context;
	struct table seen;
};

static int walk_stack(struct unnamed_walk *walk, const struct known_stack *stack)
{
	for (uint32_t i = 0; i < stack->frame_count; i++) {
		const struct event_frame *frame = &stack->frames[i];
		struct table_key key = frame_key(frame->module, frame->offset);
		int err;

		if (!frame->module || table_get(&walk->builder->names, key) ||
		    table_get(&walk->seen, key))
			continue;
		err = table_put(&walk->seen, key, (void *)frame);
		if (err)
			return err;
		err = walk->callback(frame->module, frame->offset, walk->context);
		if (err)
			return err;
	}
	return 0;
}

static int walk_stacks(struct unnamed_walk *walk)
{
	int err = 0;

	for (const struct known_cell *cell = walk->builder->first_cell; cell && !err;
	     cell = cell->next)
		err = walk_stack(walk, cell->stack);
	for (const struct known_inherited *inherited = walk->builder->first_inherited;
	     inherited && !err; inherited = inherited->next)
		err = walk_stack(walk, inherited->stack);
	for (const struct known_reserved *reserved = walk->builder->first_reserved;
	     reserved && !err; reserved = reserved->next)
		err = walk_stack(walk, reserved->stack);
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
	int err;

	err = walk_stacks(&walk);
	table_release(&walk.seen);
	return err;
}
