/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What engineers look up by hand about a process: its limits, open files, threads, what its runtime
 * was told, the settings of its cgroup and of the host. Taken while it lives: when it has grown to
 * FACTS_BYTES, and again whenever it has doubled; so a kill finds the last ones here, and reads and
 * allocates nothing. All room is taken at the start, for as many processes as have a curve.
 *
 * Of the environment only the variables of a short list are kept, and of those that hold options
 * only the words about memory: the rest is nobody's business, and may be secret. The watcher calls
 * facts_take() between kills; incident_victims.c hands facts on.
 */
#ifndef CAPTURE_FACTS_H
#define CAPTURE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sysroot.h"
#include "capture/event.h"
#include "capture/largest_mappings.h"

#define FACTS_BYTES (8ULL << 20)
#define FACTS_MAX 64
/* Of all texts of one process, their NULs included. */
#define FACTS_TEXT_BYTES 768
/* Mappings that are looked through for arenas: a process may have tens of thousands. */
#define FACTS_MAPPINGS_MAX 4096

struct fact {
	const char *key; /* a word of ours */
	enum figure_source source;
	uint32_t level; /* LEVEL_PROCESS, LEVEL_HOST, or 0: its own cgroup */
	uint64_t value;
	uint16_t text; /* 1 + where it begins; 0: the value is all there is */
};

struct facts {
	uint64_t life;    /* of the account they are of; 0: none were taken */
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint64_t held_bytes;
	uint32_t count;
	uint32_t text_bytes;
	struct fact facts[FACTS_MAX];
	char texts[FACTS_TEXT_BYTES];
	struct largest_mappings mappings;
};

/* Are those that were taken when it held so much too old, now that it holds `held_bytes`? */
bool facts_are_due(const struct facts *facts, uint64_t life, uint64_t held_bytes);

/*
 * Takes them all anew. Of a process that is gone, or not the one that began at `start_time_ns` any
 * more, nothing is kept.
 */
void facts_take(struct facts *facts, const struct sysroot *root, uint32_t pid,
		uint64_t start_time_ns);

/* The text of one of them; NULL: it has none. */
const char *fact_text(const struct facts *facts, const struct fact *fact);

/* --- for facts*.c --- */

void facts_add(struct facts *facts, uint32_t level, enum figure_source source, const char *key,
	       uint64_t value);
/* Cut where there is no more room. */
void facts_add_text(struct facts *facts, uint32_t level, enum figure_source source, const char *key,
		    const char *text, size_t len);

/* facts_environment.c: a process's environment as far as it was read; entries end in a NUL. */
void facts_of_environment(struct facts *facts, const char *environment, size_t bytes);
/* facts_process.c */
void facts_of_process(struct facts *facts, const struct sysroot *root, uint32_t pid);
/* facts_settings.c: of its cgroup and of the host */
void facts_of_settings(struct facts *facts, const struct sysroot *root, uint32_t pid);
/* facts_nodes.c: of the host's memory nodes, where there are several */
void facts_of_nodes(struct facts *facts, const struct sysroot *root);

#endif
