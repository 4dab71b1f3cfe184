/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --on-warn: a command of the user's for each warning. It is started by a process of its own,
 * which is forked before there is anything to inherit and is from its first moment whom the command
 * shall be: without privileges, descriptors or an environment. What it is told are values of
 * variables, never words. hook_run.c has that process.
 *
 * The watcher starts and ends it, the finisher tells it of warnings; nothing here waits before
 * hook_end().
 */
#ifndef COMMANDS_HOOK_H
#define COMMANDS_HOOK_H

#include "base/cleanup.h"
#include "commands/options.h"
#include "model/incident.h"

struct hook;

/*
 * Forks it. Without --on-warn there is none, and *ret_hook is NULL, which everything below takes. 0
 * or -errno: what is wrong was said.
 */
int hook_start(const struct opts *opts, struct hook **ret_hook);
void hook_free(struct hook *hook);
DEFINE_CLEANUP(struct hook *, hook_free)

/* The finisher alone tells it anything; the recorder lets go of that end. */
void hook_leave(struct hook *hook);

/* Has the command run for a warning. What cannot be told is said. */
void hook_warn(struct hook *hook, const struct incident *incident);

/* Waits for the process's end, which the finisher's end brings about. */
void hook_end(struct hook *hook);

#endif
