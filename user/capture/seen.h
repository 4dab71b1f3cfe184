/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events held against each other, for tests (OOMTRACE_TEST_BALANCE): what the programs have seen is
 * what was told and what was lost, by its cause. They count what they see where it begins (enum
 * ot_seen), what is lost where it is lost, and what is told is counted here, by who takes it.
 * Called by live_open.c alone.
 *
 * Of each session two lines of JSON, so that one without an end is seen, too:
 *   {"pid":1,"begun":true}
 *   {"pid":1,"flows":[{"flow":"stacks","seen":9,"told":7,"lost":{"ring-full":2},"unread":0}, …]}
 * Of kills there are two: up to the record that was taken, and from there to the incident.
 * `unread` are records that came after the last look at their ring: nobody was told of these any
 * more.
 */
#ifndef CAPTURE_SEEN_H
#define CAPTURE_SEEN_H

#include <stdbool.h>

struct live;

/* A session has begun. False: nobody wants its balance. */
bool seen_begin(void);
/* Detaches the programs, and writes the balance. What cannot be read counts as 0, which does not
 * add up. */
void seen_tell(struct live *live);

#endif
