/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that finishes incidents and prints them, so that the one that records them never
 * waits for a file to be read or for a reader of stdout. It has no capabilities, owns neither maps
 * nor programs, and dies with the recorder. If it dies first, incidents stay raw in the spool until
 * the next watcher's finisher begins with them.
 *
 * Called by the watcher; nothing here waits before finisher_end(), and nothing allocates.
 */
#ifndef COMMANDS_FINISHER_H
#define COMMANDS_FINISHER_H

#include "capture/event.h"
#include "commands/options.h"
#include "fleet/spool.h"

struct finisher;
struct hook;

/*
 * Forks it: early, before there is anything to inherit. All is borrowed; without a hook nothing is
 * run for warnings. 0 or -errno.
 */
int finisher_start(const struct opts *opts, struct spool *spool, struct hook *hook,
		   struct finisher **ret_finisher);
void finisher_free(struct finisher *finisher);
DEFINE_CLEANUP(struct finisher *, finisher_free)

/*
 * Hands over the file of a module that a later incident refers to, and the first `debug_count` of
 * what may be its debug files, SYMBOLIZER_DEBUG_FILES_MAX at most.
 */
void finisher_module(struct finisher *finisher, const struct module_event *module,
		     const int *debug_fds, size_t debug_count);

/*
 * Hands over the file that a runtime keeps of the container of a victim, if there is one, before
 * finisher_incident(). Where there is no room for it, its image is not known.
 */
void finisher_container(struct finisher *finisher, const struct workload_event *workload);

/* An incident is in the spool. */
void finisher_incident(struct finisher *finisher, const char *id);

/*
 * One that is kept nowhere: a whole trace file, of an incident with its id, else with NULL. 0, or
 * -errno when there is no room for it.
 */
int finisher_brief(struct finisher *finisher, const char *id, const void *bytes, size_t len_bytes);

/* Can be read when finisher_attend() has something to do. */
int finisher_fd(const struct finisher *finisher);

enum finisher_health {
	FINISHER_WORKS,
	FINISHER_DIED,      /* and incidents stay raw from now on */
	FINISHER_NO_OUTPUT, /* it could not write to stdout, and has said so */
};

/* Sees to what it has to say; asked again after its end it says the same. */
enum finisher_health finisher_attend(struct finisher *finisher);

/* Waits until everything is finished, and printed if somebody reads it. */
enum finisher_health finisher_end(struct finisher *finisher);

#endif
