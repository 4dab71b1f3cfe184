/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --help and --version print. The options come from option_table.h. */
#ifndef COMMANDS_HELP_H
#define COMMANDS_HELP_H

#include <stdbool.h>
#include <stdio.h>

/* What most people want on one screen, or with `all` every option there is. */
void help_print(bool all, FILE *stream);
void help_print_version(FILE *stream);

#endif
