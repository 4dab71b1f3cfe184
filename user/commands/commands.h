/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands. Each takes the parsed options, says what went wrong itself, once, and returns the
 * exit code of the program. main.c has the table.
 */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

#include "commands/options.h"

enum exit_code {
	EXIT_CODE_PRINTED = 0,
	EXIT_CODE_FAILED = 1,
	EXIT_CODE_DATA_LOST = 2, /* with --strict */
	EXIT_CODE_USAGE = 64,    /* EX_USAGE of sysexits.h */
	EXIT_CODE_CANNOT = 77,   /* no privilege, or a missing kernel feature */
};

/* Records until the session is over and prints what has grown; -- CMD passes CMD's status on. */
int command_growth(const struct opts *opts);
/* Stays resident; an incident for each OOM kill, into the spool and onto stdout. */
int command_watch(const struct opts *opts);
/* The incidents in the spool. Needs no privilege and no BPF. */
int command_list(const struct opts *opts);
/* Renders a trace file. Needs no privilege and no BPF. */
int command_report(const struct opts *opts);
/* Prints two trace files as differential folded stacks. */
int command_diff(const struct opts *opts);
/* Says what this kernel offers and which hook serves each need. */
int command_check(const struct opts *opts);

#endif
