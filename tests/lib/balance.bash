# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Of every session that a live test has, what was seen is what was told and what was lost, by its cause: each
# leaves its balance in a file when it ends (user/capture/seen.h), and the test fails where one does not add up, or
# is missing. What came after it had read its rings for the last time is unread: as much as comes in a moment.

export OOMTRACE_TEST_BALANCE=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/balances
# Sessions that a test has killed: they could not say.
BALANCE_KILLED=()

# balance_check: when every session is over. What is wrong is said, and fails the test.
balance_check()
{
	local wrong

	[[ -s $OOMTRACE_TEST_BALANCE ]] || return 0
	wrong=$(jq -rs --arg killed "${BALANCE_KILLED[*]}" '
		($killed | split(" ") | map(tonumber)) as $killed |
		([.[] | select(.flows) | .pid] + $killed) as $ended |
		(.[] | select(.begun) | .pid | select(IN($ended[]) | not) | "session \(.) has left no balance"),
		(.[] | select(.flows) | .pid as $pid | .flows[] |
			select(.seen != .told + .unread + ([.lost[]] | add // 0)) |
			"session \($pid): seen is not told and lost: \(tojson)"),
		(.[] | select(.flows) | .pid as $pid | .flows[] | select(.unread > 64 and .unread * 16 > .seen) |
			"session \($pid): too much was left unread: \(tojson)")' "$OOMTRACE_TEST_BALANCE") || return
	[[ -z $wrong ]] || fail "$wrong"
}
