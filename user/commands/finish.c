// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/finish.h"

#include "capture/event_queue.h"
#include "capture/trace_reader.h"
#include "commands/naming.h"
#include "model/incident_builder.h"

/*
 * Whose file was handed over has its build-id from there. Of any other the recorder may have known
 * it, and an earlier run may have read such a file.
 */
static void learn_module(struct symbolizer *symbolizer, struct module_event *module)
{
	uint8_t len;

	if (!symbolizer)
		return;
	if (module->build_id_len)
		naming_add_known(symbolizer, module);
	len = symbolizer_build_id(symbolizer, module->id, module->build_id);
	module->build_id_len = len ? len : module->build_id_len;
}

static int open_incident(const struct finish *finish, const char *id, struct source **ret_source)
{
	_cleanup_fclose_ FILE *stream = NULL;
	int err = spool_read(finish->spool, id, &stream);

	if (!err)
		err = trace_reader_new(stream, ret_source);
	if (!err)
		TAKE_PTR(stream);
	return err;
}

static int build(const struct finish *finish, struct source *source,
		 struct incident_builder *builder)
{
	struct event event;
	int more;

	while ((more = source->next(source, &event)) > 0) {
		int err;

		if (event.type == EVENT_MODULE)
			learn_module(finish->symbolizer, &event.module);
		err = incident_builder_add(builder, &event);
		if (err)
			return err;
	}
	return more;
}

/* What is added to the file; the builder learns the names, too, for stacks are told by them. */
struct additions {
	struct event_queue *events;
	struct incident_builder *builder;
};

static int keep_name(const struct event *event, void *context)
{
	struct additions *additions = context;

	event_queue_push(additions->events, event);
	return additions->events->error ? additions->events->error
					: incident_builder_add(additions->builder, event);
}

/* An incident without them is better than none: only lack of memory is an error. */
static int find_lives(const struct finish *finish, const char *id, struct additions *additions)
{
	struct life_event lives[LIVES_MAX];
	size_t count = 0;
	int err = finish->earlier
			  ? earlier_find(finish->earlier, id, additions->builder, lives, &count)
			  : 0;

	for (size_t i = 0; i < count && !err; i++) {
		event_queue_push(additions->events,
				 &(struct event){.type = EVENT_LIFE, .life = lives[i]});
		err = additions->events->error;
	}
	return err;
}

static int find_names(const struct finish *finish, const char *id, struct event_queue *names)
{
	_cleanup_(incident_builder_freep) struct incident_builder *builder = NULL;
	struct additions additions = {.events = names};
	struct source *source = NULL;
	int err = incident_builder_new(&builder);

	if (!err)
		err = open_incident(finish, id, &source);
	if (err)
		return err;
	err = build(finish, source, builder);
	source->close(source);
	if (err)
		return err;
	additions.builder = builder;
	err = naming_run(finish->symbolizer, incident_builder_growth(builder), keep_name,
			 &additions);
	return err ? err : find_lives(finish, id, &additions);
}

static int write_names(const struct finish *finish, struct event_queue *names)
{
	struct event event;
	int err = 0;

	while (!err && event_queue_pop(names, &event))
		err = spool_writer_add(finish->writer, &event);
	return err;
}

/* The same events, and the names and lives before the end. */
static int rewrite(const struct finish *finish, struct source *source, struct event_queue *names)
{
	struct event event;
	int more = 0, err = spool_writer_begin(finish->writer);

	while (!err && (more = source->next(source, &event)) > 0) {
		if (event.type == EVENT_MODULE)
			learn_module(finish->symbolizer, &event.module);
		if (event.type == EVENT_END)
			err = write_names(finish, names);
		if (!err)
			err = spool_writer_add(finish->writer, &event);
	}
	return err ? err : more;
}

static int put_in_place(const struct finish *finish, const char *id, struct event_queue *names)
{
	struct source *source = NULL;
	int err = open_incident(finish, id, &source);

	if (err)
		return err;
	err = rewrite(finish, source, names);
	source->close(source);
	if (err) {
		spool_writer_abort(finish->writer);
		return err;
	}
	return spool_writer_commit(finish->writer, id);
}

int finish_incident(const struct finish *finish, const char *id)
{
	struct event_queue names = {0};
	int err = find_names(finish, id, &names);

	if (!err)
		err = put_in_place(finish, id, &names);
	event_queue_release(&names);
	return err;
}
