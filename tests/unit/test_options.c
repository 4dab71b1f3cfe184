// SPDX-License-Identifier: GPL-2.0-or-later
/* What the command line becomes. What is said about bad ones is in tests/options.bats. */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"

/* Parses words that must be fine. */
static struct opts parse(char **words)
{
	struct opts opts;
	int argc = 0;

	while (words[argc])
		argc++;
	assert_int_equal(options_parse(argc, words, &opts), -1);
	return opts;
}

#define PARSE(...) parse((char *[]){"oomtrace", __VA_ARGS__, NULL})

static void expect_usage_error(char **words)
{
	struct opts opts;
	int argc = 0;

	while (words[argc])
		argc++;
	if (options_parse(argc, words, &opts) != EXIT_CODE_USAGE)
		fail_msg("'%s …' is taken", words[1]);
}

#define REFUSE(...) expect_usage_error((char *[]){"oomtrace", __VA_ARGS__, NULL})

static void test_defaults(void **state)
{
	struct opts opts = PARSE("-p", "1234");

	(void)state;
	assert_int_equal(opts.command, COMMAND_GROWTH);
	assert_int_equal(opts.pid_count, 1);
	assert_int_equal(opts.pids[0], 1234);
	assert_int_equal(opts.duration_ns, 0);
	assert_int_equal(opts.period_pages, 0);
	assert_int_equal(opts.top, 20);
	assert_int_equal(opts.format, FORMAT_AUTO);
	assert_int_equal(opts.kinds, 0);
	assert_false(opts.show_kinds || opts.since_start || opts.strict || opts.verbose);
	assert_false(opts.children || opts.all);
	assert_null(opts.command_argv);
	assert_null(opts.output);
}

static void test_every_option_sets_its_member(void **state)
{
	struct opts opts =
		PARSE("--pid=7", "-d", "1.5", "--period", "64", "--children", "--kinds=anon,kernel",
		      "-o", "x.txt", "--top", "3", "--strict", "-v");

	(void)state;
	assert_int_equal(opts.pids[0], 7);
	assert_int_equal(opts.pid_count, 1);
	assert_int_equal(opts.duration_ns, 1500000000);
	assert_int_equal(opts.period_pages, 64);
	assert_true(opts.children && opts.show_kinds && opts.strict && opts.verbose);
	assert_int_equal(opts.kinds, 1U << KIND_ANON | 1U << KIND_KERNEL);
	assert_string_equal(opts.output, "x.txt");
	assert_int_equal(opts.format, FORMAT_TEXT);
	assert_int_equal(opts.top, 3);
	assert_true(PARSE("--all", "--since-start").since_start);
	assert_true(PARSE("-p", "1", "--virtual").reserved);
	assert_true(PARSE("--all").all);
}

static void test_what_follows_two_dashes_is_the_command(void **state)
{
	struct opts opts = PARSE("--strict", "--", "sort", "-o", "out", "--", "report");

	(void)state;
	assert_int_equal(opts.command, COMMAND_GROWTH);
	assert_null(opts.output);
	assert_string_equal(opts.command_argv[0], "sort");
	assert_string_equal(opts.command_argv[1], "-o");
	assert_string_equal(opts.command_argv[4], "report");
	assert_null(opts.command_argv[5]);
}

static void test_options_may_stand_anywhere_around_a_command(void **state)
{
	struct opts before = PARSE("--format", "text", "report", "x.oomtrace");
	struct opts after = PARSE("report", "x.oomtrace", "--format", "text");

	(void)state;
	assert_int_equal(before.command, COMMAND_REPORT);
	assert_int_equal(after.command, COMMAND_REPORT);
	assert_string_equal(before.report_path, "x.oomtrace");
	assert_string_equal(after.report_path, "x.oomtrace");
	assert_int_equal(before.format, after.format);
	assert_string_equal(PARSE("report", "-").report_path, "-");
	assert_int_equal(PARSE("check", "--format=json").format, FORMAT_JSON);
}

static void test_the_ending_of_the_output_is_its_format(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-p", "1", "-o", "a.folded").format, FORMAT_FOLDED);
	assert_int_equal(PARSE("-p", "1", "-o", "a.b.txt").format, FORMAT_TEXT);
	assert_int_equal(PARSE("-p", "1", "-o", "a.oomtrace").format, FORMAT_TRACE);
	assert_int_equal(PARSE("-p", "1", "-o", "-").format, FORMAT_AUTO);
	assert_int_equal(PARSE("-p", "1", "-o", "a.txt", "--format", "folded").format,
			 FORMAT_FOLDED);
	REFUSE("-p", "1", "-o", "growth");
	REFUSE("-p", "1", "-o", ".txt");
	REFUSE("report", "a.oomtrace", "-o", "b.oomtrace");
	assert_int_equal(PARSE("-p", "1", "-o", "a.json").format, FORMAT_JSON);
	assert_int_equal(PARSE("report", "a", "--format", "json").format, FORMAT_JSON);
	REFUSE("report", "a", "--format", "oomtrace");
	REFUSE("diff", "a", "b", "--format", "json");
	REFUSE("check", "--format", "folded");
}

