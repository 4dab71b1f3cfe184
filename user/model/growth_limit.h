/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How near the limits of the cgroups around the target are: points of each level, thinned when
 * there are too many, and what their trend says. Filled by growth_builder.c. Private to model/.
 */
#ifndef MODEL_GROWTH_LIMIT_H
#define MODEL_GROWTH_LIMIT_H

#include "base/arena.h"
#include "capture/event.h"
#include "model/growth.h"

#define LIMIT_POINTS 1024
/* Levels that are told apart: as deep as a chain of cgroups is told, and the host. */
#define LIMIT_LEVELS 16

struct known_limit {
	uint32_t level;
	const char *path; /* NULL: the host */
	uint64_t usage_bytes, limit_bytes;
	size_t count;
	struct trend_point *points; /* LIMIT_POINTS of them; NULL: none came yet */
};

struct known_limits {
	struct known_limit items[LIMIT_LEVELS];
	size_t count;
};

/* 0, -ENOMEM, or -EBADMSG for a point before the last one. What is too much is left out. */
int limits_declare(struct known_limits *limits, struct arena *arena,
		   const struct level_event *level);
int limits_add(struct known_limits *limits, struct arena *arena, const struct charge_event *charge);

/* Of the fullest; known is false where no limit has a point. 0 or -ENOMEM. */
int limits_make(const struct known_limits *limits, struct arena *arena,
		struct growth_limit *ret_limit);

/*
 * When a level's limit, as large as that, was to be met by what was known of it at some time: as
 * limits_make() would have said it then. False: nothing could be said. 0 or -ENOMEM.
 */
int limits_forecast_at(const struct known_limits *limits, uint32_t level, uint64_t time_ns,
		       uint64_t limit_bytes, bool *ret_known, struct trend_forecast *ret_forecast);

#endif
