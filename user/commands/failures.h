/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why capturing could not start, in words, with what the user can do about it. */
#ifndef COMMANDS_FAILURES_H
#define COMMANDS_FAILURES_H

#include "capture/failure.h"
#include "commands/options.h"

/* Says it, once, and returns the exit code. */
int failure_report(const struct failure *failure, const struct opts *opts);

#endif
