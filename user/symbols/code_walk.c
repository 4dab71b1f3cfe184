// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "symbols/code_begin.h"
#include "symbols/code_frames.h"
#include "symbols/code_functions.h"
#include "symbols/code_spots.h"
#include "symbols/code_table.h"

/* No function, no spot. */
#define NONE CODE_SPOT_NONE
/* Where functions begin, if compilers have the choice. */
#define ALIGNMENT_BYTES 16
/* What is looked at to see whether it is a function. */
#define FUNCTION_LOOK_BYTES 512

struct code_walk {
	const struct code_image *image;
	struct code_decoder decoder;
	struct code_spots spots;
	struct code_frames frames;
	struct code_functions functions;
	struct code_address_list mentions;
	size_t mentions_done;
	uint32_t steps;
};

/* --- where to begin --------------------------------------------------------------------------- */

int code_walk_add_function(struct code_walk *walk, uint64_t address)
{
	uint32_t spot = code_spots_find(&walk->spots, address);

	return spot == NONE ? 0
			    : code_function_begin(&walk->functions, spot, CODE_FRAME_ENTRY, true);
}

int code_walk_add_entry(struct code_walk *walk, uint64_t address)
{
	uint32_t spot = code_spots_find(&walk->spots, address);

	return spot == NONE
		       ? 0
		       : code_function_begin(&walk->functions, spot, CODE_FRAME_OUTERMOST, true);
}

int code_walk_add_dead_end(struct code_walk *walk, uint64_t address)
{
	return code_dead_end_add(&walk->functions, address);
}

int code_walk_add_mention(struct code_walk *walk, uint64_t address)
{
	if (!code_spots_range(&walk->spots, address) ||
	    walk->mentions.count == CODE_WALK_MENTIONS_MAX)
		return 0;
	return code_address_push(&walk->mentions, (struct code_address){address});
}

/* --- walking ---------------------------------------------------------------------------------- */

static int steps_take(struct code_walk *walk, uint64_t steps)
{
	if (steps > CODE_WALK_STEPS_MAX - walk->steps)
		return -E2BIG;
	walk->steps += (uint32_t)steps;
	return 0;
}

/* Where a task is. */
struct walker {
	struct code_walk *walk;
	const struct code_spot_range *range;
	uint32_t spot;
	uint32_t function;
	struct code_frame frame;
	struct code_table table;
	struct code_step step;
	bool behind_call; /* and what fills up the space there */
	bool filled_up;
};

static uint64_t walker_address(const struct walker *walker)
{
	return walker->range->start + (walker->spot - walker->range->first);
}

static void function_was_wrong(struct walker *walker)
{
	walker->walk->functions.list.items[walker->function].wrong = true;
}

/* A function is jumped to with its caller's return address on top, or it is none. */
static bool is_at_entry(const struct code_frame *frame)
{
	return (frame->flags & (CODE_RSP | CODE_CALLERS)) == (CODE_RSP | CODE_CALLERS) &&
	       frame->rsp == code_frame_entry.rsp;
}

/* The way leads into a function: this one ends as that one does. */
static int enter_function(struct walker *walker, uint32_t spot)
{
	struct code_walk *walk = walker->walk;
	uint32_t other = walk->spots.items[spot].function;
	struct code_function *function = &walk->functions.list.items[other];

	if (other != walker->function && !function->is_certain && !is_at_entry(&walker->frame))
		function->wrong = true;
	return code_function_becomes(&walk->functions, walker->function, other);
}

/*
 * The way leads into code that was come to from elsewhere. Of two functions that disagree about it
 * one is none.
 */
static int join(struct walker *walker, const struct code_spot *spot, bool agrees)
{
	struct code_function *functions = walker->walk->functions.list.items;
	struct code_function *joining = &functions[walker->function];
	struct code_function *other = &functions[spot->function];

	if (spot->function == walker->function)
		return 0;
	if (joining->joins == NONE)
		joining->joins = spot->function;
	if (!agrees && !joining->is_certain)
		joining->wrong = true;
	else if (!agrees && !other->is_certain)
		other->wrong = true;
	return code_function_becomes(&walker->walk->functions, walker->function, spot->function);
}

/* Notes the frame at the spot the walker is at. False: all that follows is known already. */
static int spot_visit(struct walker *walker, bool *ret_go_on)
{
	struct code_walk *walk = walker->walk;
	struct code_spot *spot = &walk->spots.items[walker->spot];
	struct code_frame met;
	int r;

	*ret_go_on = false;
	/* its own beginning, for the first time, or a way that leads there */
	if (spot->is_start && (spot->length || spot->function != walker->function))
		return enter_function(walker, walker->spot);
	*ret_go_on = true;
	if (!spot->length) {
		spot->frame = code_frames_number(&walk->frames, &walker->frame);
		spot->function = walker->function;
		return 0;
	}
	met = code_frame_meet(&walk->frames.items[spot->frame], &walker->frame);
	*ret_go_on = !code_frame_equals(&met, &walk->frames.items[spot->frame]);
	r = join(walker, spot, code_frame_equals(&met, &walker->frame));
	walker->frame = met;
	spot->frame = code_frames_number(&walk->frames, &met);
	return r;
}

