// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/declared.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"

static void module_release(struct declared_module *module)
{
	free((char *)module->event.path);
	if (module->event.id && module->event.fd >= 0)
		close(module->event.fd);
	*module = (struct declared_module){0};
}

void declared_release(struct declared *declared)
{
	for (uint32_t i = 0; i < declared->module_count; i++)
		module_release(&declared->modules[i]);
	free(declared->modules);
	for (size_t i = 0; i < declared->names.capacity; i++)
		free(declared->names.entries[i].value);
	table_release(&declared->names);
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
	modules = reallocarray(declared->modules, count, sizeof(*modules));
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
	_cleanup_free_ char *path = strdup(event->path);
	struct declared_module *module;

	if (!path || make_room(declared, event->id))
		return -ENOMEM;
	module = &declared->modules[event->id];
	/* declared before, perhaps without its file */
	module_release(module);
	module->event = *event;
	module->event.fd = event->fd >= 0 ? fcntl(event->fd, F_DUPFD_CLOEXEC, 0) : -1;
	module->event.path = TAKE_PTR(path);
	return 0;
}

static int keep_name(struct declared *declared, const struct name_event *event)
{
	const struct table_key key = {event->module, event->offset};
	_cleanup_free_ char *name = strdup(event->name);

	if (!name)
		return -ENOMEM;
	free(table_take(&declared->names, key));
	return table_put(&declared->names, key, name) ? -ENOMEM : (TAKE_PTR(name), 0);
}

static int keep(void *context, const struct event *event)
{
	if (event->type == EVENT_MODULE)
		return keep_module(context, &event->module);
	return event->type == EVENT_NAME ? keep_name(context, &event->name) : 0;
}

int declared_follow(struct declared *declared, struct event_queue *session)
{
	struct event event;
	int error = 0;

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

static void queue_module(struct declared *declared, struct event_queue *incident, uint32_t id)
{
	struct declared_module *module = &declared->modules[id];
	struct event event = {.type = EVENT_MODULE, .module = module->event};

	if (!module->event.id || module->incident == declared->incident)
		return;
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
		if (frames[i].module && frames[i].module < declared->module_count)
			queue_module(declared, incident, frames[i].module);
		queue_name(declared, incident, &frames[i]);
	}
}

const char *declared_name(const struct declared *declared, const struct event_frame *frame)
{
	return table_get(&declared->names, (struct table_key){frame->module, frame->offset});
}
