// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/trend.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* Time is cut into this many windows. A sawtooth must have a tooth in most of them to be seen as
 * one. */
#define WINDOWS 16
#define WINDOWS_LEAST 8
#define PAIRS (WINDOWS * (WINDOWS - 1) / 2)
/* Of the Mann-Kendall test: 99.5 % that a trend is none of chance, on one side. */
#define SIGNIFICANT_Z 2.576
/* 95 % bounds of a slope. */
#define BOUND_Z 1.960
/* A rise that has slowed down to less than this share of its mean is one that ends. */
#define STILL_RISING 0.35
/* Less growth over the whole time than this share of the level is none that anybody asks about. */
#define WORTH_TELLING 0.02
/* A spike: this share of the range, in this share of the time, at the end. */
#define SPIKE_GROWTH 0.6
#define SPIKE_TIME 0.1
/*
 * A rise of less than this share of a tooth may be the sampling's: points once a second drift
 * through teeth of five seconds and a bit.
 */
#define WORTH_OF_TEETH 0.3
#define FORECAST_REACH 100
/* Any program grows while it starts: less time is too little to tell. A verdict's, too. */
#define FORECAST_SECONDS 20
/* Bounds of a slope that are further apart say nothing. */
#define FORECAST_SLOPES 4
/* Behind its line by so much more than ever before in a window. */
#define PAUSE 1.5
#define PAUSE_WINDOWS (WINDOWS / 4)
/* Of the time to go, to either side. */
#define LEAST_BAND 0.1
/* How often the envelope is halved, for what its latest part says. */
#define LATEST_PARTS 2

/* One end of the curve in each window: its least points, or its greatest. */
struct envelope {
	double seconds[WINDOWS];
	double bytes[WINDOWS];
	size_t count;
};

struct slopes {
	double slope[PAIRS];
	size_t count;
	double z; /* of the Mann-Kendall test */
	double variance;
};

static double seconds_between(uint64_t from_ns, uint64_t to_ns)
{
	return (double)(to_ns - from_ns) / 1e9;
}

static size_t window_of(double at, double all)
{
	size_t window = (size_t)(at / all * WINDOWS);

	return window < WINDOWS ? window : WINDOWS - 1;
}

static struct envelope envelope_of(const struct trend_point *points, size_t count, bool upper)
{
	double all = seconds_between(points[0].time_ns, points[count - 1].time_ns);
	struct envelope envelope = {.count = 0};
	size_t last = WINDOWS;

	for (size_t i = 0; i < count; i++) {
		double at = seconds_between(points[0].time_ns, points[i].time_ns);
		size_t window = window_of(at, all);
		double bytes = (double)points[i].bytes;
		double *best;

		if (window != last) {
			last = window;
			envelope.seconds[envelope.count] = at;
			envelope.bytes[envelope.count++] = bytes;
		}
		best = &envelope.bytes[envelope.count - 1];
		if (upper ? bytes > *best : bytes < *best) {
			*best = bytes;
			envelope.seconds[envelope.count - 1] = at;
		}
	}
	return envelope;
}

static struct envelope later_half(const struct envelope *envelope)
{
	struct envelope half = {.count = 0};

	for (size_t i = envelope->count / 2; i < envelope->count; i++) {
		half.seconds[half.count] = envelope->seconds[i];
		half.bytes[half.count++] = envelope->bytes[i];
	}
	return half;
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Variance of Kendall's S when there is no trend; ties are too rare to matter here. */
static double variance_of(size_t count)
{
	double n = (double)count;

	return n * (n - 1) * (2 * n + 5) / 18;
}

static struct slopes slopes_of(const struct envelope *envelope)
{
	struct slopes slopes = {.variance = variance_of(envelope->count)};
	double s = 0;

