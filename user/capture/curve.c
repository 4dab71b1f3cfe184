// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture/curve.h"

#include <stdbool.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
/* A curve that did not change has a point each so often, so that it is known to have been flat. */
#define STILL_NS (10 * SECOND_NS)
/* A size has changed when it has by one part in so many. */
#define CHANGE_PARTS 64

/* Newer ones are left as they came. */
#define FINE_NS (10 * SECOND_NS)
/* These are a second apart; older ones by one part in so many of their age. */
#define SECONDS_NS (600 * SECOND_NS)
#define AGE_PARTS 32

static uint64_t spacing_ns(uint64_t age_ns)
{
	if (age_ns < FINE_NS)
		return 0;
	return age_ns < SECONDS_NS ? SECOND_NS * 9 / 10 : age_ns / AGE_PARTS;
}

/* The first point stays, and whatever is far enough from the one that was kept before it. */
static void thin_by_age(struct curve *curve, uint64_t now_ns)
{
	uint32_t kept = 1;

	for (uint32_t i = 1; i < curve->count; i++) {
		const struct curve_point *point = &curve->points[i];
		uint64_t gap_ns = point->time_ns - curve->points[kept - 1].time_ns;

		if (gap_ns >= spacing_ns(now_ns - point->time_ns))
			curve->points[kept++] = *point;
	}
	curve->count = kept;
}

/* Every other point of the older half goes. */
static void thin_by_half(struct curve *curve)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < curve->count; i++)
		if (i >= curve->count / 2 || i % 2 == 0)
			curve->points[kept++] = curve->points[i];
	curve->count = kept;
}

static bool has_changed(const struct curve *curve, uint32_t size, uint64_t now_ns)
{
	const struct curve_point *last = &curve->points[curve->count - 1];
	uint32_t then = curve->last_size, change = then > size ? then - size : size - then;

	if (now_ns < last->time_ns)
		return false;
	return now_ns - last->time_ns >= STILL_NS || change > then / CHANGE_PARTS;
}

void curve_add(struct curve *curve, const uint32_t values[CURVE_VALUES], uint32_t size,
	       uint64_t now_ns)
{
	struct curve_point *point;

	if (curve->count && !has_changed(curve, size, now_ns))
		return;
	if (curve->count == CURVE_POINTS) {
		thin_by_age(curve, now_ns);
		/* so that the next points do not look for room again */
		if (curve->count > CURVE_POINTS - CURVE_POINTS / 16)
			thin_by_half(curve);
	}
	point = &curve->points[curve->count++];
	point->time_ns = now_ns;
	memcpy(point->values, values, sizeof(point->values));
	curve->last_size = size;
}
