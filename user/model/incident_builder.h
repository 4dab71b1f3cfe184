/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folds the events of one incident into a struct incident. Stacks are growth's: their events go to
 * a growth builder, which also says what has no name yet. Prints nothing, asks nobody. Called by
 * the commands `report`, `list` and by the watcher.
 */
#ifndef MODEL_INCIDENT_BUILDER_H
#define MODEL_INCIDENT_BUILDER_H

#include "model/growth_builder.h"
#include "model/incident.h"

struct incident_builder;

int incident_builder_new(struct incident_builder **ret_builder);
void incident_builder_free(struct incident_builder *builder);
DEFINE_CLEANUP(struct incident_builder *, incident_builder_free)

/* Before any event, as growth_builder_limit(): of a file that may turn out to hold no incident. */
void incident_builder_limit(struct incident_builder *builder,
			    const struct growth_interval *interval);

/* Copies what it keeps. 0, -ENOMEM, or -EBADMSG for an event that names an id nobody declared. */
int incident_builder_add(struct incident_builder *builder, const struct event *event);

/* The stacks' events: to ask for what has no name. Borrowed. */
const struct growth_builder *incident_builder_growth(const struct incident_builder *builder);

/* Was an incident event seen? If not, the file is a recording of growth, or says nothing. */
bool incident_builder_has_incident(const struct incident_builder *builder);

/*
 * The builder stays usable; the result borrows from it, so free the result first. 0, -ENOMEM,
 * -ENODATA when no session or no incident was seen, -ERANGE and -EFBIG as growth_builder_finish().
 */
int incident_builder_finish(const struct incident_builder *builder,
			    const struct growth_options *options, struct incident **ret_incident);

#endif