static void test_snapshots_are_taken_as_often_as_asked_for(void **state)
{
	struct opts opts = PARSE("-p", "1", "-o", "a.oomtrace", "-i", "2.5", "--max-size", "3M");

	(void)state;
	assert_int_equal(opts.interval_ns, 2500000000);
	assert_int_equal(opts.max_bytes, 3 << 20);
	opts = PARSE("-p", "1", "-o", "a.oomtrace");
	assert_int_equal(opts.interval_ns, 0);
	assert_int_equal(opts.max_bytes, 64 << 20);
	opts = PARSE("-p", "1", "-i", "1", "-o", "a.folded");
	assert_int_equal(opts.interval_ns, 1000000000);
	REFUSE("-p", "1", "-i", "0", "-o", "a.oomtrace");
	REFUSE("-p", "1", "--max-size", "1K", "-o", "a.oomtrace");
	REFUSE("report", "a", "-i", "1");
}

static void test_moments_are_offsets_or_times(void **state)
{
	struct opts opts = PARSE("report", "a", "--from", "0", "--to", "2024-05-01T12:00:00Z");

	(void)state;
	assert_true(opts.shown.from.given && !opts.shown.from.absolute);
	assert_int_equal(opts.shown.from.ns, 0);
	assert_true(opts.shown.to.given && opts.shown.to.absolute);
	assert_int_equal(opts.shown.to.ns, 1714564800000000000);
	opts = PARSE("report", "a", "--to", "1.5m");
	assert_false(opts.shown.from.given);
	assert_int_equal(opts.shown.to.ns, 90000000000);
	REFUSE("report", "a", "--from", "yesterday");
	REFUSE("report", "a", "--from", "2024-02-30T00:00:00Z");
	REFUSE("report", "a", "--from", "20", "--to", "10");
	REFUSE("report", "a", "--from", "10", "--to", "10");
	REFUSE("-p", "1", "--from", "1");
	REFUSE("diff", "a", "b", "--to", "1");
}

static void test_a_diff_is_of_two(void **state)
{
	struct opts opts = PARSE("diff", "old", "new", "-o", "x.folded");

	(void)state;
	assert_int_equal(opts.command, COMMAND_DIFF);
	assert_string_equal(opts.report_path, "old");
	assert_string_equal(opts.diff_path, "new");
	opts = PARSE("diff", "new");
	assert_string_equal(opts.report_path, "new");
	assert_null(opts.diff_path);
	opts = PARSE("diff", "-1");
	assert_true(opts.last);
	REFUSE("diff");
	REFUSE("diff", "-1", "new");
	REFUSE("diff", "old", "new", "newer");
	REFUSE("diff", "old", "new", "-p", "1");
}

static void test_bad_words_are_refused(void **state)
{
	(void)state;
	REFUSE("--frobnicate");
	REFUSE("-x");
	REFUSE("-p");
	REFUSE("-p", "");
	REFUSE("-p", "0");
	REFUSE("-p", "4194305");
	REFUSE("-p", "12ab");
	REFUSE("-p", "1", "-d", "0");
	REFUSE("-p", "1", "--period", "3");
	REFUSE("-p", "1", "--period", "1024");
	REFUSE("-p", "1", "--period", "0");
	REFUSE("-p", "1", "--kinds=");
	REFUSE("-p", "1", "--kinds=anon,");
	REFUSE("-p", "1", "--kinds=any");
	REFUSE("-p", "1", "--format", "auto");
	REFUSE("-p", "1", "--strict=1");
	REFUSE("-p", "1", "-o", "");
	REFUSE("-p", "1", "--since-start", "--kinds");
	REFUSE("-p", "1", "--virtual", "--kinds");
	REFUSE("-p", "1", "--virtual", "--since-start");
	REFUSE("--all", "--virtual");
	REFUSE("sort");
	REFUSE("--");
	REFUSE("-p", "1", "--all");
	REFUSE("-p", "1", "--", "sort");
	REFUSE("--strict");
	REFUSE("report", "a", "b");
	REFUSE("report", "a", "b");
	REFUSE("report", "a", "-p", "1");
	REFUSE("report", "a", "--", "sort");
	REFUSE("check", "now");
	REFUSE("check", "--strict");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_option_sets_its_member),
		cmocka_unit_test(test_what_follows_two_dashes_is_the_command),
		cmocka_unit_test(test_options_may_stand_anywhere_around_a_command),
		cmocka_unit_test(test_the_ending_of_the_output_is_its_format),
		cmocka_unit_test(test_snapshots_are_taken_as_often_as_asked_for),
		cmocka_unit_test(test_moments_are_offsets_or_times),
		cmocka_unit_test(test_a_diff_is_of_two),
		cmocka_unit_test(test_bad_words_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
