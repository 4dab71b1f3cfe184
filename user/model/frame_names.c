// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/frame_names.h"

#include <inttypes.h>
#include <string.h>

#include "model/place_names.h"
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

static const struct place_names *place_of(struct frame_namer *namer,
					  const struct event_frame *frame)
{
	return place_names_get(namer->builder, namer->arena, &namer->places, frame);
}

/* Frames that a stack becomes: those that were inlined, too. */
static int frames_count(struct frame_namer *namer, const struct known_stack *stack,
			uint32_t *ret_count)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < stack->frame_count; i++) {
		const struct place_names *names = place_of(namer, &stack->frames[i]);

		if (!names)
			return -ENOMEM;
		count += names->count;
	}
	*ret_count = count;
	return 0;
}

/* The function at a frame, and then what was inlined into it. */
static void draft_add_place(struct draft *draft, const struct place_names *names)
{
	memcpy(draft->frames + draft->count, names->frames, names->count * sizeof(*names->frames));
	memcpy(draft->places + draft->count, names->places, names->count * sizeof(*names->places));
	draft->count += names->count;
}

static int names_make(struct frame_namer *namer, const struct known_stack *stack,
		      uint32_t inherited_from_pid, struct frame_names **ret_names)
{
	struct frame_names *names = arena_alloc(namer->arena, 1, sizeof(*names));
	const char *label = root_label(stack);
	struct draft draft;
	uint32_t most;

	if (!names || frames_count(namer, stack, &most) ||
	    draft_start(namer->arena, most + 1, inherited_from_pid, &draft))
		return -ENOMEM;
	if (label)
		draft.frames[draft.count++] = label;
	for (uint32_t i = stack->frame_count; i > 0; i--)
		draft_add_place(&draft, place_of(namer, &stack->frames[i - 1]));
	*names = (struct frame_names){
		.frames = draft.frames,
		.places = draft.places,
		.count = draft.count,
		.kernel_count = stack->kernel_frame_count,
	};
	*ret_names = names;
	return 0;
}

static bool is_full(const struct frame_namer *namer)
{
	return namer->arena_bytes_max && namer->arena->bytes > namer->arena_bytes_max;
}

int frame_names_make(struct frame_namer *namer, const struct known_stack *stack,
		     uint32_t inherited_from_pid, struct frame_names *ret_names)
{
	const struct table_key key = {.major = stack->id, .minor = inherited_from_pid};
	struct frame_names *names;
	int err = 0;

	if (stack->origin != STACK_USER || stack->frame_count == 0)
		return frame_names_make_label(namer->arena, stack_origin_label(stack->origin),
					      inherited_from_pid, ret_names);
	names = table_get(&namer->stacks, key);
	if (!names) {
		err = is_full(namer) ? -EFBIG
				     : names_make(namer, stack, inherited_from_pid, &names);
		if (!err)
			err = table_put(&namer->stacks, key, names);
	}
	if (!err)
		*ret_names = *names;
	return err;
}

void frame_namer_release(struct frame_namer *namer)
{
	table_release(&namer->places);
	table_release(&namer->stacks);
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
