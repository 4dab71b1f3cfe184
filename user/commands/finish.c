// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/finish.h"

#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/table.h"
#include "capture/event_queue.h"
#include "capture/trace_reader.h"
#include "commands/naming.h"

/* Files that are open until an incident is finished; those of more have no names. */
#define MODULES_KEPT 512

struct finisher {
	const struct spool *spool;
	struct spool_writer *writer;
	struct symbolizer *symbolizer;
	struct module_event kept[MODULES_KEPT]; /* id and descriptor */
	size_t kept_count;
	struct table build_ids; /* module id -> struct module_event, of all that were handed over */
	struct arena arena;
};

int finisher_new(const struct spool *spool, struct spool_writer *writer,
		 struct symbolizer *symbolizer, struct finisher **ret_finisher)
{
	struct finisher *finisher = calloc(1, sizeof(*finisher));

	if (!finisher)
		return -ENOMEM;
	finisher->spool = spool;
	finisher->writer = writer;
	finisher->symbolizer = symbolizer;
	*ret_finisher = finisher;
	return 0;
}

static void drop_kept(struct finisher *finisher)
{
	for (size_t i = 0; i < finisher->kept_count; i++)
		close(finisher->kept[i].fd);
	finisher->kept_count = 0;
}

void finisher_free(struct finisher *finisher)
{
	drop_kept(finisher);
	table_release(&finisher->build_ids);
	arena_release(&finisher->arena);
	free(finisher);
}

void finisher_keep_module(struct finisher *finisher, const struct module_event *module)
{
	struct module_event *kept = &finisher->kept[finisher->kept_count];

	if (module->fd < 0 || finisher->kept_count == MODULES_KEPT ||
	    table_get(&finisher->build_ids, (struct table_key){.major = module->id}))
		return;
	kept->id = module->id;
	kept->perf_map = module->perf_map;
	kept->fd = fcntl(module->fd, F_DUPFD_CLOEXEC, 0);
	finisher->kept_count += kept->fd >= 0;
}

/* The ids of modules are of the whole watch: what was handed over once has names for good. */
static void hand_over(struct finisher *finisher)
{
	for (size_t i = 0; i < finisher->kept_count; i++) {
		struct module_event *module = arena_alloc(&finisher->arena, 1, sizeof(*module));

		if (!module)
			break;
		*module = finisher->kept[i];
		naming_add_module(finisher->symbolizer, module);
		module->fd = -1;
		if (table_put(&finisher->build_ids, (struct table_key){.major = module->id},
			      module))
			break;
	}
	drop_kept(finisher);
}

/* One reading of a file, with what is known by now put in. */
static void put_build_id(const struct finisher *finisher, struct event *event)
{
	const struct module_event *known;

	if (event->type != EVENT_MODULE)
		return;
	known = table_get(&finisher->build_ids, (struct table_key){.major = event->module.id});
	if (!known || event->module.build_id_len)
		return;
	event->module.build_id_len = known->build_id_len;
	memcpy(event->module.build_id, known->build_id, known->build_id_len);
}

static int open_incident(const struct finisher *finisher, const char *id,
			 struct source **ret_source)
{
	_cleanup_fclose_ FILE *stream = NULL;
	int err = spool_read(finisher->spool, id, &stream);

	if (!err)
		err = trace_reader_new(stream, ret_source);
	if (!err)
		TAKE_PTR(stream);
	return err;
}

static int build(struct finisher *finisher, struct source *source, struct incident_builder *builder)
{
	struct event event;
	int more;

	while ((more = source->next(source, &event)) > 0) {
		int err;

		put_build_id(finisher, &event);
		err = incident_builder_add(builder, &event);
		if (err)
			return err;
	}
	return more;
}

/* Names as they come, for the incident that is built and for its file. */
struct names {
	struct incident_builder *builder;
	struct event_queue queue;
};

static int keep_name(const struct event *event, void *context)
{
	struct names *names = context;
	int err = incident_builder_add(names->builder, event);

	if (err)
		return err;
	event_queue_push(&names->queue, event);
	return names->queue.error;
}

static int write_names(struct finisher *finisher, struct names *names)
{
	struct event event;
	int err = 0;

	while (!err && event_queue_pop(&names->queue, &event))
		err = spool_writer_add(finisher->writer, &event);
	return err;
}

/* The same events, and the names before the end. */
static int rewrite(struct finisher *finisher, struct source *source, struct names *names)
{
	struct event event;
	int more, err = spool_writer_begin(finisher->writer);

	while (!err && (more = source->next(source, &event)) > 0) {
		put_build_id(finisher, &event);
		if (event.type == EVENT_END)
			err = write_names(finisher, names);
		if (!err)
			err = spool_writer_add(finisher->writer, &event);
	}
	return err ? err : more;
}

static int put_in_place(struct finisher *finisher, const char *id, struct names *names)
{
	struct source *source = NULL;
	int err = open_incident(finisher, id, &source);

	if (err)
		return err;
	err = rewrite(finisher, source, names);
	source->close(source);
	if (err) {
		spool_writer_abort(finisher->writer);
		return err;
	}
	return spool_writer_commit(finisher->writer, id);
}

static int show_incident(const struct incident_builder *builder, finisher_show_fn show,
			 void *context)
{
	const struct growth_options options = {0};
	_cleanup_(incident_freep) struct incident *incident = NULL;
	int err = incident_builder_finish(builder, &options, &incident);

	if (!err)
		show(incident, context);
	return err;
}

static int finish(struct finisher *finisher, const char *id, struct names *names,
		  finisher_show_fn show, void *context)
{
	struct source *source = NULL;
	int err = open_incident(finisher, id, &source), written;

	if (err)
		return err;
	err = build(finisher, source, names->builder);
	source->close(source);
	if (!err)
		err = naming_run(finisher->symbolizer, incident_builder_growth(names->builder),
				 keep_name, names);
	if (err)
		return err;
	written = put_in_place(finisher, id, names);
	err = show_incident(names->builder, show, context);
	return err ? err : written;
}

int finisher_run(struct finisher *finisher, const char *id, finisher_show_fn show, void *context)
{
	_cleanup_(incident_builder_freep) struct incident_builder *builder = NULL;
	struct names names = {0};
	int err = incident_builder_new(&builder);

	if (err)
		return err;
	names.builder = builder;
	hand_over(finisher);
	err = finish(finisher, id, &names, show, context);
	event_queue_release(&names.queue);
	return err;
}
