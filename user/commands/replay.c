// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/replay.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "capture/trace_reader.h"
#include "commands/output.h"

static void source_close(struct source *source)
{
	source->close(source);
}
DEFINE_CLEANUP(struct source *, source_close)

void replay_release(struct replay *replay)
{
	if (replay->incident)
		incident_free(replay->incident);
	if (replay->own_growth)
		growth_free(replay->own_growth);
	if (replay->builder)
		incident_builder_free(replay->builder);
}

static FILE *open_stream(const char *path)
{
	return strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "re");
}

/*
 * A recorder has room for 65536 cells (capture/sizes.c), so this is 8 KiB of frames for each, and
 * 2 KiB of their names; of most of them there are too few samples for a row.
 */
#define REPORT_FRAMES_MIB 512
#define REPORT_TEXT_MIB 128

/* 0 when all of the file was read, else what is wrong with it; the builder has what came before. */
static int read_events(struct source *source, struct incident_builder *builder)
{
	struct event event;
	int more;

	while ((more = source->next(source, &event)) > 0) {
		int err = incident_builder_add(builder, &event);

		if (err)
			return err;
	}
	return more;
}

/* `stream` is taken over. `ret_damage`: as read_events(). */
static bool read_stream(const char *path, FILE *stream, const struct opts *opts,
			struct replay *replay, int *ret_damage)
{
	_cleanup_(source_closep) struct source *source = NULL;
	int err = stream ? trace_reader_new(stream, &source) : -errno;

	if (err && stream)
		fclose(stream);
	if (!err)
		err = incident_builder_new(&replay->builder);
	if (err) {
		log_error("cannot read '%s': %s%s", path, trace_reader_strerror(err),
			  err == -EACCES ? ": a recording is for who made it alone; with sudo, or "
					   "after a chown, it can be read"
					 : "");
		return false;
	}
	incident_builder_limit(replay->builder, &opts->shown);
	*ret_damage = read_events(source, replay->builder);
	replay->whole = !*ret_damage;
	return true;
}

/* Which moments can be asked for instead. */
static void say_no_snapshot(const char *path, const struct replay *replay)
{
	const struct growth_snapshots has =
		growth_builder_snapshots(incident_builder_growth(replay->builder));

	if (has.count > 1)
		log_error("'%s' has no snapshots for this --from and --to: its %" PRIu64
			  " were taken from %.3f s to %.3f s after the start",
			  path, has.count, (double)has.first_ns / 1e9, (double)has.last_ns / 1e9);
	else
		log_error("'%s' has no snapshots for --from and --to, only the end: record with -i",
			  path);
}

static int finish(const struct growth_options *options, struct replay *replay)
{
	const struct growth_builder *growth = incident_builder_growth(replay->builder);
	int err;

	if (!incident_builder_has_incident(replay->builder)) {
		err = growth_builder_finish(growth, options, &replay->own_growth);
		replay->growth = replay->own_growth;
		return err;
	}
	err = incident_builder_finish(replay->builder, options, &replay->incident);
	if (!err)
		replay->growth = &replay->incident->held;
	return err;
}

static void say_no_figures(const char *path, const struct replay *replay, int err)
{
	if (err == -ERANGE)
		say_no_snapshot(path, replay);
	else if (err == -EFBIG)
		log_error("cannot report on '%s': the report would be too large, with stacks of "
			  "more than %d MiB or names in them of more than %d MiB",
			  path, REPORT_FRAMES_MIB, REPORT_TEXT_MIB);
	else
		log_error("cannot report on '%s': %s", path,
			  err == -ENODATA ? "it records no session" : strerror(-err));
}

static bool make_figures(const char *path, const struct opts *opts, int damage,
			 struct replay *replay)
{
	struct growth_options options = output_growth_options(opts);
	int err;

	options.frames_bytes_max = (uint64_t)REPORT_FRAMES_MIB << 20;
	options.text_bytes_max = (uint64_t)REPORT_TEXT_MIB << 20;
	err = finish(&options, replay);
	if (err == -ENODATA && damage) {
		log_error("cannot report on '%s', nothing of it can be shown: %s", path,
			  trace_reader_strerror(damage));
		return false;
	}
	if (damage)
		log_error("'%s' is not whole, only what can be read of it is shown: %s", path,
			  trace_reader_strerror(damage));
	if (err)
		say_no_figures(path, replay, err);
	return !err;
}

bool replay_stream(const char *path, FILE *stream, const struct opts *opts,
		   struct replay *ret_replay)
{
	_cleanup_(replay_release) struct replay replay = {0};
	int damage;

	if (!read_stream(path, stream, opts, &replay, &damage) ||
	    !make_figures(path, opts, damage, &replay))
		return false;
	*ret_replay = replay;
	replay = (struct replay){0};
	return true;
}

bool replay_read(const char *path, const struct opts *opts, struct replay *ret_replay)
{
	return replay_stream(path, open_stream(path), opts, ret_replay);
}

bool replay_read_id(const struct spool *spool, const char *id, const struct opts *opts,
		    struct replay *ret_replay)
{
	FILE *stream = NULL;
	int err = spool_read(spool, id, &stream);

	if (err) {
		log_error("cannot read incident '%s' in '%s': %s", id, opts->spool, strerror(-err));
		return false;
	}
	return replay_stream(id, stream, opts, ret_replay);
}

/* --- by a name or an id -------------------------------------------------------------------- */

/* The newest incident's id; NULL: there is none, and that was said. */
static const char *newest(const struct opts *opts, const struct spool_ids *ids)
{
	if (ids->count)
		return ids->ids[ids->count - 1];
	log_error("no incidents in '%s', and no file to report on: write 'oomtrace report FILE'",
		  opts->spool);
	return NULL;
}

void replay_say_no_spool(const struct opts *opts, int err)
{
	log_error("cannot look for incidents in '%s': %s%s", opts->spool, strerror(-err),
		  err == -ENOENT ? ", 'oomtrace --watch-oom-kills' makes it" : "");
}

bool replay_read_spooled(const char *id, const struct opts *opts, struct replay *replay)
{
	_cleanup_(spool_closep) struct spool *spool = NULL;
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	int err = spool_open(opts->spool, &spool);

	if (!err)
		err = spool_list(spool, &ids);
	if (err) {
		replay_say_no_spool(opts, err);
		return false;
	}
	if (!id)
		id = newest(opts, &ids);
	return id && replay_read_id(spool, id, opts, replay);
}

bool replay_read_any(const char *path, const struct opts *opts, struct replay *ret_replay)
{
	if (!path || (access(path, F_OK) != 0 && strcmp(path, "-") != 0 && !strchr(path, '/') &&
		      !strstr(path, SPOOL_ENDING) && spool_id_is_valid(path)))
		return replay_read_spooled(path, opts, ret_replay);
	return replay_read(path, opts, ret_replay);
}
