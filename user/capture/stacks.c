// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/stacks.h"

#include <string.h>

#include "capture/recorder.h"

/* Of what was set aside for a kill, stacks that wait leave as much to others. */
#define SPARE_BYTES (RECORDER_RESERVE_BYTES / 2)

int stacks_init(struct stacks *stacks, struct store *store, const struct ledger *ledger,
		struct event_queue *queue)
{
	*stacks = (struct stacks){
		.store = store, .first_cell = ledger_first_stack_cell(ledger), .queue = queue};
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
	store_free(stack->frames);
	store_free(stack->bytes);
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

/* Room for so many frames, and one: never for none. Those that are there stay. */
static int make_room(const struct stacks *stacks, struct stack *stack, uint32_t count)
{
	struct event_frame *frames =
		store_resize(stacks->store, stack->frames, count + 1, sizeof(*frames));

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

enum stack_end stack_end_of(const struct ot_stack_record *record)
{
	return record->end < STACK_END_COUNT ? (enum stack_end)record->end
					     : STACK_END_FRAME_POINTERS;
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
	if (make_room(stacks, stack, stack->frame_count + record->frame_count))
		return -ENOMEM;
	stack->frame_count =
		kernel_symbols_resolve(symbols, record->frames, record->frame_count, stack->frames);
	return 0;
}

static size_t record_bytes(const struct ot_stack_bytes_record *record)
{
	return offsetof(struct ot_stack_bytes_record, words) +
	       (size_t)record->page_count * OT_STACK_PAGE_BYTES;
}

static bool is_valid_bytes(const struct ot_stack_bytes_record *record, size_t bytes)
{
	return bytes >= offsetof(struct ot_stack_bytes_record, words) && record->page_count > 0 &&
	       record->page_count <= OT_STACK_PAGES && bytes >= record_bytes(record);
}

int stacks_add_bytes(struct stacks *stacks, const struct ot_stack_bytes_record *record,
		     size_t bytes)
{
	struct ot_stack_bytes_record *copy;
	struct stack *stack;

	if (!is_valid_bytes(record, bytes))
		return -EBADMSG;
	stack = slot(stacks, record->cell);
	if (!stack)
		return -EBADMSG;
	/* it stays as the kernel walked it, which its end says */
	if (!store_can_spare(stacks->store, bytes + SPARE_BYTES))
		return 0;
	copy = store_alloc(stacks->store, bytes);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, record, bytes);
	store_free(stack->bytes);
	stack->bytes = copy;
	return 0;
}

/*
 * Frames of the program take the place of those that were there; the kernel's stay. Named by what
 * it was walked by: what is mapped by now may be other code.
 */
static int replace_frames(const struct stacks *stacks, struct stack *stack, struct lives *lives,
			  const struct unwinder_stack *walked)
{
	uint32_t count = stack->kernel_frame_count + walked->frame_count;

	if (make_room(stacks, stack, count))
		return -ENOMEM;
	lives_resolve_known(lives, stack->account, walked->frames, walked->frame_count,
			    stack->frames + stack->kernel_frame_count);
	stack->frame_count = count;
	stack->end = (enum stack_end)walked->end;
	return 0;
}

/* It has no bytes any more when it is done with. 0 or -ENOMEM. */
static int walk_late(struct stacks *stacks, struct stack *stack, struct lives *lives, bool now)
{
	struct unwinder_stack walked;
	int error = stack->bytes && !stack->announced
			    ? lives_walk(lives, stack->account, stack->bytes, now, &walked)
			    : -ENOENT;

	if (error == -EAGAIN)
		return 0;
	/* what nothing more is known of stays as the kernel walked it */
	if (!error)
		error = replace_frames(stacks, stack, lives, &walked);
	if (!error)
		stacks->late_ends[stack->end]++;
	store_free(TAKE_PTR(stack->bytes));
	return error == -ENOMEM ? error : 0;
}

void stacks_walk_late_of(struct stacks *stacks, struct lives *lives, uint32_t account)
{
	for (uint32_t i = 0; i < stacks->late_count; i++) {
		struct stack *stack = slot(stacks, stacks->late[i]);

		if (stack->account == account)
			walk_late(stacks, stack, lives, true);
	}
}

static void forget_walked(struct stacks *stacks)
{
	uint32_t kept = 0;

	stacks->late_bytes = 0;
	for (uint32_t i = 0; i < stacks->late_count; i++) {
		uint32_t cell = stacks->late[i];

		if (!slot(stacks, cell)->bytes)
			continue;
		stacks->late_bytes += record_bytes(slot(stacks, cell)->bytes);
		stacks->late[kept++] = cell;
	}
	stacks->late_count = kept;
}

int stacks_walk_late(struct stacks *stacks, struct lives *lives, bool now)
{
	int error = 0;

	for (uint32_t i = 0; i < stacks->late_count && !error; i++)
		error = walk_late(stacks, slot(stacks, stacks->late[i]), lives, now);
	forget_walked(stacks);
	return error;
}

/* Its turn to be walked comes; where too many wait already it stays as it is. */
static void keep_bytes(struct stacks *stacks, struct stack *stack, uint32_t cell,
		       struct ot_stack_bytes_record *bytes)
{
	if (stacks->late_count == STACKS_LATE_MAX ||
	    stacks->late_bytes + record_bytes(bytes) > STACKS_LATE_BYTES) {
		store_free(bytes);
		return;
	}
	stack->bytes = bytes;
	stacks->late_bytes += record_bytes(bytes);
	stacks->late[stacks->late_count++] = cell;
}

int stacks_add(struct stacks *stacks, struct lives *lives, const struct ot_stack_record *record,
	       size_t bytes)
{
	_cleanup_store_free_ struct ot_stack_bytes_record *late = NULL;
	struct stack *stack;

	if (!is_valid(record, bytes))
		return -EBADMSG;
	stack = slot(stacks, record->cell);
	if (!stack)
		return -EBADMSG;
	late = TAKE_PTR(stack->bytes);
	/* what is there is the kernel's part of this stack, or somebody's who had the cell before
	 */
	if (stack->id || !(record->flags & OT_STACK_KERNEL))
		forget(stacks, stack);
	if (make_room(stacks, stack, stack->frame_count + record->frame_count))
		return -ENOMEM;
	if (record->end == OT_STACK_END_NOT_LOADED)
		lives_code_missing(lives, record->account);
	lives_resolve(lives, record->account, record->frames, record->frame_count,
		      stack->frames + stack->frame_count);
	stack->kernel_frame_count = stack->frame_count;
	stack->account = record->account;
	if (late && (record->flags & OT_STACK_BYTES))
		keep_bytes(stacks, stack, record->cell, TAKE_PTR(late));
	stack->id = ++stacks->last_id;
	stack->end = stack_end_of(record);
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
