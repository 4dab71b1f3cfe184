// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/parse_time.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000LL

/* Where the text must have a digit ('d') and where exactly this character. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape; text++, shape++)
		if (*shape == 'd' ? !isdigit((unsigned char)*text) : *text != *shape)
			return false;
	return true;
}

/* Digits that are there, as has_shape() has made sure. */
static int digits(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

/* "2024-05-01T12:00:00" as if it were UTC. A date that there is none of comes back as another. */
static int take_date_time(const char **text, int64_t *ret_seconds)
{
	const char *at = *text;
	struct tm given, normal;
	int64_t seconds;

	if (!has_shape(at, "dddd-dd-ddTdd:dd:dd"))
		return -EINVAL;
	given = (struct tm){
		.tm_year = digits(at, 4) - 1900,
		.tm_mon = digits(at + 5, 2) - 1,
		.tm_mday = digits(at + 8, 2),
		.tm_hour = digits(at + 11, 2),
		.tm_min = digits(at + 14, 2),
		.tm_sec = digits(at + 17, 2),
	};
	normal = given;
	seconds = timegm(&normal);
	if (normal.tm_mon != given.tm_mon || normal.tm_mday != given.tm_mday ||
	    normal.tm_hour != given.tm_hour || normal.tm_min != given.tm_min ||
	    normal.tm_sec != given.tm_sec)
		return -EINVAL;
	*text = at + strlen("dddd-dd-ddTdd:dd:dd");
	*ret_seconds = seconds;
	return 0;
}

static int take_fraction(const char **text, int64_t *ret_ns)
{
	int64_t scale = NS_PER_SECOND, ns = 0;
	const char *at = *text;

	*ret_ns = 0;
	if (*at != '.')
		return 0;
	for (at++; isdigit((unsigned char)*at) && scale > 1; at++) {
		scale /= 10;
		ns += (*at - '0') * scale;
	}
	if (scale == NS_PER_SECOND || isdigit((unsigned char)*at))
		return -EINVAL;
	*text = at;
	*ret_ns = ns;
	return 0;
}

/* "Z" or "+02:00", and then the end. */
static int take_offset(const char *text, int64_t *ret_seconds)
{
	int64_t seconds;

	*ret_seconds = 0;
	if (strcmp(text, "Z") == 0)
		return 0;
	if ((text[0] != '+' && text[0] != '-') || !has_shape(text + 1, "dd:dd") || text[6])
		return -EINVAL;
	if (digits(text + 1, 2) > 23 || digits(text + 4, 2) > 59)
		return -EINVAL;
	seconds = digits(text + 1, 2) * 3600 + digits(text + 4, 2) * 60;
	*ret_seconds = text[0] == '-' ? -seconds : seconds;
	return 0;
}

int parse_rfc3339_ns(const char *text, uint64_t *ret_realtime_ns)
{
	int64_t seconds, fraction_ns, offset_seconds, ns;
	int err;

	err = take_date_time(&text, &seconds);
	if (!err)
		err = take_fraction(&text, &fraction_ns);
	if (!err)
		err = take_offset(text, &offset_seconds);
	if (err)
		return err;
	if (seconds < offset_seconds ||
	    __builtin_mul_overflow(seconds - offset_seconds, NS_PER_SECOND, &ns))
		return -ERANGE;
	*ret_realtime_ns = (uint64_t)ns + (uint64_t)fraction_ns;
	return 0;
}
