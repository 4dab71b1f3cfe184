/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the stacks that were taken ended, as the kernel counted them. */
#ifndef CAPTURE_STACK_ENDS_H
#define CAPTURE_STACK_ENDS_H

#include "capture/event_queue.h"
#include "capture/programs.h"
#include "capture/stacks.h"

/* Queues an event for each way that occurred; `stacks` knows which were walked later. */
void stack_ends_queue(const struct programs *programs, const struct stacks *stacks,
		      struct event_queue *queue);

#endif
