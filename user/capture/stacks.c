// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/stacks.h"

#include <string.h>

int stacks_init(struct stacks *stacks, const struct ledger *ledger)
{
	*stacks = (struct stacks){.first_cell = ledger_first_stack_cell(ledger)};
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

int stacks_add(struct stacks *stacks, struct lives *lives, const struct ot_stack_record *record,
	       size_t bytes)
{
	struct stack *stack;

	if (!is_valid(record, bytes))
		return -EBADMSG;
	stack = slot(stacks, record->cell);
	if (!stack)
		return -EBADMSG;
	clear(stacks, stack);
	stack->frames = calloc(record->frame_count, sizeof(*stack->frames));
	if (!stack->frames)
		return -ENOMEM;
	lives_resolve(lives, record->account, record->frames, record->frame_count, stack->frames);
	stack->id = ++stacks->last_id;
	stack->truncated = record->flags & OT_STACK_TRUNCATED;
	stack->frame_count = record->frame_count;
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
		clear(stacks, stack);
}
