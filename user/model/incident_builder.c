// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/incident_events.h"

#include <string.h>

#include "capture/trace_format.h"

int incident_builder_new(struct incident_builder **ret_builder)
{
	_cleanup_(incident_builder_freep) struct incident_builder *builder =
		calloc(1, sizeof(*builder));
	int err;

	if (!builder)
		return -ENOMEM;
	for (int type = 0; type < EVENT_TYPE_END; type++)
		builder->lists[type].last = &builder->lists[type].first;
	err = growth_builder_new(&builder->growth);
	if (err)
		return err;
	*ret_builder = TAKE_PTR(builder);
	return 0;
}

void incident_builder_free(struct incident_builder *builder)
{
	if (builder->growth)
		growth_builder_free(builder->growth);
	table_release(&builder->of_process);
	table_release(&builder->by_pid);
	arena_release(&builder->arena);
	free(builder);
}

void incident_builder_limit(struct incident_builder *builder,
			    const struct growth_interval *interval)
{
	growth_builder_limit(builder->growth, interval);
}

/* Which members are strings, the table of the trace file knows. */
static int own_strings(struct arena *arena, struct event *event)
{
	const struct trace_layout *layout = trace_layout_of(event->type);

	for (size_t i = 0; i < layout->count; i++) {
		const struct trace_field *field = &layout->fields[i];
		const char **string = (const char **)((char *)event + field->offset);

		if ((field->type != TRACE_FIELD_STRING && field->type != TRACE_FIELD_OPTIONAL) ||
		    !*string)
			continue;
		*string = arena_strdup(arena, *string);
		if (!*string)
			return -ENOMEM;
	}
	return 0;
}

/* What an incident keeps, and where the event says which process it is about. */
static const struct kept_type {
	bool kept;
	size_t process_offset; /* of a uint32_t in struct event; 0: of no process */
} kept_types[EVENT_TYPE_END] = {
	[EVENT_INCIDENT] = {true, 0},
	[EVENT_PROCESS] = {true, offsetof(struct event, process.id)}, /* growth keeps no path */
	[EVENT_VICTIM] = {true, 0},
	[EVENT_ARGUMENT] = {true, offsetof(struct event, argument.process)},
	[EVENT_ANCESTOR] = {true, offsetof(struct event, ancestor.process)},
	[EVENT_LEVEL] = {true, 0},
	[EVENT_FIGURE] = {true, 0},
	[EVENT_CANDIDATE] = {true, 0},
	[EVENT_MOMENT] = {true, offsetof(struct event, moment.process)},
	[EVENT_WORKLOAD] = {true, offsetof(struct event, workload.process)},
	[EVENT_SENDER] = {true, 0},
	[EVENT_WARNING] = {true, 0},
	[EVENT_LIFE] = {true, 0},
	[EVENT_EARLY] = {true, offsetof(struct event, early.process)},
	[EVENT_MAPPED] = {true, offsetof(struct event, mapped.process)},
	[EVENT_INHERITED] = {true, offsetof(struct event, inherited.process)},
};

static int index_by_process(struct incident_builder *builder, struct kept_event *kept,
			    uint32_t process)
{
	struct table_key key = {.major = kept->event.type, .minor = process};
	struct kept_of_process *same = table_get(&builder->of_process, key);

	if (!same) {
		same = arena_alloc(&builder->arena, 1, sizeof(*same));
		if (!same || table_put(&builder->of_process, key, same))
			return -ENOMEM;
		same->first = kept;
	} else {
		same->last->next_of_same = kept;
	}
	same->last = kept;
	same->count++;
	return 0;
}

static int index_event(struct incident_builder *builder, struct kept_event *kept)
{
	size_t offset = kept_types[kept->event.type].process_offset;
	uint32_t process;
	int err = 0;

	if (kept->event.type == EVENT_PROCESS)
		err = table_put(&builder->by_pid,
				(struct table_key){.major = kept->event.process.pid}, kept);
	if (err || !offset)
		return err;
	memcpy(&process, (const char *)&kept->event + offset, sizeof(process));
	return index_by_process(builder, kept, process);
}

static int keep(struct incident_builder *builder, const struct event *event)
{
	struct kept_list *list = &builder->lists[event->type];
	struct kept_event *kept = arena_alloc(&builder->arena, 1, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	kept->event = *event;
	if (own_strings(&builder->arena, &kept->event))
		return -ENOMEM;
	*list->last = kept;
	list->last = &kept->next;
	list->count++;
	return index_event(builder, kept);
}

int incident_builder_add(struct incident_builder *builder, const struct event *event)
{
	int err = growth_builder_add(builder->growth, event);

	if (err)
		return err;
	/* a second one would be of another incident, and a file has one */
	if (event->type == EVENT_INCIDENT && builder->lists[EVENT_INCIDENT].count)
		return -EBADMSG;
	/* before any snapshot: both of its are asked for */
	if (event->type == EVENT_INCIDENT && event->incident.kind == INCIDENT_WARNING)
		growth_builder_keep_previous(builder->growth);
	builder->complete |= event->type == EVENT_END;
	return kept_types[event->type].kept ? keep(builder, event) : 0;
}

const struct growth_builder *incident_builder_growth(const struct incident_builder *builder)
{
	return builder->growth;
}

bool incident_builder_has_incident(const struct incident_builder *builder)
{
	return builder->lists[EVENT_INCIDENT].count != 0;
}
