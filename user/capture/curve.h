/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One curve: points in the order of time, fine at the end, coarse before. A point is kept where
 * something has changed; when there is no room left, older ones go until what is left is a second
 * apart for ten minutes and ever further before. Of fixed size, so nothing is allocated.
 */
#ifndef CAPTURE_CURVE_H
#define CAPTURE_CURVE_H

#include <stdint.h>

#define CURVE_POINTS 1024
#define CURVE_VALUES 5

struct curve_point {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t values[CURVE_VALUES];
} __attribute__((packed, aligned(4)));

struct curve {
	uint32_t count;
	uint32_t last_size;                      /* of the last point */
	struct curve_point points[CURVE_POINTS]; /* oldest first */
};

/*
 * Adds a point unless its `size`, what a change is judged by, is nearly that of the last one. One
 * from before the last point is left out.
 */
void curve_add(struct curve *curve, const uint32_t values[CURVE_VALUES], uint32_t size,
	       uint64_t now_ns);

#endif