static int go_to(struct walker *walker, uint64_t target, struct code_table table)
{
	struct code_walk *walk = walker->walk;
	uint32_t spot = code_spots_find(&walk->spots, target);

	if (code_is_dead_end(&walk->functions, target))
		return 0;
	/* code that somebody else knows, which returns as most does */
	if (spot == NONE)
		return code_function_returns_later(&walk->functions, walker->function);
	return code_task_add(&walk->functions, spot,
			     code_frames_number(&walk->frames, &walker->frame), walker->function,
			     table);
}

static int call(struct walker *walker, uint32_t behind)
{
	struct code_walk *walk = walker->walk;
	uint32_t callee = code_spots_find(&walk->spots, walker->step.target);
	uint32_t frame = code_frames_number(&walk->frames, &walker->frame);
	int r;

	if (code_is_dead_end(&walk->functions, walker->step.target))
		return 0;
	if (callee == NONE)
		return code_waiter_add(&walk->functions, &(struct code_waiter){NONE, behind, frame,
									       walker->function});
	r = code_function_begin(&walk->functions, callee, CODE_FRAME_ENTRY, true);
	return r < 0 ? r
		     : code_function_wait(&walk->functions, walk->spots.items[callee].function,
					  (struct code_waiter){.spot = behind,
							       .frame = frame,
							       .function = walker->function});
}

/* It returns with the frame it began with, or has been misunderstood. */
static int leave(struct walker *walker)
{
	if ((walker->frame.flags & CODE_RSP) && !is_at_entry(&walker->frame) &&
	    !(walker->frame.flags & CODE_OUTERMOST))
		function_was_wrong(walker);
	return code_function_returns(&walker->walk->functions, walker->function);
}

static bool table_is_sound(const struct walker *walker, uint64_t entries)
{
	for (uint64_t i = 0; i < entries; i++) {
		uint64_t target;

		if (!code_table_target(&walker->table, walker->walk->image, &walker->step, i,
				       &target) ||
		    !code_spots_range(&walker->walk->spots, target))
			return false;
	}
	return true;
}

/* By a table, or through a pointer to where nobody knows, which returns as most does. */
static int jump_unknown(struct walker *walker)
{
	uint64_t entries = code_table_entries(&walker->table, &walker->step);
	int r = steps_take(walker->walk, entries);

	if (r < 0)
		return r;
	if (!entries || !table_is_sound(walker, entries))
		return code_function_returns(&walker->walk->functions, walker->function);
	for (uint64_t i = 0; i < entries && r == 0; i++) {
		uint64_t target;

		if (code_table_target(&walker->table, walker->walk->image, &walker->step, i,
				      &target))
			r = go_to(walker, target, (struct code_table){});
	}
	return r;
}

/* Where the instruction leads other than to the next one. */
static int follow(struct walker *walker, const struct code_table *before)
{
	uint32_t behind = walker->spot + walker->step.length;

	switch (walker->step.flow) {
	case CODE_BRANCH:
		return go_to(walker, walker->step.target,
			     code_table_at_target(before, &walker->step));
	case CODE_JUMP:
		return go_to(walker, walker->step.target, walker->table);
	case CODE_JUMP_UNKNOWN:
		return jump_unknown(walker);
	case CODE_CALL:
		if (behind >= walker->range->first + (walker->range->end - walker->range->start))
			return 0;
		return call(walker, behind);
	case CODE_RETURN:
		return leave(walker);
	default:
		return 0;
	}
}

static bool goes_on(enum code_flow flow)
{
	return flow == CODE_ON || flow == CODE_BRANCH || flow == CODE_CALL_UNKNOWN;
}

/*
 * A call that does not return, of what is not known not to: the code behind it, after what fills it
 * up, begins as functions do.
 */
static bool is_another_function(struct walker *walker)
{
	bool is_another = walker->behind_call && walker->filled_up && walker->step.is_prologue &&
			  walker_address(walker) % ALIGNMENT_BYTES == 0;

	walker->behind_call &= walker->step.fills_up;
	walker->filled_up = walker->behind_call;
	walker->behind_call |= walker->step.flow == CODE_CALL_UNKNOWN;
	return is_another;
}

