/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people read for one place in code: the function there, then those that were inlined into
 * it. Made once for each place, however many stacks go through it. Private to model/.
 */
#ifndef MODEL_PLACE_NAMES_H
#define MODEL_PLACE_NAMES_H

#include "base/arena.h"
#include "model/growth_events.h"

struct place_names {
	const char **frames; /* as folded stacks have them */
	struct growth_place *places;
	uint32_t count; /* at least 1 */
};

/*
 * The names of where a frame is, from `made` (module, offset -> struct place_names) or new in
 * `arena`. Names and files lie in the builder. NULL: no memory.
 */
const struct place_names *place_names_get(const struct growth_builder *builder, struct arena *arena,
					  struct table *made, const struct event_frame *frame);

#endif
