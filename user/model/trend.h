/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a curve of memory is going: does it rise for good, how fast, and when does it meet a limit.
 * Pure arithmetic over points, for verdicts, warnings and the live view; knows nothing of
 * processes.
 *
 * Memory under a garbage collector is a sawtooth, and a start-up is a slope that ends. So a trend
 * is asked of the lower envelope, the least of each of a few windows of time, and of its later half
 * again: what is rising must rise still. Slopes are medians of the slopes between all pairs of
 * windows (Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968); whether
 * they mean anything says the Mann-Kendall test (Kendall, "Rank Correlation Methods"); the bounds
 * of the slope are Sen's, as in Gilbert, "Statistical Methods for Environmental Pollution
 * Monitoring" (1987), chapter 16.5.
 */
#ifndef MODEL_TREND_H
#define MODEL_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trend_point {
	uint64_t time_ns; /* of any clock; points are in its order */
	uint64_t bytes;
};

enum trend_shape {
	TREND_UNKNOWN, /* too few points, or too short a time, to tell */
	TREND_FLAT,    /* no trend: steady, a sawtooth, a plateau after a start-up */
	TREND_RISING,  /* rises for good, up to the end */
	TREND_FALLING,
	TREND_SPIKE, /* nearly all of the growth is in the last moment */
	TREND_SHAPE_COUNT,
};

struct trend {
	enum trend_shape shape;
	/* of the upper envelope, for that is what meets a limit; bounds: Sen's of 95 %, and what
	 * its later half and last quarter say. TREND_RISING only */
	double bytes_per_second;
	double low_bytes_per_second, high_bytes_per_second;
	double now_bytes;     /* of the upper envelope, at the end */
	double spread_bytes;  /* how far single peaks lie off the envelope's line, at most */
	double seconds;       /* of time that was looked at */
	double seconds_apart; /* from point to point, on the average */
	size_t windows;       /* that had a point */
	bool paused;          /* it has not come along with the line of late. TREND_RISING only */
};

/* How many of `points`, in time, and whether that is enough, is up to this. 0 or -ENOMEM. */
int trend_fit(const struct trend_point *points, size_t count, struct trend *ret_trend);

struct trend_forecast {
	double seconds; /* from the last point on */
	double low_seconds, high_seconds;
};

/*
 * When the curve meets `limit_bytes`, with the bounds of the trend, which are at least 10 % of the
 * time to go and the time between two points. False where nothing can be said: the trend is not
 * rising, was looked at for less than 20 seconds (a start rises, too), does not rise in its last
 * quarter, has paused, has bounds that are more than four times apart, or the limit is over a
 * hundred times the time away that was looked at.
 */
bool trend_forecast(const struct trend *trend, uint64_t limit_bytes,
		    struct trend_forecast *ret_forecast);

/* Why one that rises has none. */
enum trend_silence {
	TREND_TOO_SHORT,  /* a start-up rises, too */
	TREND_PAUSED,     /* for now: it may have stopped */
	TREND_TOO_UNEVEN, /* its parts rise at very different rates, or not for certain */
	TREND_TOO_SLOW,   /* or there is a forecast */
};

enum trend_silence trend_silence(const struct trend *trend);

/* "flat", "rising" … */
const char *trend_shape_name(enum trend_shape shape);

#endif
