/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording in a file, on its way to figures. Of a file that is cut short or damaged it yields
 * what came before, and says so, once. Used by `report` and `diff`.
 */
#ifndef COMMANDS_REPLAY_H
#define COMMANDS_REPLAY_H

#include "commands/options.h"
#include "fleet/spool.h"
#include "model/incident_builder.h"

struct replay {
	struct incident_builder *builder;
	struct growth *own_growth;   /* of a recording of growth */
	struct incident *incident;   /* NULL: it is none */
	const struct growth *growth; /* of the recording, or of the incident's victims */
	bool whole; /* false: something of the file is missing, and that was said */
};

/* {0} is none. */
void replay_release(struct replay *replay);

/* Reads the file ("-": stdin) and makes the figures that the options ask for. False: said why. */
bool replay_read(const char *path, const struct opts *opts, struct replay *ret_replay);

/* The same of what can be read from `stream`, which is taken over; `name` is for people. */
bool replay_stream(const char *name, FILE *stream, const struct opts *opts,
		   struct replay *ret_replay);

/*
 * The same of a file by its name; what is none, and could be an id, is looked for in the spool.
 * NULL: the newest incident there.
 */
bool replay_read_any(const char *path, const struct opts *opts, struct replay *ret_replay);

/* The same of an incident in the options' spool, which is opened for it. NULL: the newest. */
bool replay_read_spooled(const char *id, const struct opts *opts, struct replay *ret_replay);

/* Says why the options' spool cannot be looked through. */
void replay_say_no_spool(const struct opts *opts, int err);

/* The same of an incident in the spool. */
bool replay_read_id(const struct spool *spool, const char *id, const struct opts *opts,
		    struct replay *ret_replay);

#endif
