/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests ask for in the environment (CONTRIBUTING.md), so that each way to lose something can
 * be made to happen and seen to be counted, and both routes to a kill be compared. Nothing else
 * reads it; called by programs.c, hooks.c and live_open.c.
 */
#ifndef CAPTURE_TESTING_H
#define CAPTURE_TESTING_H

#include <stdbool.h>
#include <stdint.h>

struct sizes;

/* OOMTRACE_TEST_SMALLEST: every map and buffer as small as it can be, the period aside. */
void testing_shrink(struct sizes *sizes);

/* OOMTRACE_TEST_TRACEPOINTS: as on a kernel without kprobes. */
bool testing_tracepoints_only(void);

/* OOMTRACE_TEST_PERF_EVENTS: as where raw tracepoints may be preempted. */
bool testing_page_events(void);

/* OOMTRACE_TEST_SMALLEST=reserve: no memory is set aside for a kill. */
bool testing_no_reserve(void);

struct testing_drop {
	uint32_t causes; /* bit for each enum ot_loss */
	uint32_t one_in; /* 0: nothing is dropped */
};

/*
 * OOMTRACE_TEST_DROP=CAUSE:N, where CAUSE is a word of `lost: ... (CAUSE)` or `all`: one in N of
 * what could be lost by that cause finds no room, at random.
 */
struct testing_drop testing_drop(void);

/*
 * OOMTRACE_TEST_BALANCE=FILE: what was seen is counted next to what was told and what was lost, and
 * added to FILE at the end (seen.h). NULL: not asked for.
 */
const char *testing_balance(void);

struct ot_walks;

/*
 * OOMTRACE_TEST_WALKS=FILE: each stack is walked twice, with and without what is known of unwind
 * rows, and how often that differed is added to FILE at the end, as a line of JSON.
 */
bool testing_walk_twice(void);
void testing_tell_walks(const struct ot_walks *walks);

#endif
