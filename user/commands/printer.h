/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints finished incidents on stdout, one after the other, and never waits for whoever reads
 * there: what cannot be written yet waits in the spool, by its id. Called by the finisher.
 */
#ifndef COMMANDS_PRINTER_H
#define COMMANDS_PRINTER_H

#include "commands/options.h"
#include "fleet/spool.h"

struct printer;

/* All is borrowed. 0 or -ENOMEM. */
int printer_new(const struct opts *opts, const struct spool *spool, struct printer **ret_printer);
void printer_free(struct printer *printer);
DEFINE_CLEANUP(struct printer *, printer_free)

/* Its turn comes; where too many wait already it is passed over, and counted. */
void printer_add(struct printer *printer, const char *id);

/* The same of what is kept nowhere, and says so: a trace file in memory, which is copied. */
void printer_add_brief(struct printer *printer, bool is_incident, const void *bytes,
		       size_t len_bytes);

/* Is there anything to write? */
bool printer_has_more(const struct printer *printer);

/* Writes a little, once poll() has said that stdout takes it. 0 or -errno of stdout. */
int printer_step(struct printer *printer);

/* How many have not been printed, or not to their end. */
uint64_t printer_left_out(const struct printer *printer);

#endif
