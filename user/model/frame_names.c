// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/frame_names.h"

#include <inttypes.h>
#include <string.h>

#include "model/stack_ends.h"

#define LABEL_TRUNCATED "[truncated stack]"
#define LABEL_INCOMPLETE "[incomplete stack]"

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

static const char *function_name(const struct growth_builder *builder, struct arena *arena,
				 const struct growth_place *place)
{
	const char *name;

	name = place->module
		       ? table_get(&builder->names, frame_key(place->module->id, place->offset))
		       : NULL;
	if (name)
		return name;
	if (!place->module || place->module->perf_map)
		return arena_printf(arena, "0x%" PRIx64, place->offset);
	return arena_printf(arena, "%s+0x%" PRIx64, path_basename(place->module->path),
			    place->offset);
}

/* "grow (heap.c:12)", or the function alone where nothing is known of its source. */
static const char *frame_text(struct arena *arena, const struct growth_place *place)
{
	if (!place->file || !place->function)
		return place->function;
	return place->line ? arena_printf(arena, "%s (%s:%" PRIu32 ")", place->function,
					  path_basename(place->file), place->line)
			   : arena_printf(arena, "%s (%s)", place->function,
					  path_basename(place->file));
}

/* What is known of a frame's source; NULL: nothing. */
static const struct known_line *lines_of(const struct growth_builder *builder,
					 const struct event_frame *frame)
{
	return frame->module ? table_get(&builder->lines, frame_key(frame->module, frame->offset))
			     : NULL;
}

/* Frames while they are added, from the root on. */
struct draft {
	const char **frames;
	struct growth_place *places;
	uint32_t count;
};

/* Room for `most` frames, with the first one filled in where pages were inherited. */
static int draft_start(struct arena *arena, uint32_t most, uint32_t inherited_from_pid,
		       struct draft *ret_draft)
{
	struct draft draft = {
		.frames = arena_alloc(arena, most + 1, sizeof(*draft.frames)),
		.places = arena_alloc(arena, most + 1, sizeof(*draft.places)),
	};

	if (!draft.frames || !draft.places)
		return -ENOMEM;
	if (inherited_from_pid) {
		draft.frames[draft.count] =
			arena_printf(arena, "[inherited from %" PRIu32 "]", inherited_from_pid);
		if (!draft.frames[draft.count++])
			return -ENOMEM;
	}
	*ret_draft = draft;
	return 0;
}

int frame_names_make_label(struct arena *arena, const char *label, uint32_t inherited_from_pid,
			   struct frame_names *ret_names)
{
	struct draft draft;
	int err = draft_start(arena, 1, inherited_from_pid, &draft);

	if (err)
		return err;
	draft.frames[draft.count++] = label;
	*ret_names = (struct frame_names){
		.frames = draft.frames,
		.places = draft.places,
		.count = draft.count,
	};
	return 0;
}

/* What stands where the program's frames are missing; NULL: nothing does. */
static const char *root_label(const struct known_stack *stack)
{
	if (stack->end == STACK_END_TRUNCATED)
		return LABEL_TRUNCATED;
	if (stack_end_is_incomplete(stack->end))
		return LABEL_INCOMPLETE;
	return stack->frame_count == stack->kernel_frame_count ? stack_origin_label(STACK_NO_STACK)
							       : NULL;
}

/* Frames that a stack becomes: those that were inlined, too. */
static uint32_t frames_most(const struct growth_builder *builder, const struct known_stack *stack)
{
	uint32_t most = stack->frame_count;

	for (uint32_t i = 0; i < stack->frame_count; i++) {
		const struct known_line *line = lines_of(builder, &stack->frames[i]);

		for (line = line ? line->next : NULL; line; line = line->next)
			most++;
	}
	return most;
}

static int draft_add(struct draft *draft, struct arena *arena, const struct growth_place *place)
{
	draft->places[draft->count] = *place;
	draft->frames[draft->count] = frame_text(arena, place);
	return draft->frames[draft->count++] ? 0 : -ENOMEM;
}

/* The function at a frame, and then what was inlined into it. */
static int draft_add_frame(struct draft *draft, const struct growth_builder *builder,
			   struct arena *arena, const struct event_frame *frame)
{
	const struct known_line *line = lines_of(builder, frame);
	struct growth_place place = {
		.module = table_get(&builder->modules, id_key(frame->module)),
		.offset = frame->offset,
	};
	int err;

	place.function = function_name(builder, arena, &place);
	do {
		place.file = line ? line->file : NULL;
		place.line = line ? line->line : 0;
		err = draft_add(draft, arena, &place);
		line = line ? line->next : NULL;
		place.inlined = true;
		place.function = line ? line->name : NULL;
	} while (!err && line);
	return err;
}

int frame_names_make(const struct growth_builder *builder, struct arena *arena,
		     const struct known_stack *stack, uint32_t inherited_from_pid,
		     struct frame_names *ret_names)
{
	const char *label = root_label(stack);
	struct draft draft;

	if (stack->origin != STACK_USER || stack->frame_count == 0)
		return frame_names_make_label(arena, stack_origin_label(stack->origin),
					      inherited_from_pid, ret_names);

	if (draft_start(arena, frames_most(builder, stack) + 1, inherited_from_pid, &draft))
		return -ENOMEM;
	if (label)
		draft.frames[draft.count++] = label;
	for (uint32_t i = stack->frame_count; i > 0; i--)
		if (draft_add_frame(&draft, builder, arena, &stack->frames[i - 1]))
			return -ENOMEM;
	*ret_names = (struct frame_names){
		.frames = draft.frames,
		.places = draft.places,
		.count = draft.count,
		.kernel_count = stack->kernel_frame_count,
	};
	return 0;
}

void frame_names_of_row(const struct frame_names *names, struct growth_row *row)
{
	row->frames = names->frames;
	row->places = names->places;
	row->frame_count = names->count;
	row->kernel_frame_count = names->kernel_count;
}

bool frame_names_are_incomplete(const struct growth_row *row)
{
	return !row->places[0].module && (strcmp(row->frames[0], LABEL_INCOMPLETE) == 0 ||
					  strcmp(row->frames[0], LABEL_TRUNCATED) == 0);
}
