// SPDX-License-Identifier: GPL-2.0-or-later
/* `oomtrace list`: the incidents in the spool, one a line, those that the options ask for. */
#include "commands/commands.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "commands/output.h"
#include "commands/replay.h"
#include "fleet/spool.h"
#include "render/incident_list.h"

static uint64_t moment_of(const struct growth_moment *moment)
{
	uint64_t now_ns = clock_ns(CLOCK_REALTIME);

	if (moment->absolute)
		return moment->ns;
	return moment->ns < now_ns ? now_ns - moment->ns : 0;
}

static bool time_matches(const struct opts *opts, uint64_t realtime_ns)
{
	if (opts->since.given && realtime_ns < moment_of(&opts->since))
		return false;
	return !opts->until.given || realtime_ns <= moment_of(&opts->until);
}

static bool name_matches(const char *wanted, const char *name)
{
	return name && strcmp(wanted, name) == 0;
}

/* By its name, its pod's, its image, or the beginning of its id. */
static bool container_matches(const char *wanted, const struct incident_victim *victim)
{
	if (victim->names && (name_matches(wanted, victim->names->container) ||
			      name_matches(wanted, victim->names->pod)))
		return true;
	if (name_matches(wanted, victim->image))
		return true;
	return victim->place.container_id &&
	       strncmp(victim->place.container_id, wanted, strlen(wanted)) == 0;
}

static bool pid_matches(const struct opts *opts, uint32_t pid)
{
	for (size_t i = 0; i < opts->pid_count; i++)
		if (opts->pids[i] == pid)
			return true;
	return !opts->pid_count;
}

static bool victim_matches(const struct opts *opts, const struct incident_victim *victim)
{
	return pid_matches(opts, victim->pid) &&
	       (!opts->comm || name_matches(opts->comm, victim->comm)) &&
	       (!opts->container || container_matches(opts->container, victim));
}

static bool incident_matches(const struct opts *opts, const struct incident *incident)
{
	if (!time_matches(opts, incident->event.realtime_ns))
		return false;
	if (!opts->pid_count && !opts->comm && !opts->container)
		return true;
	for (size_t i = 0; i < incident->victim_count; i++)
		if (victim_matches(opts, &incident->victims[i]))
			return true;
	return false;
}

struct listing {
	const struct opts *opts;
	struct spool *spool;
	struct spool_ids ids;
	struct incident_list list;
	FILE *stream;
	bool whole;
};

static int add(struct listing *listing, const struct incident *incident)
{
	if (listing->opts->format == FORMAT_JSON)
		return json_incident(incident, &(struct render_options){0}, listing->stream);
	return incident_list_add(&listing->list, incident);
}

/* False: it is not one of those that are asked for. */
static bool list_one(struct listing *listing, const char *id, int *ret_error)
{
	_cleanup_(replay_release) struct replay replay = {0};

	if (!replay_read_id(listing->spool, id, listing->opts, &replay)) {
		listing->whole = false;
		return false;
	}
	listing->whole &= replay.whole;
	if (!replay.incident || !incident_matches(listing->opts, replay.incident))
		return false;
	*ret_error = add(listing, replay.incident);
	return true;
}

static int list_all(struct listing *listing)
{
	size_t count = listing->ids.count;
	bool backwards = listing->opts->reverse || listing->opts->last;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		const char *id = listing->ids.ids[backwards ? count - 1 - i : i];

		if (list_one(listing, id, &err) && listing->opts->last)
			break;
	}
	if (!err && listing->opts->format != FORMAT_JSON)
		err = incident_list_print(&listing->list, listing->stream);
	return err;
}

static int print(struct listing *listing)
{
	struct atomic_file *file;
	int err;

	if (output_open(listing->opts, &file))
		return EXIT_CODE_FAILED;
	listing->stream = atomic_file_stream(file);
	err = list_all(listing);
	if (err) {
		atomic_file_abort(file);
		return output_fail(listing->opts, err);
	}
	return output_commit(listing->opts, file);
}

int command_list(const struct opts *opts)
{
	_cleanup_(spool_closep) struct spool *spool = NULL;
	struct listing listing = {.opts = opts, .whole = true};
	int err = spool_open(opts->spool, &spool), code;

	if (!err)
		err = spool_list(spool, &listing.ids);
	if (err) {
		replay_say_no_spool(opts, err);
		return EXIT_CODE_FAILED;
	}
	listing.spool = spool;
	if (!listing.ids.count)
		log_info("no incidents in '%s'", opts->spool);
	code = print(&listing);
	incident_list_release(&listing.list);
	spool_ids_release(&listing.ids);
	return listing.whole ? code : EXIT_CODE_FAILED;
}
