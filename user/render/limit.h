/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How near a limit is and when it is met, for people and for programs. Private to render/. */
#ifndef RENDER_LIMIT_H
#define RENDER_LIMIT_H

#include "base/buf.h"
#include "model/growth.h"
#include "render/json_value.h"

/* "81 % of the 512.0 MiB of cgroup /a, +5.0 MiB/s: full in 19.2 s (15.0 s to 26.1 s)" */
void limit_line(struct buf *out, const struct growth_limit *limit);

/* Of that, what comes after the cgroup. */
void limit_course(struct buf *out, const struct growth_limit *limit);

/* When: "in 19.2 s (15.0 s to 26.1 s)", or why nobody can tell. */
void limit_forecast(struct buf *out, const struct growth_limit *limit);

/* Of a forecast, as people read it. */
void limit_seconds(struct buf *out, double seconds);

/* The members of a forecast. */
void json_put_forecast(struct json_maker *object, const struct trend_forecast *forecast);

/* The members of docs/schema/growth.schema.json, "limit". */
void json_put_limit(struct json_maker *object, const struct growth_limit *limit);

#endif
