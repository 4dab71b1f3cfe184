// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/earlier.h"

#include "capture/trace_reader.h"
#include "model/kill_history.h"

/* Files that are read, at most: some milliseconds each, before the first report. */
#define READ_MAX 64

struct earlier {
	const struct spool *spool;
	struct kill_history *history;
	bool read;
};

int earlier_new(const struct spool *spool, struct earlier **ret_earlier)
{
	_cleanup_(earlier_freep) struct earlier *earlier = calloc(1, sizeof(*earlier));
	int err;

	if (!earlier)
		return -ENOMEM;
	earlier->spool = spool;
	err = kill_history_new(&earlier->history);
	if (err)
		return err;
	*ret_earlier = TAKE_PTR(earlier);
	return 0;
}

void earlier_free(struct earlier *earlier)
{
	if (earlier->history)
		kill_history_free(earlier->history);
	free(earlier);
}

static int add(const struct earlier *earlier, const struct incident_builder *builder,
	       struct life_event *ret_lives, size_t *ret_count)
{
	_cleanup_(incident_freep) struct incident *incident = NULL;
	const struct growth_options options = {0};
	int err = incident_builder_finish(builder, &options, &incident);

	return err ? err : kill_history_add(earlier->history, incident, ret_lives, ret_count);
}

static int add_stream(const struct earlier *earlier, struct source *source)
{
	_cleanup_(incident_builder_freep) struct incident_builder *builder = NULL;
	struct event event;
	int more = 1, err = incident_builder_new(&builder);

	while (!err && (more = source->next(source, &event)) > 0)
		err = incident_builder_add(builder, &event);
	if (err || more < 0)
		return err ? err : more;
	return add(earlier, builder, NULL, NULL);
}

/* Whatever is wrong with it is said when somebody wants to see it. */
static int add_file(const struct earlier *earlier, const char *id)
{
	_cleanup_fclose_ FILE *stream = NULL;
	struct source *source;
	int err = spool_read(earlier->spool, id, &stream);

	if (!err)
		err = trace_reader_new(stream, &source);
	if (err)
		return err;
	TAKE_PTR(stream);
	err = add_stream(earlier, source);
	source->close(source);
	return err;
}

/*
 * Those that wait for their names, the one that asks among them, will have their turn; one that a
 * watcher before could not finish may be older than the others.
 */
static int read_spool(struct earlier *earlier)
{
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	int err = spool_list(earlier->spool, &ids);

	if (err)
		return err;
	for (size_t i = ids.count > READ_MAX ? ids.count - READ_MAX : 0;
	     i < ids.count && err != -ENOMEM; i++)
		if (!spool_is_raw(earlier->spool, ids.ids[i]))
			err = add_file(earlier, ids.ids[i]);
	return err;
}

int earlier_find(struct earlier *earlier, const struct incident_builder *builder,
		 struct life_event ret_lives[LIVES_MAX], size_t *ret_count)
{
	int err = 0;

	*ret_count = 0;
	if (!earlier->read)
		err = read_spool(earlier);
	earlier->read = true;
	if (err != -ENOMEM)
		err = add(earlier, builder, ret_lives, ret_count);
	return err == -ENOMEM ? err : 0;
}