/* One instruction. *ret_go_on: there is another one. */
static int walker_step(struct walker *walker, bool *ret_go_on)
{
	struct code_walk *walk = walker->walk;
	const struct code_spot_range *range = walker->range;
	struct code_table before = walker->table;
	int r = spot_visit(walker, ret_go_on);

	if (r < 0 || !*ret_go_on)
		return r;
	r = steps_take(walk, 1);
	if (r < 0)
		return r;
	*ret_go_on = code_step(&walk->decoder,
			       bytes_of(range->bytes + (walker->spot - range->first),
					range->end - walker_address(walker)),
			       walker_address(walker), &walker->frame, &walker->step);
	if (!*ret_go_on) {
		function_was_wrong(walker);
		return 0;
	}
	if (is_another_function(walker)) {
		*ret_go_on = false;
		return code_function_begin(&walk->functions, walker->spot, CODE_FRAME_ENTRY, false);
	}
	walk->spots.items[walker->spot].length = walker->step.length & 15;
	code_table_note(&walker->table, &walker->step);
	if (walker->step.mentions)
		r = code_walk_add_mention(walk, walker->step.mentions);
	if (r == 0)
		r = follow(walker, &before);
	walker->spot += walker->step.length;
	*ret_go_on = goes_on(walker->step.flow) &&
		     walker->spot - range->first < range->end - range->start;
	return r;
}

static int task_run(struct code_walk *walk, const struct code_task *task)
{
	struct walker walker = {
		.walk = walk,
		.spot = task->spot,
		.function = task->function,
		.frame = walk->frames.items[task->frame],
		.table = task->table,
		.behind_call = task->behind_call,
	};
	bool go_on = true;
	int r = 0;

	if (task->spot == NONE)
		return code_function_returns(&walk->functions, task->function);
	walker.range = code_spots_range_of(&walk->spots, task->spot);
	while (go_on && r == 0)
		r = walker_step(&walker, &go_on);
	return r;
}

static int tasks_run(struct code_walk *walk)
{
	int r = 0;

	while (walk->functions.tasks.count > 0 && r == 0) {
		struct code_task task = walk->functions.tasks.items[--walk->functions.tasks.count];

		r = task_run(walk, &task);
	}
	return r;
}

/* Code from a spot to where the next function is known to begin, as far as it matters. */
static struct bytes code_of_function(const struct code_walk *walk,
				     const struct code_spot_range *range, uint64_t offset)
{
	uint64_t end = offset + 1;
	uint64_t most = range->end - range->start;

	if (most > offset + FUNCTION_LOOK_BYTES)
		most = offset + FUNCTION_LOOK_BYTES;
	while (end < most && !walk->spots.items[range->first + end].is_start)
		end++;
	return bytes_of(range->bytes + offset, end - offset);
}

/* What nothing leads to but something points to is a function if it looks like one. */
static int mention_follow(struct code_walk *walk, uint64_t address)
{
	const struct code_spot_range *range = code_spots_range(&walk->spots, address);
	uint64_t offset = address - range->start;
	uint32_t spot = range->first + (uint32_t)offset;
	int r;

	if (walk->spots.items[spot].length || walk->spots.items[spot].looked_at)
		return 0;
	walk->spots.items[spot].looked_at = 1;
	r = steps_take(walk, CODE_LOOKED_AT);
	if (r < 0 || !code_begins_function(&walk->decoder, code_of_function(walk, range, offset)))
		return r;
	return code_function_begin(&walk->functions, spot, CODE_FRAME_ENTRY, false);
}

int code_walk_run(struct code_walk *walk)
{
	int r = tasks_run(walk);

	while (walk->mentions_done < walk->mentions.count && r == 0) {
		r = mention_follow(walk, walk->mentions.items[walk->mentions_done++].value);
		if (r == 0)
			r = tasks_run(walk);
	}
	code_functions_spread_wrong(&walk->functions);
	return r;
}

/* --- what came of it -------------------------------------------------------------------------- */

bool code_walk_next(const struct code_walk *walk, uint64_t start, uint64_t end,
		    struct code_place *ret_place)
{
	const struct code_spot_range *range =
		start < end ? code_spots_range(&walk->spots, start) : NULL;

	for (uint64_t address = start; range && address < end; address++) {
		const struct code_spot *spot =
			&walk->spots.items[range->first + (address - range->start)];

		if (!spot->length)
			continue;
		*ret_place = (struct code_place){
			.address = address,
			.length = spot->length,
			.understood = !walk->functions.list.items[spot->function].wrong,
			.frame = walk->frames.items[spot->frame],
		};
		return true;
	}
	return false;
}

int code_walk_new(const struct code_image *image, const struct code_range *ranges, size_t count,
		  struct code_walk **ret_walk)
{
	_cleanup_(code_walk_freep) struct code_walk *walk = calloc(1, sizeof(*walk));
	int r;

	if (!walk)
		return -ENOMEM;
	walk->image = image;
	walk->functions.spots = &walk->spots;
	code_decoder_init(&walk->decoder);
	code_frames_init(&walk->frames);
	r = code_spots_init(&walk->spots, image, ranges, count, CODE_WALK_BYTES_MAX);
	if (r < 0)
		return r;
	*ret_walk = TAKE_PTR(walk);
	return 0;
}

void code_walk_free(struct code_walk *walk)
{
	code_functions_release(&walk->functions);
	code_spots_release(&walk->spots);
	free(walk->mentions.items);
	free(walk);
}
