// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"
int command_check(const struct opts *opts) { (void)opts; return EXIT_CODE_FAILED; }
