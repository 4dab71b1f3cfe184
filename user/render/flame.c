// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/flame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_END ';'
#define EVERYTHING "all"

/* A frame that may go on in the next line. */
struct open_frame {
	const char *name;
	size_t name_bytes;
	uint64_t start_bytes;
	uint64_t before_bytes, after_bytes;
};

struct layout {
	struct flame *flame;
	uint64_t shares;
	struct open_frame *open; /* the stack of the last line; [0] is everything */
	size_t open_count;
	uint64_t at_bytes; /* where the next line begins */
};

void flame_release(struct flame *flame)
{
	free(flame->boxes);
	*flame = (struct flame){0};
}

/*
 * The end of a frame sorts before every byte that a name may have, so that all stacks that begin
 * with the same frames stand together.
 */
static int compare_stacks(const void *left, const void *right)
{
	const unsigned char *a = (const void *)((const struct folded_line *)left)->stack;
	const unsigned char *b = (const void *)((const struct folded_line *)right)->stack;

	while (*a && *a == *b)
		a++, b++;
	return (*a == FRAME_END ? 1 : *a) - (*b == FRAME_END ? 1 : *b);
}

static uint64_t positive(int64_t bytes)
{
	return bytes > 0 ? (uint64_t)bytes : 0;
}

static uint64_t width_of(const struct folded_line *line)
{
	uint64_t before = positive(line->before_bytes), after = positive(line->bytes);

	return before > after ? before : after;
}

static uint64_t total_of(const struct folded_lines *lines)
{
	uint64_t total = 0;

	for (size_t i = 0; i < lines->count; i++)
		if (__builtin_add_overflow(total, width_of(&lines->line[i]), &total))
			return UINT64_MAX;
	return total;
}

static size_t frame_count(const char *stack)
{
	size_t count = 1;

	for (; *stack; stack++)
		count += *stack == FRAME_END;
	return count;
}

static int flame_add(struct flame *flame, const struct flame_box *box)
{
	if (flame->count == flame->capacity) {
		size_t capacity = flame->capacity ? flame->capacity * 2 : 256;
		struct flame_box *boxes = reallocarray(flame->boxes, capacity, sizeof(*boxes));

		if (!boxes)
			return -ENOMEM;
		flame->boxes = boxes;
		flame->capacity = capacity;
	}
	flame->boxes[flame->count++] = *box;
	if (box->depth > flame->deepest)
		flame->deepest = box->depth;
	return 0;
}

/* The frames from `depth` on go on no further. */
static int close_frames(struct layout *layout, size_t depth)
{
	while (layout->open_count > depth) {
		const struct open_frame *frame = &layout->open[--layout->open_count];
		const struct flame_box box = {
			.name = frame->name,
			.name_bytes = frame->name_bytes,
			.depth = layout->open_count,
			.start_bytes = frame->start_bytes,
			.width_bytes = layout->at_bytes - frame->start_bytes,
			.before_bytes = frame->before_bytes,
			.after_bytes = frame->after_bytes,
		};
		int err;

		if (box.depth && box.width_bytes < layout->flame->total_bytes / layout->shares) {
			layout->flame->narrow++;
			continue;
		}
		err = flame_add(layout->flame, &box);
		if (err)
			return err;
	}
	return 0;
}

/* How many frames of `stack` are open already; *ret_rest is what follows them. */
static size_t shared_frames(const struct layout *layout, const char *stack, const char **ret_rest)
{
	size_t shared = 1;

	while (shared < layout->open_count) {
		const struct open_frame *frame = &layout->open[shared];
		const char *end = stack + frame->name_bytes;

		if (strncmp(stack, frame->name, frame->name_bytes) != 0 ||
		    (*end && *end != FRAME_END))
			break;
		shared++;
		stack = *end ? end + 1 : NULL;
		if (!stack)
			break;
	}
	*ret_rest = stack;
	return shared;
}

static void open_frames(struct layout *layout, const char *stack)
{
	while (stack) {
		size_t name_bytes = strcspn(stack, ";");

		layout->open[layout->open_count++] = (struct open_frame){
			.name = stack,
			.name_bytes = name_bytes,
			.start_bytes = layout->at_bytes,
		};
		stack = stack[name_bytes] ? stack + name_bytes + 1 : NULL;
	}
}

static int add_line(struct layout *layout, const struct folded_line *line)
{
	const char *rest;
	size_t shared = shared_frames(layout, line->stack, &rest);
	int err = close_frames(layout, shared);

	if (err)
		return err;
	open_frames(layout, rest);
	for (size_t i = 0; i < layout->open_count; i++) {
		layout->open[i].before_bytes += positive(line->before_bytes);
		layout->open[i].after_bytes += positive(line->bytes);
	}
	layout->at_bytes += width_of(line);
	return 0;
}

static int lay_out(struct layout *layout, const struct folded_lines *lines)
{
	int err = 0;

	layout->open[0] = (struct open_frame){.name = EVERYTHING, .name_bytes = strlen(EVERYTHING)};
	layout->open_count = 1;
	for (size_t i = 0; i < lines->count && !err; i++)
		if (width_of(&lines->line[i]))
			err = add_line(layout, &lines->line[i]);
	return err ? err : close_frames(layout, 0);
}

static int compare_boxes(const void *left, const void *right)
{
	const struct flame_box *a = left, *b = right;

	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return a->start_bytes < b->start_bytes ? -1 : a->start_bytes > b->start_bytes;
}

int flame_make(struct folded_lines *lines, bool differential, uint64_t shares, struct flame *flame)
{
	_cleanup_free_ struct open_frame *open = NULL;
	struct layout layout = {.flame = flame, .shares = shares};
	size_t deepest = 0;
	int err;

	for (size_t i = 0; i < lines->count; i++) {
		size_t frames = frame_count(lines->line[i].stack);

		deepest = frames > deepest ? frames : deepest;
		if (!differential)
			lines->line[i].before_bytes = 0;
	}
	open = layout.open = calloc(deepest + 1, sizeof(*open));
	if (!open)
		return -ENOMEM;
	if (lines->count)
		qsort(lines->line, lines->count, sizeof(*lines->line), compare_stacks);
	flame->total_bytes = total_of(lines);
	err = lay_out(&layout, lines);
	if (!err)
		qsort(flame->boxes, flame->count, sizeof(*flame->boxes), compare_boxes);
	return err;
}
