/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lives in a row: each was killed for memory, after each but the last its workload was started
 * again. How long they took, which way that goes, and what every one of them did first. Pure
 * arithmetic over a finished incident and what its file tells of the lives before; who belongs to
 * whom was found by kill_history.h. Called by the model; read by renderers and verdicts.
 */
#ifndef MODEL_CRASH_LOOP_H
#define MODEL_CRASH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/event.h"

struct arena;
struct growth_row;
struct incident;

/* So many in a row are a loop. */
#define CRASH_LOOP_LEAST 3

enum loop_trend {
	LOOP_TREND_UNKNOWN, /* of two there is none */
	LOOP_STEADY,
	LOOP_RISING,
	LOOP_FALLING,
	LOOP_TREND_COUNT,
};

/* A figure of each life. All zero where `count` is. */
struct loop_figure {
	size_t count; /* of lives that have it */
	uint64_t least, median, most;
	enum loop_trend trend;
};

/* That every life whose stacks are known held among its largest. */
struct loop_stack {
	const struct growth_row *row; /* of the last life */
	uint64_t bytes[LIVES_MAX +
		       1]; /* of each life, the oldest first; 0: its stacks are not known */
};

struct crash_loop {
	const struct life_event *lives; /* that are told, the oldest first, this one last */
	size_t life_count;              /* 0: nothing was killed before */
	uint32_t number;                /* of this life: there may be more than are told */
	uint64_t span_ns;               /* from the first kill that is told to this one */
	struct loop_figure lived_ns, memory_bytes;
	struct loop_figure half_ns; /* after its start: by then a life held half of its memory */
	const struct loop_stack *stacks;
	size_t stack_count;
	/* what every life of which it was seen held among its largest stacks when it was small */
	struct loop_figure early_ns; /* after its start: when that was seen */
	const struct loop_stack *early;
	size_t early_count;
};

/* This incident as one of the lives that a later one may have had before it; its id is borrowed. */
struct life_event life_of(const struct incident *incident);

/* From its start, by the wall clock. 0: unknown. */
uint64_t life_start_ns(const struct life_event *life);

/*
 * `before` has room for one more. All but these are the incident's, or lie in `arena`. 0 or
 * -ENOMEM.
 */
int crash_loop_make(const struct incident *incident, struct life_event *before, size_t count,
		    struct arena *arena, struct crash_loop *ret_loop);

/* "steady", "rising" … */
const char *loop_trend_name(enum loop_trend trend);

#endif
