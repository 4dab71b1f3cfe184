/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Losses by cause, in words. The BPF side counts (enum ot_loss); here they are added up over CPUs
 * and named.
 */
#ifndef CAPTURE_LOSSES_H
#define CAPTURE_LOSSES_H

#include <stdbool.h>

#include "capture/event_queue.h"
#include "capture/programs.h"

/* The word for a cause (enum ot_loss). */
const char *losses_cause(uint32_t loss);

/* Queues one event for every cause, those that never happened included if `all`. */
void losses_queue(const struct programs *programs, bool all, struct event_queue *queue);

#endif
