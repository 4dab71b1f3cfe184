// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/limit.h"

#include <math.h>

#include "base/escape.h"
#include "render/quantity.h"

/* A recording may claim any times. */
#define SECONDS_MAX 1e10

void limit_seconds(struct buf *out, double seconds)
{
	quantity_duration(out, (uint64_t)((seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * 1e9));
}

static const char *const silences[] = {
	[TREND_TOO_SHORT] = "for too short a time",
	[TREND_PAUSED] = "but not just now",
	[TREND_TOO_UNEVEN] = "but too unevenly",
	[TREND_TOO_SLOW] = "but too slowly",
};

void limit_forecast(struct buf *out, const struct growth_limit *limit)
{
	if (limit->forecast_known) {
		buf_append_string(out, "full in ");
		limit_seconds(out, limit->forecast.seconds);
		buf_append_string(out, " (");
		limit_seconds(out, limit->forecast.low_seconds);
		buf_append_string(out, " to ");
		limit_seconds(out, limit->forecast.high_seconds);
		buf_append_byte(out, ')');
	} else if (limit->trend.shape == TREND_RISING) {
		buf_printf(out, "rising, %s to tell when it is full",
			   silences[trend_silence(&limit->trend)]);
	} else if (limit->trend.shape == TREND_UNKNOWN) {
		buf_append_string(out, "too early to tell when it is full");
	} else {
		buf_printf(out, "no forecast, the trend is %s",
			   trend_shape_name(limit->trend.shape));
	}
}

void limit_course(struct buf *out, const struct growth_limit *limit)
{
	if (limit->rate_known) {
		buf_append_string(out, ", ");
		quantity_change(out, (int64_t)limit->bytes_per_second);
		buf_append_string(out, "/s");
	}
	buf_append_string(out, ": ");
	limit_forecast(out, limit);
}

void limit_line(struct buf *out, const struct growth_limit *limit)
{
	buf_printf(out, "%.0f %% of the ", limit->percent);
	quantity_bytes(out, limit->limit_bytes);
	if (limit->path) {
		buf_append_string(out, " of cgroup ");
		escape_terminal_string(out, limit->path);
	} else {
		buf_append_string(out, " of the host");
	}
	limit_course(out, limit);
}

/* A tenth is more than a forecast is worth. */
static void put_seconds(struct json_maker *object, const char *key, double value)
{
	json_put(object, key, json_real(round(value * 10) / 10));
}

void json_put_forecast(struct json_maker *object, const struct trend_forecast *forecast)
{
	put_seconds(object, "forecast_seconds", forecast->seconds);
	put_seconds(object, "forecast_low_seconds", forecast->low_seconds);
	put_seconds(object, "forecast_high_seconds", forecast->high_seconds);
}

void json_put_limit(struct json_maker *object, const struct growth_limit *limit)
{
	if (limit->path)
		json_put_name(object, "cgroup", limit->path);
	json_put_count(object, "held_bytes", limit->held_bytes);
	json_put_count(object, "usage_bytes", limit->usage_bytes);
	json_put_count(object, "limit_bytes", limit->limit_bytes);
	if (limit->rate_known)
		json_put_signed(object, "rate_bytes_per_second", (int64_t)limit->bytes_per_second);
	json_put_name(object, "trend", trend_shape_name(limit->trend.shape));
	if (limit->forecast_known)
		json_put_forecast(object, &limit->forecast);
}
