// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands/output.h"
#include "commands/replay.h"

/* The newest incident's id; NULL: there is none, and that was said. */
static const char *newest(const struct opts *opts, const struct spool_ids *ids)
{
	if (ids->count)
		return ids->ids[ids->count - 1];
	log_error("no incidents in '%s', and no file to report on: write 'oomtrace report FILE'",
		  opts->spool);
	return NULL;
}

static bool read_from_spool(const char *id, const struct opts *opts, struct replay *replay)
{
	_cleanup_(spool_closep) struct spool *spool = NULL;
	_cleanup_(spool_ids_release) struct spool_ids ids = {0};
	int err = spool_open(opts->spool, &spool);

	if (!err)
		err = spool_list(spool, &ids);
	if (err) {
		log_error("cannot look for incidents in '%s': %s", opts->spool, strerror(-err));
		return false;
	}
	if (!id)
		id = newest(opts, &ids);
	return id && replay_read_id(spool, id, opts, replay);
}

/* A file by its name; what is none, and could be an id, is looked for in the spool. */
static bool read_any(const struct opts *opts, struct replay *replay)
{
	const char *path = opts->report_path;

	if (!path || (access(path, F_OK) != 0 && strcmp(path, "-") != 0 && !strchr(path, '/') &&
		      !strstr(path, SPOOL_ENDING) && spool_id_is_valid(path)))
		return read_from_spool(path, opts, replay);
	return replay_read(path, opts, replay);
}

int command_report(const struct opts *opts)
{
	_cleanup_(replay_release) struct replay replay = {0};
	struct atomic_file *file;
	int exit_code;

	if (!read_any(opts, &replay) || output_open(opts, &file))
		return EXIT_CODE_FAILED;
	exit_code = replay.incident ? output_incident(replay.incident, opts, file)
				    : output_growth(replay.growth, opts, file);
	return replay.whole ? exit_code : EXIT_CODE_FAILED;
}
