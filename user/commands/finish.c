// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/finish.h"

#include "capture/event_queue.h"
#include "capture/trace_reader.h"
#include "capture/trace_writer.h"
#include "commands/container_files.h"
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

/* What the file says of itself, and what other files say of its events. */
static void learn(const struct finish *finish, struct event *event)
{
	if (event->type == EVENT_MODULE)
		learn_module(finish->symbolizer, &event->module);
	if (event->type == EVENT_WORKLOAD && finish->containers)
		container_files_learn(finish->containers, finish->symbolizer, &event->workload);
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

		learn(finish, &event);
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
static int find_lives(const struct finish *finish, struct additions *additions)
{
	struct life_event lives[LIVES_MAX];
	size_t count = 0;
	int err = finish->earlier ? earlier_find(finish->earlier, additions->builder, lives, &count)
				  : 0;

	for (size_t i = 0; i < count && !err; i++) {
		event_queue_push(additions->events,
				 &(struct event){.type = EVENT_LIFE, .life = lives[i]});
		err = additions->events->error;
	}
	return err;
}

/* The source is closed. */
static int find_names(const struct finish *finish, struct source *source, bool is_incident,
		      struct event_queue *names)
{
	_cleanup_(incident_builder_freep) struct incident_builder *builder = NULL;
	struct additions additions = {.events = names};
	int err = incident_builder_new(&builder);

	if (!err)
		err = build(finish, source, builder);
	source->close(source);
	if (err)
		return err;
	additions.builder = builder;
	err = naming_run(finish->symbolizer, incident_builder_growth(builder), keep_name,
			 &additions);
	return err || !is_incident ? err : find_lives(finish, &additions);
}

/* Takes an event of the file that is written. 0 or -errno. */
typedef int (*add_fn)(void *writer, const struct event *event);

static int add_names(struct event_queue *names, add_fn add, void *writer)
{
	struct event event;
	int err = 0;

	while (!err && event_queue_pop(names, &event))
		err = add(writer, &event);
	return err;
}

/* The same events, and the names and lives before the end. The source is closed. */
static int rewrite(const struct finish *finish, struct source *source, struct event_queue *names,
		   add_fn add, void *writer)
{
	struct event event;
	int more = 0, err = 0;

	while (!err && (more = source->next(source, &event)) > 0) {
		learn(finish, &event);
		if (event.type == EVENT_END)
			err = add_names(names, add, writer);
		if (!err)
			err = add(writer, &event);
	}
	source->close(source);
	return err ? err : more;
}

/* --- an incident, in the spool ------------------------------------------------------------- */

static int add_to_spool(void *writer, const struct event *event)
{
	return spool_writer_add(writer, event);
}

static int put_in_place(const struct finish *finish, const char *id, struct event_queue *names)
{
	struct source *source = NULL;
	int err = open_incident(finish, id, &source);

	if (err)
		return err;
	err = spool_writer_begin(finish->writer);
	if (err)
		source->close(source);
	else
		err = rewrite(finish, source, names, add_to_spool, finish->writer);
	if (err) {
		spool_writer_abort(finish->writer);
		return err;
	}
	return spool_writer_commit(finish->writer, id);
}

int finish_incident(const struct finish *finish, const char *id)
{
	struct event_queue names = {0};
	struct source *source = NULL;
	int err = open_incident(finish, id, &source);

	if (!err)
		err = find_names(finish, source, true, &names);
	if (!err)
		err = put_in_place(finish, id, &names);
	event_queue_release(&names);
	return err;
}

/* --- what is kept nowhere, in memory --------------------------------------------------------- */

static int open_bytes(const void *bytes, size_t len_bytes, struct source **ret_source)
{
	FILE *stream = fmemopen((void *)bytes, len_bytes, "r");
	int err = stream ? trace_reader_new(stream, ret_source) : -ENOMEM;

	if (err && stream)
		fclose(stream);
	return err;
}

static int add_to_trace(void *writer, const struct event *event)
{
	return trace_writer_add(writer, event);
}

static int write_named(const struct finish *finish, struct source *source,
		       struct event_queue *names, FILE *stream)
{
	_cleanup_(trace_writer_freep) struct trace_writer *writer = NULL;
	int err = trace_writer_new(stream, &writer);

	if (err) {
		source->close(source);
		return err;
	}
	err = rewrite(finish, source, names, add_to_trace, writer);
	return err ? err : trace_writer_finish(writer);
}

static int name_bytes(const struct finish *finish, bool is_incident, const void *bytes,
		      size_t len_bytes, struct event_queue *names, FILE *stream)
{
	struct source *source = NULL;
	int err = open_bytes(bytes, len_bytes, &source);

	if (!err)
		err = find_names(finish, source, is_incident, names);
	if (!err)
		err = open_bytes(bytes, len_bytes, &source);
	return err ? err : write_named(finish, source, names, stream);
}

int finish_brief(const struct finish *finish, bool is_incident, const void *bytes, size_t len_bytes,
		 char **ret_bytes, size_t *ret_len_bytes)
{
	_cleanup_free_ char *named = NULL;
	size_t named_bytes = 0;
	struct event_queue names = {0};
	FILE *stream = open_memstream(&named, &named_bytes);
	int err = stream ? name_bytes(finish, is_incident, bytes, len_bytes, &names, stream)
			 : -ENOMEM;

	event_queue_release(&names);
	if (stream && fclose(stream) && !err)
		err = -ENOMEM;
	if (err)
		return err;
	*ret_bytes = TAKE_PTR(named);
	*ret_len_bytes = named_bytes;
	return 0;
}
