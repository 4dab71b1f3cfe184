// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers and durations from the command line. */
#include "test.h"

#include <errno.h>

#include "base/parse.h"
#include "base/parse_time.h"

#define UNTOUCHED 4711

static void expect_number(const char *text, int error, uint64_t value)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(parse_u64(text, 1, 1000, &got), error);
	assert_int_equal(got, error ? UNTOUCHED : value);
}

static void test_numbers(void **state)
{
	(void)state;
	expect_number("1", 0, 1);
	expect_number("1000", 0, 1000);
	expect_number("007", 0, 7);
	expect_number("0", -ERANGE, 0);
	expect_number("1001", -ERANGE, 0);
	expect_number("18446744073709551616", -ERANGE, 0);
	expect_number("", -EINVAL, 0);
	expect_number(" 1", -EINVAL, 0);
	expect_number("1 ", -EINVAL, 0);
	expect_number("+1", -EINVAL, 0);
	expect_number("-1", -EINVAL, 0);
	expect_number("0x10", -EINVAL, 0);
	expect_number("1e2", -EINVAL, 0);
}

static void expect_duration(const char *text, int error, uint64_t duration_ns)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(parse_duration_ns(text, &got), error);
	assert_int_equal(got, error ? UNTOUCHED : duration_ns);
}

static void test_durations(void **state)
{
	(void)state;
	expect_duration("30", 0, 30000000000);
	expect_duration("30s", 0, 30000000000);
	expect_duration("1.5", 0, 1500000000);
	expect_duration("0.000000001", 0, 1);
	expect_duration("5m", 0, 300000000000);
	expect_duration("0.5m", 0, 30000000000);
	expect_duration("2h", 0, 7200000000000);
	expect_duration("250ms", 0, 250000000);
	expect_duration("0", -ERANGE, 0);
	expect_duration("0.0", -ERANGE, 0);
	expect_duration("8785h", -ERANGE, 0);
	expect_duration("99999999999999999999", -ERANGE, 0);
	expect_duration("1.", -EINVAL, 0);
	expect_duration(".5", -EINVAL, 0);
	expect_duration("1.0000000001", -EINVAL, 0);
	expect_duration("-1", -EINVAL, 0);
	expect_duration("5 m", -EINVAL, 0);
	expect_duration("5d", -EINVAL, 0);
	expect_duration("1e3", -EINVAL, 0);
	expect_duration("", -EINVAL, 0);
}

static void expect_size(const char *text, int error, uint64_t bytes)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(parse_size_bytes(text, 1000, 1ULL << 40, &got), error);
	assert_int_equal(got, error ? UNTOUCHED : bytes);
}

static void test_sizes(void **state)
{
	(void)state;
	expect_size("1000", 0, 1000);
	expect_size("1K", 0, 1024);
	expect_size("64M", 0, 64 << 20);
	expect_size("1024G", 0, 1ULL << 40);
	expect_size("1025G", -ERANGE, 0);
	expect_size("999", -ERANGE, 0);
	expect_size("99999999999999999G", -ERANGE, 0);
	expect_size("1T", -EINVAL, 0);
	expect_size("1MB", -EINVAL, 0);
	expect_size("M", -EINVAL, 0);
	expect_size("", -EINVAL, 0);
	expect_size("-1", -EINVAL, 0);
}

static void expect_time(const char *text, int error, uint64_t realtime_ns)
{
	uint64_t got = UNTOUCHED;

	assert_int_equal(parse_rfc3339_ns(text, &got), error);
	assert_int_equal(got, error ? UNTOUCHED : realtime_ns);
}

static void test_times(void **state)
{
	(void)state;
	/* date -u -d TIME +%s */
	expect_time("1970-01-01T00:00:00Z", 0, 0);
	expect_time("2024-05-01T12:00:00Z", 0, 1714564800000000000);
	expect_time("2024-05-01T14:00:00+02:00", 0, 1714564800000000000);
	expect_time("2024-05-01T06:30:00-05:30", 0, 1714564800000000000);
	expect_time("2024-02-29T23:59:59.000000001Z", 0, 1709251199000000001);
	expect_time("2024-05-01T12:00:00.25Z", 0, 1714564800250000000);
	expect_time("2023-02-29T00:00:00Z", -EINVAL, 0);
	expect_time("2024-13-01T00:00:00Z", -EINVAL, 0);
	expect_time("2024-05-01T24:00:00Z", -EINVAL, 0);
	expect_time("2024-05-01T12:00:60Z", -EINVAL, 0);
	expect_time("2024-05-01T12:00:00", -EINVAL, 0);
	expect_time("2024-05-01T12:00:00.Z", -EINVAL, 0);
	expect_time("2024-05-01T12:00:00.0000000001Z", -EINVAL, 0);
	expect_time("2024-05-01T12:00:00+24:00", -EINVAL, 0);
	expect_time("2024-05-01T12:00:00+02:00Z", -EINVAL, 0);
	expect_time("2024-05-01 12:00:00Z", -EINVAL, 0);
	expect_time("2024-5-1T12:00:00Z", -EINVAL, 0);
	expect_time("T", -EINVAL, 0);
	expect_time("", -EINVAL, 0);
	expect_time("1969-12-31T23:59:59Z", -ERANGE, 0);
	expect_time("9999-01-01T00:00:00Z", -ERANGE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
