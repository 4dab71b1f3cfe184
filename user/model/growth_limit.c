// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/growth_limit.h"

#include <errno.h>

#include "model/estimate.h"

/* A rate where there is no trend is of so long, up to the last point. */
#define RECENT_NS 10000000000ULL

static const struct known_limit *limit_find(const struct known_limits *limits, uint32_t level)
{
	for (size_t i = 0; i < limits->count; i++)
		if (limits->items[i].level == level)
			return &limits->items[i];
	return NULL;
}

static struct known_limit *limit_new(struct known_limits *limits, uint32_t level)
{
	struct known_limit *limit = (struct known_limit *)limit_find(limits, level);

	if (limit || limits->count == LIMIT_LEVELS)
		return limit;
	limit = &limits->items[limits->count++];
	*limit = (struct known_limit){.level = level};
	return limit;
}

int limits_declare(struct known_limits *limits, struct arena *arena,
		   const struct level_event *level)
{
	struct known_limit *limit = limit_new(limits, level->index);

	if (!limit || limit->path)
		return 0;
	limit->path = arena_strdup(arena, level->path);
	return limit->path ? 0 : -ENOMEM;
}

/* Every second point goes: a trend is asked of windows of time, and each must have some. */
static void limit_thin(struct known_limit *limit)
{
	limit->count /= 2;
	for (size_t i = 0; i < limit->count; i++)
		limit->points[i] = limit->points[2 * i + 1];
}

int limits_add(struct known_limits *limits, struct arena *arena, const struct charge_event *charge)
{
	struct known_limit *limit = limit_new(limits, charge->level);

	if (!limit || (!limit->path && charge->level != LEVEL_HOST))
		return 0;
	if (!limit->points)
		limit->points = arena_alloc(arena, LIMIT_POINTS, sizeof(*limit->points));
	if (!limit->points)
		return -ENOMEM;
	if (limit->count && charge->time_ns < limit->points[limit->count - 1].time_ns)
		return -EBADMSG;
	if (limit->count == LIMIT_POINTS)
		limit_thin(limit);
	limit->points[limit->count++] = (struct trend_point){
		.time_ns = charge->time_ns, .bytes = estimate_add(charge->held_bytes, 0)};
	limit->usage_bytes = charge->usage_bytes;
	limit->limit_bytes = charge->limit_bytes;
	return 0;
}

/* --- what they say ------------------------------------------------------------------------ */

static double percent_of(const struct known_limit *limit)
{
	if (!limit->count || !limit->limit_bytes)
		return -1;
	return 100.0 * (double)limit->points[limit->count - 1].bytes / (double)limit->limit_bytes;
}

static const struct known_limit *fullest(const struct known_limits *limits)
{
	const struct known_limit *found = NULL;

	for (size_t i = 0; i < limits->count; i++)
		if (percent_of(&limits->items[i]) >= 0 &&
		    (!found || percent_of(&limits->items[i]) > percent_of(found)))
			found = &limits->items[i];
	return found;
}

/* Over the last moments: what people see going on, whether it means anything or not. */
static bool recent_rate(const struct known_limit *limit, double *ret_bytes_per_second)
{
	const struct trend_point *last = &limit->points[limit->count - 1], *then = last;

	while (then > limit->points && last->time_ns - then->time_ns < RECENT_NS)
		then--;
	if (then->time_ns == last->time_ns)
		return false;
	*ret_bytes_per_second = ((double)last->bytes - (double)then->bytes) * 1e9 /
				(double)(last->time_ns - then->time_ns);
	return true;
}

int limits_make(const struct known_limits *limits, struct arena *arena,
		struct growth_limit *ret_limit)
{
	const struct known_limit *limit = fullest(limits);
	int err;

	if (!limit)
		return 0;
	*ret_limit = (struct growth_limit){
		.known = true,
		.path = limit->path ? arena_strdup(arena, limit->path) : NULL,
		.held_bytes = limit->points[limit->count - 1].bytes,
		.usage_bytes = limit->usage_bytes,
		.limit_bytes = limit->limit_bytes,
		.percent = percent_of(limit),
	};
	if (limit->path && !ret_limit->path)
		return -ENOMEM;
	err = trend_fit(limit->points, limit->count, &ret_limit->trend);
	ret_limit->forecast_known =
		!err && trend_forecast(&ret_limit->trend, limit->limit_bytes, &ret_limit->forecast);
	ret_limit->rate_known = ret_limit->trend.shape == TREND_RISING;
	ret_limit->bytes_per_second = ret_limit->trend.bytes_per_second;
	if (!ret_limit->rate_known)
		ret_limit->rate_known = recent_rate(limit, &ret_limit->bytes_per_second);
	return err;
}

int limits_forecast_at(const struct known_limits *limits, uint32_t level, uint64_t time_ns,
		       uint64_t limit_bytes, bool *ret_known, struct trend_forecast *ret_forecast)
{
	const struct known_limit *limit = limit_find(limits, level);
	size_t count = 0;
	struct trend trend;
	int err;

	*ret_known = false;
	while (limit && count < limit->count && limit->points[count].time_ns <= time_ns)
		count++;
	if (!count)
		return 0;
	err = trend_fit(limit->points, count, &trend);
	*ret_known = !err && trend_forecast(&trend, limit_bytes, ret_forecast);
	return err;
}
