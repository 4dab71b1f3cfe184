/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of the functions that code is walked in: where they begin, whether they return, in
 * whose code they go on, which were not understood, and who waits for one to return. And what is to
 * be walked, for that is what becomes of whoever has waited. Looks at no instruction; called by
 * code_walk.c alone. Functions, spots and frames go by their numbers; what returns an int is 0 or
 * -ENOMEM.
 */
#ifndef SYMBOLS_CODE_FUNCTIONS_H
#define SYMBOLS_CODE_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "symbols/code_list.h"
#include "symbols/code_spots.h"
#include "symbols/code_table.h"

struct code_function {
	uint32_t waiting; /* for it to return: a list */
	uint32_t joins;   /* the function whose code it goes on in, if any, or CODE_SPOT_NONE */
	bool returns;
	bool wrong;      /* it was not understood */
	bool is_certain; /* a call, or a symbol, says that it is one */
};

/* What happens once a function returns: the code behind a call goes on, or its caller returns. */
struct code_waiter {
	uint32_t next;
	uint32_t spot; /* CODE_SPOT_NONE: the function itself returns */
	uint32_t frame;
	uint32_t function;
};

/* A place to go on at. */
struct code_task {
	uint32_t spot; /* CODE_SPOT_NONE: the function returns */
	uint32_t frame;
	uint32_t function;
	bool behind_call;
	struct code_table table;
};

struct code_address {
	uint64_t value;
};

DEFINE_CODE_LIST(code_function)
DEFINE_CODE_LIST(code_waiter)
DEFINE_CODE_LIST(code_task)
DEFINE_CODE_LIST(code_address)

/* All zeros but for the spots, which are borrowed. */
struct code_functions {
	struct code_spots *spots;
	struct code_function_list list;
	struct code_waiter_list waiters;
	struct code_task_list tasks; /* the walker takes them off */
	struct code_address_list dead_ends;
};

void code_functions_release(struct code_functions *functions);

int code_task_add(struct code_functions *functions, uint32_t spot, uint32_t frame,
		  uint32_t function, struct code_table table);

/* What waited for a function goes on. */
int code_waiter_add(struct code_functions *functions, const struct code_waiter *waiter);

/*
 * Has a function begin at a spot. If other code was thought to run into it, it is that which was
 * mistaken, or jumps there instead of calling.
 */
int code_function_begin(struct code_functions *functions, uint32_t spot, uint32_t frame,
			bool is_certain);

/* Whoever waits for it goes on. */
int code_function_returns(struct code_functions *functions, uint32_t number);
/* The same, in its turn. */
int code_function_returns_later(struct code_functions *functions, uint32_t number);

/* Once `number` returns `waiter` has its turn, which is now if it is known to. */
int code_function_wait(struct code_functions *functions, uint32_t number,
		       struct code_waiter waiter);

/* What `function` does from here on, `other` does: it returns if that one returns. */
int code_function_becomes(struct code_functions *functions, uint32_t function, uint32_t other);

/* A function that may be one is not if it goes on in one that was not understood. */
void code_functions_spread_wrong(struct code_functions *functions);

/* Calls of what is there do not return. */
int code_dead_end_add(struct code_functions *functions, uint64_t address);
bool code_is_dead_end(const struct code_functions *functions, uint64_t address);

#endif
