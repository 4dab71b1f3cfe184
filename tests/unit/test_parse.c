// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers and durations from the command line. */
#include "test.h"

#include <errno.h>

#include "base/parse.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