	for (size_t i = 0; i < envelope->count; i++) {
		for (size_t j = i + 1; j < envelope->count; j++) {
			double rise = envelope->bytes[j] - envelope->bytes[i];
			double time = envelope->seconds[j] - envelope->seconds[i];

			s += (rise > 0) - (rise < 0);
			if (time > 0)
				slopes.slope[slopes.count++] = rise / time;
		}
	}
	qsort(slopes.slope, slopes.count, sizeof(slopes.slope[0]), compare_doubles);
	slopes.z = slopes.variance > 0 ? (s - (s > 0) + (s < 0)) / sqrt(slopes.variance) : 0;
	return slopes;
}

/* A slope by its rank, which may lie between two. */
static double slope_at(const struct slopes *slopes, double rank)
{
	size_t below;

	if (rank <= 0)
		return slopes->slope[0];
	if (rank >= (double)(slopes->count - 1))
		return slopes->slope[slopes->count - 1];
	below = (size_t)rank;
	return slopes->slope[below] +
	       (rank - (double)below) * (slopes->slope[below + 1] - slopes->slope[below]);
}

static double median_slope(const struct slopes *slopes)
{
	return slope_at(slopes, (double)(slopes->count - 1) / 2);
}

static double envelope_end(const struct envelope *envelope)
{
	return envelope->seconds[envelope->count - 1];
}

static double median_level(const struct envelope *envelope, double slope)
{
	double levels[WINDOWS] = {0};

	for (size_t i = 0; i < envelope->count; i++)
		levels[i] = envelope->bytes[i] -
			    slope * (envelope->seconds[i] - envelope_end(envelope));
	qsort(levels, envelope->count, sizeof(levels[0]), compare_doubles);
	return levels[envelope->count / 2];
}

static double spread_of(const struct envelope *envelope, double slope, double level)
{
	double most = 0;

	for (size_t i = 0; i < envelope->count; i++) {
		double line = level + slope * (envelope->seconds[i] - envelope_end(envelope));

		most = fmax(most, fabs(envelope->bytes[i] - line));
	}
	return most;
}

static bool is_spike(const struct trend_point *points, size_t count)
{
	uint64_t all_ns = points[count - 1].time_ns - points[0].time_ns;
	uint64_t begin_ns = points[count - 1].time_ns - (uint64_t)((double)all_ns * SPIKE_TIME);
	uint64_t least = UINT64_MAX, before = 0, last = points[count - 1].bytes;

	for (size_t i = 0; i < count; i++) {
		if (points[i].bytes < least)
			least = points[i].bytes;
		if (points[i].time_ns < begin_ns && points[i].bytes > before)
			before = points[i].bytes;
	}
	/* it was as large before, or has not grown to speak of */
	if (last <= before || (double)(last - least) < WORTH_TELLING * (double)last)
		return false;
	return (double)(last - before) >= SPIKE_GROWTH * (double)(last - least);
}

/* Is the growth over the whole time worth telling, in either direction? */
static bool matters(const struct envelope *envelope, double slope)
{
	double time = envelope_end(envelope) - envelope->seconds[0];
	double level = fabs(median_level(envelope, slope));

	return fabs(slope) * time >= WORTH_TELLING * level;
}

/*
 * Rising must be what the later half says, too: of eight windows the test alone would be too weak,
 * so there the slope counts.
 */
static bool rises_still(const struct envelope *envelope, double slope)
{
	struct envelope half = later_half(envelope);
	struct slopes slopes = slopes_of(&half);

	return slopes.count && median_slope(&slopes) >= STILL_RISING * slope && slopes.z > 1;
}

static bool rises(const struct envelope *envelope)
{
	struct slopes slopes = slopes_of(envelope);
	double slope = median_slope(&slopes);

	return slopes.z >= SIGNIFICANT_Z && matters(envelope, slope) &&
	       rises_still(envelope, slope);
}

static bool falls(const struct envelope *envelope)
{
	struct slopes slopes = slopes_of(envelope);

	return slopes.z <= -SIGNIFICANT_Z && matters(envelope, median_slope(&slopes));
}

/* Does the lower envelope rise by enough of what lies between the two? */
static bool outgrows_teeth(const struct envelope *lower, const struct envelope *upper)
{
	struct slopes slopes = slopes_of(lower);
	double slope = median_slope(&slopes);
	double time = envelope_end(lower) - lower->seconds[0];
	double gap = median_level(upper, slope) - median_level(lower, slope);

	return slope * time >= WORTH_OF_TEETH * gap;
}

/* Both ends of the curve must rise. */
static enum trend_shape shape_of(const struct trend_point *points, size_t count,
				 const struct envelope *lower, const struct envelope *upper)
{
	if (falls(lower))
		return TREND_FALLING;
	if (is_spike(points, count))
		return TREND_SPIKE;
	return rises(lower) && rises(upper) && outgrows_teeth(lower, upper) ? TREND_RISING
									    : TREND_FLAT;
}

/*
 * Sen's bounds take the slope for the same all the time. What its later half and its last quarter
 * say is as likely to go on.
 */
static void widen(const struct envelope *upper, struct trend *trend)
{
	struct envelope part = *upper;

	for (int i = 0; i < LATEST_PARTS; i++) {
		struct slopes slopes;
		double slope;

		part = later_half(&part);
		slopes = slopes_of(&part);
		if (!slopes.count)
			return;
		slope = median_slope(&slopes);
		trend->low_bytes_per_second = fmin(trend->low_bytes_per_second, slope);
		trend->high_bytes_per_second = fmax(trend->high_bytes_per_second, slope);
	}
}

static void fit_upper(const struct envelope *upper, struct trend *trend)
{
	struct slopes slopes = slopes_of(upper);
	double middle = (double)(slopes.count - 1) / 2;
	double reach = BOUND_Z * sqrt(slopes.variance) / 2;

	trend->bytes_per_second = median_slope(&slopes);
	trend->low_bytes_per_second = slope_at(&slopes, middle - reach);
	trend->high_bytes_per_second = slope_at(&slopes, middle + reach);
	widen(upper, trend);
	trend->now_bytes = median_level(upper, trend->bytes_per_second);
	trend->spread_bytes = spread_of(upper, trend->bytes_per_second, trend->now_bytes);
	if (trend->bytes_per_second <= 0)
		trend->shape = TREND_FLAT;
}

/*
 * At its end a window's greatest is behind the line by what is chance, and how the peaks of teeth
 * fall. What is much further behind in the last one has stopped coming: the slope, a median, would
 * say so later.
 */
static bool has_paused(const struct trend_point *points, size_t count, const struct envelope *upper,
		       const struct trend *trend)
{
	double chance = 2 * trend->bytes_per_second * trend->seconds_apart;
	double greatest[WINDOWS] = {0}, most = 0, behind = 0;

	for (size_t i = 0; i < count; i++) {
		double *of_window = &greatest[window_of(
			seconds_between(points[0].time_ns, points[i].time_ns), trend->seconds)];

		*of_window = fmax(*of_window, (double)points[i].bytes);
	}
	for (size_t window = 0; window < WINDOWS; window++) {
		double at = trend->seconds * (double)(window + 1) / WINDOWS;

		/* what has stopped may have done so some windows ago */
		if (window <= WINDOWS - PAUSE_WINDOWS)
			most = fmax(most, behind);
		if (greatest[window] > 0)
			behind = trend->now_bytes +
				 trend->bytes_per_second * (at - envelope_end(upper)) -
				 greatest[window];
	}
	return behind > PAUSE * most + chance;
}

int trend_fit(const struct trend_point *points, size_t count, struct trend *ret_trend)
{
	struct trend trend = {.shape = TREND_UNKNOWN};
	struct envelope lower, upper;

	*ret_trend = trend;
	if (count < WINDOWS_LEAST || points[count - 1].time_ns <= points[0].time_ns)
		return 0;
	lower = envelope_of(points, count, false);
	upper = envelope_of(points, count, true);
	trend.windows = lower.count;
	trend.seconds = seconds_between(points[0].time_ns, points[count - 1].time_ns);
	trend.seconds_apart = trend.seconds / (double)(count - 1);
	if (lower.count >= WINDOWS_LEAST)
		trend.shape = shape_of(points, count, &lower, &upper);
	else if (is_spike(points, count))
		trend.shape = TREND_SPIKE;
	if (trend.shape == TREND_RISING) {
		fit_upper(&upper, &trend);
		trend.paused = has_paused(points, count, &upper, &trend);
	}
	*ret_trend = trend;
	return 0;
}

/*
 * No line is as straight tomorrow as it was today, and nothing is known between two points: however
 * narrow the bounds of the slope are, these are not narrower.
 */
static void blur(const struct trend *trend, struct trend_forecast *forecast)
{
	double least = forecast->seconds * LEAST_BAND + trend->seconds_apart;

	forecast->low_seconds = fmax(0, fmin(forecast->low_seconds, forecast->seconds - least));
	forecast->high_seconds = fmax(forecast->high_seconds, forecast->seconds + least);
}

enum trend_silence trend_silence(const struct trend *trend)
{
	if (trend->seconds < FORECAST_SECONDS)
		return TREND_TOO_SHORT;
	if (trend->paused)
		return TREND_PAUSED;
	if (trend->low_bytes_per_second <= 0 ||
	    trend->high_bytes_per_second > FORECAST_SLOPES * trend->low_bytes_per_second)
		return TREND_TOO_UNEVEN;
	return TREND_TOO_SLOW;
}

static bool tells_when(const struct trend *trend)
{
	return trend->shape == TREND_RISING && trend_silence(trend) == TREND_TOO_SLOW;
}

bool trend_forecast(const struct trend *trend, uint64_t limit_bytes,
		    struct trend_forecast *ret_forecast)
{
	double room = (double)limit_bytes - trend->now_bytes;
	struct trend_forecast forecast;

	if (!tells_when(trend))
		return false;
	forecast.seconds = fmax(0, room) / trend->bytes_per_second;
	forecast.low_seconds = fmax(0, room - trend->spread_bytes) / trend->high_bytes_per_second;
	forecast.high_seconds = fmax(0, room + trend->spread_bytes) / trend->low_bytes_per_second;
	blur(trend, &forecast);
	if (forecast.seconds > FORECAST_REACH * trend->seconds)
		return false;
	*ret_forecast = forecast;
	return true;
}

const char *trend_shape_name(enum trend_shape shape)
{
	static const char *const names[] = {
		[TREND_UNKNOWN] = "unknown", [TREND_FLAT] = "flat",   [TREND_RISING] = "rising",
		[TREND_FALLING] = "falling", [TREND_SPIKE] = "spike",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == TREND_SHAPE_COUNT, "all have a name");
	return names[shape];
}
