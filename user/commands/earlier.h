/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The incidents before one, as far as the spool has them: read once, the latest of them, by the
 * first incident that asks, and remembered from then on. Called by the finisher, which finishes
 * incidents one after the other.
 */
#ifndef COMMANDS_EARLIER_H
#define COMMANDS_EARLIER_H

#include "base/cleanup.h"
#include "fleet/spool.h"
#include "model/incident_builder.h"

struct earlier;

/* 0 or -ENOMEM. */
int earlier_new(const struct spool *spool, struct earlier **ret_earlier);
void earlier_free(struct earlier *earlier);
DEFINE_CLEANUP(struct earlier *, earlier_free)

/*
 * The lives before the incident that `builder` has, names included, and that is raw still: the
 * oldest first, with ids that are valid until the next call. An incident that cannot be read has
 * none before it. 0 or -ENOMEM.
 */
int earlier_find(struct earlier *earlier, const struct incident_builder *builder,
		 struct life_event ret_lives[LIVES_MAX], size_t *ret_count);

#endif
