// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/frame_names.h"

#include <inttypes.h>
#include <string.h>

#define LABEL_TRUNCATED "[truncated stack]"

const char *stack_origin_label(enum stack_origin origin)
{
	static const char *const labels[] = {
		/* a user stack of no frames, too */
		[STACK_USER] = "[no user stack]",
		[STACK_LOST] = "[lost stacks]",
		[STACK_BEFORE] = "[resident before tracing]",
		[STACK_MOVED] = "[moved by the kernel]",
		[STACK_NO_STACK] = "[no user stack]",
		[STACK_RETIRED] = "[ended processes]",
		[STACK_MAPPED_BEFORE] = "[mapped before tracing]",
		[STACK_MAPPED_FORK] = "[mapped before the fork]",
	};

	_Static_assert(sizeof(labels) / sizeof(labels[0]) == STACK_ORIGIN_COUNT,
		       "every origin has a label");
	return labels[origin];
}

static const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static const char *frame_name(const struct growth_builder *builder, struct arena *arena,
			      const struct event_frame *frame)
{
	const char *name, *path;

	if (frame->module == 0)
		return arena_printf(arena, "0x%" PRIx64, frame->offset);
	name = table_get(&builder->names, frame_key(frame->module, frame->offset));
	if (name)
		return name;
	path = table_get(&builder->modules, id_key(frame->module));
	return arena_printf(arena, "%s+0x%" PRIx64, path_basename(path), frame->offset);
}

/* Room for `most` frames, with the first one filled in where pages were inherited. */
static const char **frames_start(struct arena *arena, uint32_t most, uint32_t inherited_from_pid,
				 uint32_t *ret_count)
{
	const char **frames = arena_alloc(arena, most + 1, sizeof(*frames));

	*ret_count = 0;
	if (!frames || !inherited_from_pid)
		return frames;
	frames[0] = arena_printf(arena, "[inherited from %" PRIu32 "]", inherited_from_pid);
	*ret_count = 1;
	return frames[0] ? frames : NULL;
}

int frame_names_make_label(struct arena *arena, const char *label, uint32_t inherited_from_pid,
			   struct frame_names *ret_names)
{
	uint32_t count;
	const char **frames = frames_start(arena, 1, inherited_from_pid, &count);

	if (!frames)
		return -ENOMEM;
	frames[count++] = label;
	*ret_names = (struct frame_names){.frames = frames, .count = count};
	return 0;
}

int frame_names_make(const struct growth_builder *builder, struct arena *arena,
		     const struct known_stack *stack, uint32_t inherited_from_pid,
		     struct frame_names *ret_names)
{
	const char **frames;
	uint32_t count;

	if (stack->origin != STACK_USER || stack->frame_count == 0)
		return frame_names_make_label(arena, stack_origin_label(stack->origin),
					      inherited_from_pid, ret_names);

	frames = frames_start(arena, stack->frame_count + 1, inherited_from_pid, &count);
	if (!frames)
		return -ENOMEM;
	if (stack->truncated)
		frames[count++] = LABEL_TRUNCATED;
	else if (stack->frame_count == stack->kernel_frame_count)
		frames[count++] = stack_origin_label(STACK_NO_STACK);
	for (uint32_t i = stack->frame_count; i > 0; i--) {
		const char *name = frame_name(builder, arena, &stack->frames[i - 1]);

		if (!name)
			return -ENOMEM;
		frames[count++] = name;
	}
	*ret_names = (struct frame_names){
		.frames = frames,
		.count = count,
		.kernel_count = stack->kernel_frame_count,
	};
	return 0;
}
