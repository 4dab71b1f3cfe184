// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/declared.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"

static void module_release(struct declared_module *module)
{
	store_free((char *)module->event.path);
	if (module->event.id && module->event.fd >= 0)
		close(module->event.fd);
	*module = (struct declared_module){0};
}

void declared_release(struct declared *declared)
{
	for (uint32_t i = 0; i < declared->module_count; i++)
		module_release(&declared->modules[i]);
	store_free(declared->modules);
	*declared = (struct declared){0};
}

static int make_room(struct declared *declared, uint32_t id)
{
	uint32_t count = declared->module_count ? declared->module_count : 256;
	struct declared_module *modules;

	while (count <= id)
		count *= 2;
	if (count == declared->module_count)
		return 0;
	modules = store_resize(declared->store, declared->modules, count, sizeof(*modules));
	if (!modules)
		return -ENOMEM;
	memset(&modules[declared->module_count], 0,
	       (count - declared->module_count) * sizeof(*modules));
	declared->modules = modules;
	declared->module_count = count;
	return 0;
}

static int keep_module(struct declared *declared, const struct module_event *event)
{
	_cleanup_store_free_ char *path = store_strdup(declared->store, event->path);
	struct declared_module *module;

	if (!path || make_room(declared, event->id))
		return -ENOMEM;
	module = &declared->modules[event->id];
	/* declared before, perhaps without its file */
	module_release(module);
	module->event = *event;
	module->event.fd = event->fd >= 0 ? fcntl(event->fd, F_DUPFD_CLOEXEC, 0) : -1;
	module->event.path = TAKE_PTR(path);
	if (event->id > declared->last_id)
		declared->last_id = event->id;
	return 0;
}

static int keep(void *context, const struct event *event)
{
	return event->type == EVENT_MODULE ? keep_module(context, &event->module) : 0;
}

int declared_reserve(struct declared *declared, uint32_t more)
{
	return make_room(declared, declared->last_id + more);
}

int declared_follow(struct declared *declared, struct store *store, struct event_queue *session,
		    const struct kernel_symbols *symbols)
{
	struct event event;
	int error = 0;

	declared->store = store;
	declared->symbols = symbols;
	while (event_queue_pop(session, &event))
		if (!error)
			error = keep(declared, &event);
	session->take = keep;
	session->context = declared;
	return error;
}

void declared_begin(struct declared *declared)
{
	declared->incident++;
}

/* A stack may not refer to what is not declared, and for this one there was no room. */
static void queue_lost_module(struct event_queue *incident, uint32_t id)
{
	const struct event event = {.type = EVENT_MODULE,
				    .module = {.id = id, .path = DECLARED_LOST, .fd = -1}};

	event_queue_push(incident, &event);
}

static void queue_module(struct declared *declared, struct event_queue *incident, uint32_t id)
{
	struct declared_module *module =
		id < declared->module_count ? &declared->modules[id] : NULL;
	struct event event = {.type = EVENT_MODULE};

	if (!module || !module->event.id) {
		queue_lost_module(incident, id);
		return;
	}
	if (module->incident == declared->incident)
		return;
	event.module = module->event;
	module->incident = declared->incident;
	/* the queue closes it */
	if (event.module.fd >= 0)
		event.module.fd = fcntl(event.module.fd, F_DUPFD_CLOEXEC, 0);
	event_queue_push(incident, &event);
}

static void queue_name(const struct declared *declared, struct event_queue *incident,
		       const struct event_frame *frame)
{
	struct event event = {
		.type = EVENT_NAME,
		.name = {.module = frame->module,
			 .offset = frame->offset,
			 .name = declared_name(declared, frame)},
	};

	if (event.name.name)
		event_queue_push(incident, &event);
}

void declared_queue(struct declared *declared, struct event_queue *incident,
		    const struct event_frame *frames, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (frames[i].module)
			queue_module(declared, incident, frames[i].module);
		queue_name(declared, incident, &frames[i]);
	}
}

const char *declared_name(const struct declared *declared, const struct event_frame *frame)
{
	return declared->symbols ? kernel_symbols_name(declared->symbols, frame) : NULL;
}
