// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/code_functions.h"

#include "symbols/code_frames.h"

/* No function, no spot, the end of a list. */
#define NONE CODE_SPOT_NONE
/* How far it is followed from one function into another. */
#define HOPS_MAX 16
/* A program has a dozen; all are looked at for each call. */
#define DEAD_ENDS_MAX 64

int code_task_add(struct code_functions *functions, uint32_t spot, uint32_t frame,
		  uint32_t function, struct code_table table)
{
	return code_task_push(&functions->tasks,
			      (struct code_task){spot, frame, function, false, table});
}

int code_waiter_add(struct code_functions *functions, const struct code_waiter *waiter)
{
	return code_task_push(&functions->tasks, (struct code_task){
							 .spot = waiter->spot,
							 .frame = waiter->frame,
							 .function = waiter->function,
							 .behind_call = true,
						 });
}

int code_function_returns_later(struct code_functions *functions, uint32_t number)
{
	return code_task_add(functions, NONE, CODE_FRAME_UNKNOWN, number, (struct code_table){});
}

int code_function_returns(struct code_functions *functions, uint32_t number)
{
	struct code_function *function = &functions->list.items[number];
	int r = 0;

	if (function->returns)
		return 0;
	function->returns = true;
	for (uint32_t i = function->waiting; i != NONE && r == 0;) {
		const struct code_waiter *waiter = &functions->waiters.items[i];

		r = code_waiter_add(functions, waiter);
		i = waiter->next;
	}
	return r;
}

int code_function_wait(struct code_functions *functions, uint32_t number, struct code_waiter waiter)
{
	struct code_function *function = &functions->list.items[number];
	int r;

	if (function->returns)
		return code_waiter_add(functions, &waiter);
	waiter.next = function->waiting;
	r = code_waiter_push(&functions->waiters, waiter);
	if (r == 0)
		function->waiting = (uint32_t)functions->waiters.count - 1;
	return r;
}

int code_function_becomes(struct code_functions *functions, uint32_t function, uint32_t other)
{
	if (function == other)
		return 0;
	return code_function_wait(functions, other,
				  (struct code_waiter){.spot = NONE, .function = function});
}

int code_function_begin(struct code_functions *functions, uint32_t at, uint32_t frame,
			bool is_certain)
{
	struct code_spot *spot = &functions->spots->items[at];
	uint32_t number = (uint32_t)functions->list.count;
	struct code_spot before = *spot;
	int r;

	if (spot->is_start) {
		functions->list.items[spot->function].is_certain |= is_certain;
		return 0;
	}
	r = code_function_push(&functions->list,
			       (struct code_function){NONE, NONE, false, false, is_certain});
	if (r < 0)
		return r;
	spot->is_start = 1;
	spot->function = number;
	spot->frame = frame;
	if (!before.length || before.frame != frame) {
		spot->length = 0;
		return code_task_add(functions, at, frame, number, (struct code_table){});
	}
	/* what was found behind it belongs to who was there first */
	return code_function_becomes(functions, number, before.function);
}

int code_dead_end_add(struct code_functions *functions, uint64_t address)
{
	if (functions->dead_ends.count == DEAD_ENDS_MAX)
		return 0;
	return code_address_push(&functions->dead_ends, (struct code_address){address});
}

bool code_is_dead_end(const struct code_functions *functions, uint64_t address)
{
	for (size_t i = 0; i < functions->dead_ends.count; i++)
		if (functions->dead_ends.items[i].value == address)
			return true;
	return false;
}

void code_functions_spread_wrong(struct code_functions *functions)
{
	for (size_t i = 0; i < functions->list.count; i++) {
		struct code_function *function = &functions->list.items[i];
		uint32_t next = function->joins;

		for (int hop = 0; hop < HOPS_MAX && next != NONE && !function->is_certain; hop++) {
			function->wrong |= functions->list.items[next].wrong;
			next = functions->list.items[next].joins;
		}
	}
}

void code_functions_release(struct code_functions *functions)
{
	free(functions->list.items);
	free(functions->waiters.items);
	free(functions->tasks.items);
	free(functions->dead_ends.items);
}
