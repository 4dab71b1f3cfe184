/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording in a file, on its way to figures. Of a file that is cut short or damaged it yields
 * what came before, and says so, once. Used by `report` and `diff`.
 */
#ifndef COMMANDS_REPLAY_H
#define COMMANDS_REPLAY_H

#include "commands/options.h"
#include "model/growth_builder.h"

struct replay {
	struct growth_builder *builder;
	struct growth *growth;
	bool whole; /* false: something of the file is missing, and that was said */
};

/* {0} is none. */
void replay_release(struct replay *replay);

/* Reads the file ("-": stdin) and makes the figures that the options ask for. False: said why. */
bool replay_read(const char *path, const struct opts *opts, struct replay *ret_replay);

#endif
