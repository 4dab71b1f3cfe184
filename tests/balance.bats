#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every live test is held to when it ends (tests/lib/balance.bash): that it notices.

setup()
{
	bats_require_minimum_version 1.5.0
	load lib/balance
	# shellcheck disable=SC2317 # balance_check calls it
	fail() { echo "$*" && return 1; }
}

# session PID SEEN TOLD LOST: one that has ended.
session()
{
	printf '{"pid":%d,"begun":true}\n{"pid":%d,"flows":[{"flow":"stacks","seen":%d,"told":%d,"lost":{"ring-full":%d,"cell-full":0},"unread":1}]}\n' \
		"$1" "$@" >>"$OOMTRACE_TEST_BALANCE"
}

@test "what was seen is what was told, lost or not read any more" {
	balance_check
	session 7 9 6 2
	session 8 1 0 0
	balance_check
}

@test "what was seen, and neither told nor counted as lost, fails a test" {
	session 7 9 6 2
	session 8 9 6 1
	run ! balance_check
	[[ $output == 'session 8: seen is not told and lost: {"flow":"stacks"'* ]]
}

@test "what is told twice fails a test" {
	session 7 9 9 2
	run ! balance_check
}

@test "what is left unread is as much as comes in a moment" {
	session 7 1000 938 0 && sed -i 's/"unread":1/"unread":62/' "$OOMTRACE_TEST_BALANCE"
	balance_check
	session 8 1000 900 0 && sed -i 's/"unread":1}/"unread":100}/' "$OOMTRACE_TEST_BALANCE"
	run ! balance_check
	[[ $output == 'session 8: too much was left unread: '* ]]
}

@test "a session that left no balance fails a test, unless it was killed" {
	echo '{"pid":7,"begun":true}' >"$OOMTRACE_TEST_BALANCE"
	run ! balance_check
	[[ $output == 'session 7 has left no balance' ]]
	BALANCE_KILLED+=(7)
	balance_check
}
