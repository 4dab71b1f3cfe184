/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who sends SIGKILLs, and how: a table of programs that do it for a living, and one of kernel
 * functions. A name proves nothing, for everybody may take one: what follows from it is how much is
 * kept, never what is believed of the victim. Knows records, no files; called by sigkill.c.
 */
#ifndef CAPTURE_SENDER_H
#define CAPTURE_SENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "bpf/oomtrace.h"
#include "capture/event.h"

#define PROGRAM_PATH_MAX (OT_PROGRAM_DEPTH * OT_PROGRAM_NAME + 8)
#define SENDER_CGROUP_MAX (OT_KILL_LEVELS * (OT_KILL_NAME + 1) + 8)

/* By the file that runs, else by its name. */
enum sender_kind sender_kind_of(const struct ot_sigkill_record *record);

/* Does such a program kill because memory is short, whatever is left of it? */
bool sender_is_oom_daemon(enum sender_kind kind);

/* By what the signal says of itself, and the kernel's functions, leaf first; NULL: it has no name.
 */
enum kill_how sender_how(const struct ot_kill_sender *sender, const char *const *functions,
			 size_t count);

/* Do these functions belong to the OOM killer? Then it is told elsewhere. */
bool sender_is_oom_killer(const char *const *functions, size_t count);

/* A program's path below its mount. False: it is not known. */
bool program_path(const struct ot_program_path *program, char ret_path[PROGRAM_PATH_MAX]);
/* A sender's cgroup. False: it has none. */
bool sender_cgroup(const struct ot_kill_sender *sender, char ret_path[SENDER_CGROUP_MAX]);

#endif
