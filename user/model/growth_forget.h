/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go of processes and stacks that no event will name any more, once no snapshot that is
 * kept names them either: what makes a recording of a day as small as one of a minute. Private to
 * model/.
 */
#ifndef MODEL_GROWTH_FORGET_H
#define MODEL_GROWTH_FORGET_H

#include "model/growth_events.h"

/* Takes an EVENT_FORGOTTEN. 0; what was never declared is nothing to forget. */
int growth_mark_forgotten(struct growth_builder *builder, const struct event *event);

/* Frees what is forgotten and not needed. 0 or -ENOMEM, with everything still usable. */
int growth_forget(struct growth_builder *builder);

#endif
