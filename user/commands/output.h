/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last step that `growth` and `report` share: a finished growth to stdout or to a file, in the
 * format the options name.
 */
#ifndef COMMANDS_OUTPUT_H
#define COMMANDS_OUTPUT_H

#include "commands/options.h"
#include "model/growth.h"
#include "model/growth_builder.h"

/* What the model should do for these options. */
struct growth_options output_growth_options(const struct opts *opts);

/*
 * Renders to opts->output (opts->format must not be FORMAT_TRACE), says on stderr when there is
 * nothing to show or data was lost, and returns the exit code.
 */
int output_growth(const struct growth *growth, const struct opts *opts);

#endif
