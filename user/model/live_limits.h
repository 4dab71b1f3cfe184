/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How near cgroups are to their limits, and when they meet them, from successive growths. What
 * counts is what cannot be reclaimed: a cgroup full of page cache is not in need. Of a path, the
 * level that is fullest is told, its own or one above, for that is the one that fires. Pure: no
 * clock. Used by live_table.c.
 */
#ifndef MODEL_LIVE_LIMITS_H
#define MODEL_LIVE_LIMITS_H

#include "base/table.h"
#include "model/growth.h"
#include "model/trend.h"

/* The nearest limit of something. Valid until the next update. */
struct live_limit {
	const char *path; /* of the level that has it; hostile bytes */
	uint64_t used_bytes;
	uint64_t limit_bytes;
	bool forecast_known; /* what is used rises for good, and meets the limit in this time */
	struct trend_forecast forecast;
};

/* {0} knows of none. */
struct live_limits {
	struct table by_path; /* -> struct limited, owned */
};

void live_limits_release(struct live_limits *limits);

/* Takes the cgroups of another snapshot, and forgets those it does not have. 0 or -ENOMEM. */
int live_limits_update(struct live_limits *limits, const struct growth *growth);

/* NULL: `path` is in no cgroup with a limit, or NULL itself. */
const struct live_limit *live_limits_of(const struct live_limits *limits, const char *path);

#endif
