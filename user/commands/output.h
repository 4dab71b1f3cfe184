/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last step of the commands: a result to stdout or to a file, a finished growth in the format
 * that the options name.
 */
#ifndef COMMANDS_OUTPUT_H
#define COMMANDS_OUTPUT_H

#include "base/atomic_file.h"
#include "commands/options.h"
#include "model/growth.h"
#include "model/growth_builder.h"
#include "model/incident.h"

/* What the model should do for these options. */
struct growth_options output_growth_options(const struct opts *opts);

/*
 * Opens what opts->output names, before there is anything to write: a name that cannot be written
 * is better known before a session than after it. Says what is wrong. 0 or -errno.
 */
int output_open(const struct opts *opts, struct atomic_file **ret_file);

/*
 * Renders to `file`, which it takes over (opts->format must not be FORMAT_TRACE), says on stderr
 * when there is nothing to show or data was lost, and returns the exit code.
 */
int output_growth(const struct growth *growth, const struct opts *opts, struct atomic_file *file);

/* The same for an incident, which is text unless another format is asked for. */
int output_incident(const struct incident *incident, const struct opts *opts,
		    struct atomic_file *file);

/* Says that opts->output cannot be written to, and returns the exit code. */
int output_fail(const struct opts *opts, int err);

/* Completes a file, which it takes over. Says what is wrong; returns the exit code. */
int output_commit(const struct opts *opts, struct atomic_file *file);

#endif
