// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/quantity.h"

#include <inttypes.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ULL

void quantity_bytes(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_printf(out, "%" PRIu64 " B", bytes);
		return;
	}
	/* 1023.95 would be printed as 1024.0 */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	buf_printf(out, "%.1f %s", value, units[unit]);
}

void quantity_signed_bytes(struct buf *out, int64_t bytes)
{
	if (bytes < 0)
		buf_append_byte(out, '-');
	quantity_bytes(out, bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes);
}

void quantity_change(struct buf *out, int64_t bytes)
{
	if (bytes > 0)
		buf_append_byte(out, '+');
	quantity_signed_bytes(out, bytes);
}

void quantity_duration(struct buf *out, uint64_t duration_ns)
{
	uint64_t seconds = duration_ns / NS_PER_SECOND;

	/* 999.9 ms would be printed as 1.000 s, next to 1.0 s */
	if (duration_ns < NS_PER_SECOND - 500000)
		buf_printf(out, "%.3f s", (double)duration_ns / 1e9);
	else if (seconds < 120)
		buf_printf(out, "%.1f s", (double)duration_ns / 1e9);
	else if (seconds < 7200)
		buf_printf(out, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else
		buf_printf(out, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
}

void quantity_share(struct buf *out, uint64_t part, uint64_t whole)
{
	if (whole)
		buf_printf(out, "%.1f %%", 100.0 * (double)part / (double)whole);
	else
		buf_append_byte(out, '-');
}

void quantity_time(struct buf *out, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SECOND);
	char text[64];
	struct tm utc;

	if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		buf_append_string(out, text);
	else
		buf_append_byte(out, '-');
}
