// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/stacks.h"

#include <string.h>

int stacks_init(struct stacks *stacks, const struct ledger *ledger, struct event_queue *queue)
{
	*stacks = (struct stacks){.first_cell = ledger_first_stack_cell(ledger), .queue = queue};
	stacks->count = ledger->cell_count - stacks->first_cell;
	stacks->items = calloc(stacks->count, sizeof(*stacks->items));
	return stacks->items ? 0 : -ENOMEM;
}

static struct stack *slot(const struct stacks *stacks, uint32_t cell)
{
	if (cell < stacks->first_cell || cell - stacks->first_cell >= stacks->count)
		return NULL;
	return &stacks->items[cell - stacks->first_cell];
}

static void clear(struct stacks *stacks, struct stack *stack)
{
	if (stack->id)
		stacks->used--;
	free(stack->frames);
	memset(stack, 0, sizeof(*stack));
}

static void forget(struct stacks *stacks, struct stack *stack)
{
	const struct event event = {.type = EVENT_FORGOTTEN, .forgotten = {.stack = stack->id}};

	if (stack->announced)
		event_queue_push(stacks->queue, &event);
	clear(stacks, stack);
}

void stacks_release(struct stacks *stacks)
{
	for (uint32_t i = 0; stacks->items && i < stacks->count; i++)
		clear(stacks, &stacks->items[i]);
	free(stacks->items);
	stacks->items = NULL;
}

static bool is_valid(const struct ot_stack_record *record, size_t bytes)
{
	return bytes >= offsetof(struct ot_stack_record, frames) &&
	       record->frame_count <= OT_MAX_FRAMES &&
	       bytes >= offsetof(struct ot_stack_record, frames) +
				record->frame_count * sizeof(record->frames[0]);
}

/* Room for more frames, behind those that are there, and one; never for none. */
static int make_room(struct stack *stack, uint32_t more)
{
	struct event_frame *frames =
		reallocarray(stack->frames, stack->frame_count + more + 1, sizeof(*frames));

	if (!frames)
		return -ENOMEM;
	stack->frames = frames;
	return 0;
}

static bool is_valid_kernel(const struct ot_kernel_stack_record *record, size_t bytes)
{
	return bytes >= offsetof(struct ot_kernel_stack_record, frames) &&
	       record->frame_count <= OT_MAX_KERNEL_FRAMES &&
	       bytes >= offsetof(struct ot_kernel_stack_record, frames) +
				record->frame_count * sizeof(record->frames[0]);
}

int stacks_add_kernel(struct stacks *stacks, struct kernel_symbols *symbols,
		      const struct ot_kernel_stack_record *record, size_t bytes)
{
	struct stack *stack;

	if (!is_valid_kernel(record, bytes))
		return -EBADMSG;
	stack = slot(stacks, record->cell);
	if (!stack)
		return -EBADMSG;
	forget(stacks, stack);
	if (make_room(stack, record->frame_count))
		return -ENOMEM;
	stack->frame_count =
		kernel_symbols_resolve(symbols, record->frames, record->frame_count, stack->frames);
	return 0;
}

int stacks_add(struct stacks *stacks, struct lives *lives, const struct ot_stack_record *record,
	       size_t bytes)
{
	struct stack *stack;

	if (!is_valid(record, bytes))
		return -EBADMSG;
	stack = slot(stacks, record->cell);
	if (!stack)
		return -EBADMSG;
	/* what is there is the kernel's part of this stack, or somebody's who had the cell before
	 */
	if (stack->id || !(record->flags & OT_STACK_KERNEL))
		forget(stacks, stack);
	if (make_room(stack, record->frame_count))
		return -ENOMEM;
	lives_resolve(lives, record->account, record->frames, record->frame_count,
		      stack->frames + stack->frame_count);
	stack->id = ++stacks->last_id;
	stack->truncated = record->flags & OT_STACK_TRUNCATED;
	stack->frame_count += record->frame_count;
	memcpy(stack->comm, record->comm, sizeof(stack->comm));
	stack->comm[sizeof(stack->comm) - 1] = '\0';
	stacks->used++;
	return 0;
}

struct stack *stacks_get(const struct stacks *stacks, uint32_t cell)
{
	struct stack *stack = slot(stacks, cell);

	return stack && stack->id ? stack : NULL;
}

void stacks_forget(struct stacks *stacks, uint32_t cell)
{
	struct stack *stack = slot(stacks, cell);

	if (stack)
		forget(stacks, stack);
}
