/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done to an incident once it is safe: its file is read again, frames get names and files
 * their build-ids, lives that were killed before are found, and the incident is put in its own
 * place with these. Whatever fails here leaves the raw incident as it is. Called by the finisher, a
 * process of its own.
 */
#ifndef COMMANDS_FINISH_H
#define COMMANDS_FINISH_H

#include "commands/earlier.h"
#include "fleet/spool_writer.h"
#include "symbols/symbolizer.h"

struct finish {
	const struct spool *spool;
	struct spool_writer *writer;
	/* has the incident's modules, or learns them by their build-ids; NULL: no names */
	struct symbolizer *symbolizer;
	struct container_files *containers; /* of the incident's victims; NULL: none */
	struct earlier *earlier;            /* finds the lives before it; NULL: nobody does */
};

/* 0, or -errno of what could not be read or written. */
int finish_incident(const struct finish *finish, const char *id);

/*
 * The same of one that is kept nowhere, a trace file in memory: what is made of it is the caller's
 * to free. What is no incident has no lives before it. 0 or -errno.
 */
int finish_brief(const struct finish *finish, bool is_incident, const void *bytes, size_t len_bytes,
		 char **ret_bytes, size_t *ret_len_bytes);

#endif
