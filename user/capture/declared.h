/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session has declared and every incident must declare again, for its file stands alone:
 * modules, with their files, and names of kernel functions. Takes them as the session declares
 * them, and declares those that an incident refers to in the incident's own queue.
 */
#ifndef CAPTURE_DECLARED_H
#define CAPTURE_DECLARED_H

#include "base/table.h"
#include "capture/event_queue.h"

struct declared_module {
	struct module_event event; /* its path and descriptor are ours; id 0: not declared */
	uint32_t incident;         /* the last one that has it */
};

struct declared {
	struct declared_module *modules; /* by id */
	uint32_t module_count;
	struct table names; /* (module, offset) -> char * */
	uint32_t incident;  /* number of the one that is being written */
};

void declared_release(struct declared *declared);

/*
 * Takes what a session's queue has, and everything that is pushed to it from now on, keeping what
 * is to be declared again. 0 or -ENOMEM.
 */
int declared_follow(struct declared *declared, struct event_queue *session);

/* What follows is of the next incident: nothing is declared in it yet. */
void declared_begin(struct declared *declared);

/* Queues what these frames refer to. */
void declared_queue(struct declared *declared, struct event_queue *incident,
		    const struct event_frame *frames, uint32_t count);

/* The name of a kernel function; NULL when it was not declared. */
const char *declared_name(const struct declared *declared, const struct event_frame *frame);

#endif
