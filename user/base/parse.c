// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define NS_PER_SECOND 1000000000ULL
#define DURATION_MAX_NS (366 * 24 * 3600 * NS_PER_SECOND)

/* Reads digits from *text, advances it. -EINVAL without a digit, -ERANGE when they do not fit. */
static int parse_digits(const char **text, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(value, 10ULL, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return -ERANGE;
	*text = at;
	*ret_value = value;
	return 0;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;
	int err;

	err = parse_digits(&text, &value);
	if (err)
		return err;
	if (*text)
		return -EINVAL;
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_size_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *ret_bytes)
{
	static const char units[] = "KMG";
	uint64_t bytes;
	int err;

	err = parse_digits(&text, &bytes);
	if (err)
		return err;
	if (*text) {
		const char *unit = strchr(units, *text);

		if (!unit || text[1])
			return -EINVAL;
		if (__builtin_mul_overflow(bytes, 1024ULL << (10 * (unit - units)), &bytes))
			return -ERANGE;
	}
	if (bytes < min || bytes > max)
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

/* The digits after a decimal point, as billionths. At most nine of them. */
static int parse_billionths(const char **text, uint64_t *ret_value)
{
	uint64_t scale = NS_PER_SECOND;
	uint64_t value = 0;
	const char *at = *text;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++) {
		if (scale == 1)
			return -EINVAL;
		scale /= 10;
		value += (uint64_t)(*at - '0') * scale;
	}
	*text = at;
	*ret_value = value;
	return 0;
}

static int parse_unit_ns(const char *text, uint64_t *ret_unit_ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"", NS_PER_SECOND},          {"s", NS_PER_SECOND},
		{"ms", NS_PER_SECOND / 1000}, {"m", 60 * NS_PER_SECOND},
		{"h", 3600 * NS_PER_SECOND},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text, units[i].name) == 0) {
			*ret_unit_ns = units[i].ns;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_duration_ns(const char *text, uint64_t *ret_duration_ns)
{
	uint64_t whole, billionths = 0, unit_ns, duration_ns;
	int err;

	err = parse_digits(&text, &whole);
	if (err)
		return err;
	if (*text == '.') {
		text++;
		err = parse_billionths(&text, &billionths);
		if (err)
			return err;
	}
	err = parse_unit_ns(text, &unit_ns);
	if (err)
		return err;

	/* capped before it is multiplied: neither product can overflow */
	if (whole > DURATION_MAX_NS / unit_ns)
		return -ERANGE;
	duration_ns = whole * unit_ns + (uint64_t)((double)billionths * (double)unit_ns / 1e9);
	if (duration_ns == 0 || duration_ns > DURATION_MAX_NS)
		return -ERANGE;
	*ret_duration_ns = duration_ns;
	return 0;
}
