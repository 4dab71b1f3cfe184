// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/event_queue.h"

#include <string.h>

#include "base/cleanup.h"
#include "capture/trace_format.h"

struct queued_event {
	struct event event;
	struct queued_event *previous, *next;
	_Alignas(8) char payload[]; /* the strings or frames the event points to */
};

/* A session has the most. */
#define MAX_STRINGS 6

struct strings {
	const char **place[MAX_STRINGS];
	size_t count;
};

/* The string members of an event that are there: as the table of the trace file knows them. */
static struct strings event_strings(struct event *event)
{
	const struct trace_layout *layout = trace_layout_of(event->type);
	struct strings strings = {.count = 0};

	for (size_t i = 0; layout && i < layout->count; i++) {
		const struct trace_field *field = &layout->fields[i];
		const char **place = (const char **)((char *)event + field->offset);

		if (field->type != TRACE_FIELD_STRING && field->type != TRACE_FIELD_OPTIONAL)
			continue;
		if (*place && strings.count < MAX_STRINGS)
			strings.place[strings.count++] = place;
	}
	return strings;
}

static size_t frames_bytes(const struct event *event)
{
	return event->type == EVENT_STACK ? event->stack.frame_count * sizeof(struct event_frame)
					  : 0;
}

static struct queued_event *queued_new(const struct event *event)
{
	struct event copy = *event;
	struct strings strings = event_strings(&copy);
	size_t bytes = frames_bytes(event);
	struct queued_event *queued;

	for (size_t i = 0; i < strings.count; i++)
		bytes += strlen(*strings.place[i]) + 1;
	queued = malloc(sizeof(*queued) + bytes);
	if (!queued)
		return NULL;
	queued->event = copy;
	queued->previous = queued->next = NULL;
	return queued;
}

/* Points the copy's members into its own payload. */
static void queued_own(struct queued_event *queued)
{
	struct strings strings = event_strings(&queued->event);
	char *payload = queued->payload;

	if (queued->event.type == EVENT_STACK) {
		size_t bytes = frames_bytes(&queued->event);

		if (bytes)
			memcpy(payload, queued->event.stack.frames, bytes);
		queued->event.stack.frames = (const struct event_frame *)payload;
	}
	for (size_t i = 0; i < strings.count; i++) {
		size_t bytes = strlen(*strings.place[i]) + 1;

		*strings.place[i] = memcpy(payload, *strings.place[i], bytes);
		payload += bytes;
	}
}

static void close_file(const struct event *event)
{
	if (event->type == EVENT_MODULE && event->module.fd >= 0)
		close(event->module.fd);
	if (event->type == EVENT_WORKLOAD && event->workload.state_format != CONTAINER_NONE)
		close(event->workload.state_fd);
}

static void queued_free(struct queued_event *queued)
{
	if (queued)
		close_file(&queued->event);
	free(queued);
}

static void keep_error(struct event_queue *queue, int error)
{
	if (error && !queue->error)
		queue->error = error;
}

static void hand_on(struct event_queue *queue, const struct event *event)
{
	keep_error(queue, queue->take(queue->context, event));
	close_file(event);
}

struct queued_event *event_queue_push(struct event_queue *queue, const struct event *event)
{
	struct queued_event *queued;

	if (queue->take) {
		hand_on(queue, event);
		return NULL;
	}
	queued = queued_new(event);
	if (!queued) {
		keep_error(queue, -ENOMEM);
		close_file(event);
		return NULL;
	}
	queued_own(queued);
	queued->previous = queue->last;
	if (queue->last)
		queue->last->next = queued;
	else
		queue->first = queued;
	queue->last = queued;
	return queued;
}

static void unlink_queued(struct event_queue *queue, const struct queued_event *queued)
{
	if (queued->previous)
		queued->previous->next = queued->next;
	else
		queue->first = queued->next;
	if (queued->next)
		queued->next->previous = queued->previous;
	else
		queue->last = queued->previous;
}

void event_queue_remove(struct event_queue *queue, struct queued_event *queued)
{
	unlink_queued(queue, queued);
	queued_free(queued);
}

bool event_queue_pop(struct event_queue *queue, struct event *ret_event)
{
	queued_free(queue->popped);
	queue->popped = queue->first;
	if (!queue->popped)
		return false;
	unlink_queued(queue, queue->popped);
	*ret_event = queue->popped->event;
	return true;
}

void event_queue_release(struct event_queue *queue)
{
	struct event event;

	while (event_queue_pop(queue, &event))
		;
}
