// SPDX-License-Identifier: GPL-2.0-or-later
/* What other events refer to: processes, modules, stacks, and the names of their frames. */
#include <string.h>

#include "model/growth_added.h"

static struct known_process *process_declare(struct growth_builder *builder, uint32_t id)
{
	struct known_process *process = table_get(&builder->processes, id_key(id));

	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process || table_put(&builder->processes, id_key(id), process)) {
		free(process);
		return NULL;
	}
	*builder->last_process = process;
	builder->last_process = &process->next;
	return process;
}

int growth_add_process(struct growth_builder *builder, const struct event *event)
{
	struct known_process *process = process_declare(builder, event->process.id);

	if (!process)
		return -ENOMEM;
	process->event = event->process;
	process->event.comm[EVENT_COMM_LEN - 1] = '\0';
	process->event.exe = NULL; /* borrowed, and nobody asks for it */
	return 0;
}

int growth_add_module(struct growth_builder *builder, const struct event *event)
{
	const struct module_event *from = &event->module;
	struct growth_module *module;

	if (!from->path || from->id == 0 || from->build_id_len > EVENT_BUILD_ID_MAX)
		return -EBADMSG;
	module = arena_alloc(&builder->arena, 1, sizeof(*module));
	if (!module)
		return -ENOMEM;
	module->id = from->id;
	module->path = from->path;
	module->perf_map = strncmp(from->path, EVENT_JIT_MODULE, strlen(EVENT_JIT_MODULE)) == 0;
	module->build_id_len = from->build_id_len;
	memcpy(module->build_id, from->build_id, from->build_id_len);
	if (keep_string(&builder->arena, &module->path))
		return -ENOMEM;
	return table_put(&builder->modules, id_key(from->id), module);
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

/* The kernel's frames are those at the leaf. */
static uint32_t kernel_frame_count(const struct growth_builder *builder,
				   const struct stack_event *stack)
{
	const struct growth_module *module;
	uint32_t count = 0;

	for (; count < stack->frame_count; count++) {
		module = table_get(&builder->modules, id_key(stack->frames[count].module));
		if (!module ||
		    strncmp(module->path, EVENT_KERNEL_MODULE, strlen(EVENT_KERNEL_MODULE)) != 0)
			break;
	}
	return count;
}

int growth_add_stack(struct growth_builder *builder, const struct event *event)
{
	const struct stack_event *from = &event->stack;
	size_t frames_bytes = from->frame_count * sizeof(*from->frames);
	struct known_stack *stack;

	/* of two that claim one id the first could be named by a snapshot already */
	if (!frames_are_known(builder, from) || table_get(&builder->stacks, id_key(from->id)))
		return -EBADMSG;
	stack = calloc(1, sizeof(*stack) + frames_bytes);
	if (!stack || table_put(&builder->stacks, id_key(from->id), stack)) {
		free(stack);
		return -ENOMEM;
	}
	stack->id = from->id;
	stack->origin = from->origin;
	stack->end = from->end;
	memcpy(stack->comm, from->comm, sizeof(stack->comm) - 1);
	stack->frame_count = from->frame_count;
	stack->kernel_frame_count = kernel_frame_count(builder, from);
	if (frames_bytes)
		memcpy(stack->frames, from->frames, frames_bytes);
	*builder->last_stack = stack;
	builder->last_stack = &stack->next;
	return 0;
}

int growth_add_name(struct growth_builder *builder, const struct event *event)
{
	const char *name = event->name.name;

	if (!name || !name[0])
		return -EBADMSG;
	if (keep_string(&builder->arena, &name))
		return -ENOMEM;
	return table_put(&builder->names, frame_key(event->name.module, event->name.offset),
			 (void *)name);
}

/* Behind those of lower depths; a first one begins anew. */
static int link_line(struct growth_builder *builder, const struct line_event *from,
		     struct known_line *line)
{
	const struct table_key key = frame_key(from->module, from->offset);
	struct known_line *last = table_get(&builder->lines, key);
	uint32_t depth = 1;

	if (from->depth == 0)
		return table_put(&builder->lines, key, line);
	for (; last && last->next; last = last->next)
		depth++;
	if (!last || depth != from->depth)
		return -EBADMSG;
	last->next = line;
	return 0;
}

int growth_add_line(struct growth_builder *builder, const struct event *event)
{
	const struct line_event *from = &event->line;
	struct known_line *line;

	if (from->depth >= EVENT_LINE_DEPTHS || (from->depth && (!from->name || !from->name[0])))
		return -EBADMSG;
	line = arena_alloc(&builder->arena, 1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->name = from->depth ? from->name : NULL;
	line->file = from->file;
	line->line = from->line;
	if (keep_string(&builder->arena, &line->name) || keep_string(&builder->arena, &line->file))
		return -ENOMEM;
	return link_line(builder, from, line);
}
