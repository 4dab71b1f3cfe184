/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session has declared and every incident must declare again, for its file stands alone:
 * modules, with their files, and names of kernel functions. Takes modules as the session declares
 * them, asks for the names, and declares those that an incident refers to in the incident's own
 * queue.
 */
#ifndef CAPTURE_DECLARED_H
#define CAPTURE_DECLARED_H

#include "base/store.h"
#include "capture/event_queue.h"
#include "capture/kernel_symbols.h"

/* The path of a module for which there was no room at a kill. */
#define DECLARED_LOST "[lost module]"

struct declared_module {
	struct module_event event; /* its path and descriptor are ours; id 0: not declared */
	uint32_t incident;         /* the last one that has it */
};

struct declared {
	struct declared_module *modules; /* by id */
	uint32_t module_count;
	uint32_t last_id;
	struct store *store;                  /* NULL: malloc()'s */
	const struct kernel_symbols *symbols; /* NULL: kernel functions have no names */
	uint32_t incident;                    /* number of the one that is being written */
};

void declared_release(struct declared *declared);

/* Room for so many more modules. 0 or -ENOMEM. */
int declared_reserve(struct declared *declared, uint32_t more);

/*
 * Takes what a session's queue has, and everything that is pushed to it from now on, keeping what
 * is to be declared again. The store and the symbols, which keep their names
 * (kernel_symbols_keep_names()), may be NULL and are borrowed. 0 or -ENOMEM.
 */
int declared_follow(struct declared *declared, struct store *store, struct event_queue *session,
		    const struct kernel_symbols *symbols);

/* What follows is of the next incident: nothing is declared in it yet. */
void declared_begin(struct declared *declared);

/* Queues what these frames refer to. */
void declared_queue(struct declared *declared, struct event_queue *incident,
		    const struct event_frame *frames, uint32_t count);

/* The name of a kernel function; NULL: it is none. */
const char *declared_name(const struct declared *declared, const struct event_frame *frame);

#endif
