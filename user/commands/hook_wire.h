/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between hook.c, in the finisher, and hook_run.c, the process that starts commands: each message
 * is the variables of one warning, "NAME=value", each ended by a zero byte. Before the first one
 * the process says in an int whether it can begin: 0 or -errno.
 */
#ifndef COMMANDS_HOOK_WIRE_H
#define COMMANDS_HOOK_WIRE_H

#include "commands/options.h"

#define HOOK_MESSAGE_MAX 16384
#define HOOK_VARIABLES_MAX 24
/* What every variable begins with: nobody can make it any other. */
#define HOOK_PREFIX "OOMTRACE_"

/* Words of --on-warn. */
#define HOOK_WORDS_MAX 32
#define HOOK_LINE_MAX 4096

struct hook_command {
	char line[HOOK_LINE_MAX]; /* the words, each ended by a zero byte */
	char *words[HOOK_WORDS_MAX + 1];
	char path[HOOK_LINE_MAX]; /* of the program */
	uid_t uid;
	gid_t gid;
	uint64_t deadline_ns;
};

/* Where a program is looked for whose name has no slash, and the PATH that it has itself. */
#define HOOK_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What the process does, in a fresh fork, until the socket is closed at its other end. */
_Noreturn void hook_run(const struct hook_command *command, int socket, pid_t parent);

#endif
