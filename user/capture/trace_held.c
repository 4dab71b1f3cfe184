// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/trace_held.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct held_id {
	bool in_file;
	struct queued_event *coming; /* what was last said of it and waits */
};

static struct table_key key_of(enum event_type type, uint32_t id)
{
	return (struct table_key){.major = type, .minor = id};
}

/* False: the event declares neither. */
static bool declares(const struct event *event, struct table_key *ret_key)
{
	if (event->type == EVENT_PROCESS)
		*ret_key = key_of(EVENT_PROCESS, event->process.id);
	else if (event->type == EVENT_STACK)
		*ret_key = key_of(EVENT_STACK, event->stack.id);
	else
		return false;
	return true;
}

static struct table_key key_of_forgotten(const struct event *event)
{
	return event->forgotten.process ? key_of(EVENT_PROCESS, event->forgotten.process)
					: key_of(EVENT_STACK, event->forgotten.stack);
}

void trace_held_release(struct trace_held *held)
{
	event_queue_release(&held->gone);
	event_queue_release(&held->coming);
	for (size_t i = 0; i < held->ids.capacity; i++)
		free(held->ids.entries[i].value);
	table_release(&held->ids);
}

/* NULL: no memory. */
static struct held_id *id_get(struct trace_held *held, struct table_key key)
{
	struct held_id *id = table_get(&held->ids, key);

	if (id)
		return id;
	id = calloc(1, sizeof(*id));
	if (id && table_put(&held->ids, key, id)) {
		free(id);
		return NULL;
	}
	return id;
}

static struct queued_event *push(struct event_queue *queue, const struct event *event)
{
	struct event copy = *event;

	/* the queue would own it */
	if (copy.type == EVENT_MODULE)
		copy.module.fd = -1;
	return event_queue_push(queue, &copy);
}

/* Of two declarations that wait, the later one says what is so. */
static int add_declaration(struct trace_held *held, const struct event *event, struct table_key key)
{
	struct held_id *id = id_get(held, key);

	if (!id)
		return -ENOMEM;
	if (id->coming)
		event_queue_remove(&held->coming, id->coming);
	id->coming = push(&held->coming, event);
	return id->coming ? 0 : -ENOMEM;
}

static int add_forgotten(struct trace_held *held, const struct event *event)
{
	_cleanup_free_ struct held_id *id = table_take(&held->ids, key_of_forgotten(event));

	if (id && id->coming)
		event_queue_remove(&held->coming, id->coming);
	if (!id || !id->in_file)
		return 0;
	return push(&held->gone, event) ? 0 : -ENOMEM;
}

int trace_held_add(struct trace_held *held, const struct event *event)
{
	struct table_key key;

	if (declares(event, &key))
		return add_declaration(held, event, key);
	if (event->type == EVENT_FORGOTTEN)
		return add_forgotten(held, event);
	return push(&held->coming, event) ? 0 : -ENOMEM;
}

bool trace_held_pop_gone(struct trace_held *held, struct event *ret_event)
{
	return event_queue_pop(&held->gone, ret_event);
}

/* What a process held at the start is said once it is declared, and it may have gone since. */
static bool is_of_nobody(const struct trace_held *held, const struct event *event)
{
	return event->type == EVENT_MEMORY &&
	       !table_get(&held->ids, key_of(EVENT_PROCESS, event->memory.process));
}

bool trace_held_pop(struct trace_held *held, struct event *ret_event)
{
	struct held_id *id;
	struct table_key key;
	bool popped;

	do
		popped = event_queue_pop(&held->coming, ret_event);
	while (popped && is_of_nobody(held, ret_event));
	id = popped && declares(ret_event, &key) ? table_get(&held->ids, key) : NULL;
	if (id)
		id->coming = NULL;
	return popped;
}

int trace_held_written(struct trace_held *held, const struct event *event)
{
	struct held_id *id;
	struct table_key key;

	if (event->type == EVENT_FORGOTTEN)
		free(table_take(&held->ids, key_of_forgotten(event)));
	if (!declares(event, &key))
		return 0;
	id = id_get(held, key);
	if (!id)
		return -ENOMEM;
	id->in_file = true;
	return 0;
}
