#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stacks of programs as the distribution ships them, without frame pointers: nearly all reach the
# entry of the process or thread, also of programs that live for a moment.

setup()
{
	load ../lib/common
	requires root bpf x86_64
}

teardown()
{
	live_teardown
}

# Traces a command with one page in 16 counted, and says what part of its stacks was complete, in
# hundredths of a percent.
complete_share()
{
	local json

	json=$("$OOMTRACE" --format json "$@" 2>"$BATS_TEST_TMPDIR/talk" |
		grep '^{"' | tail -n 1)
	jq '.stack_ends | (.complete // 0) * 10000 / ([.[]] | add) | floor' <<<"$json"
}

reaches_entry()
{
	local least=$1 share
	shift

	share=$(complete_share -- "$@")
	echo "$1: $share hundredths of a percent complete"
	((share >= least))
}

@test "python3: 99 % of its stacks are complete" {
	requires python
	reaches_entry 9900 /usr/bin/python3 -c \
		'import json; x = [{str(i): [i]} for i in range(200000)]; json.loads(json.dumps(x))'
}

@test "perl: 99 % of its stacks are complete" {
	requires perl
	# shellcheck disable=SC2016
	reaches_entry 9900 /usr/bin/perl -e 'my @x; push @x, [$_] for 1..500000'
}

@test "sort, with threads: 98 % of its stacks are complete" {
	seq 400000 >"$BATS_TEST_TMPDIR/numbers"
	reaches_entry 9800 /usr/bin/sort --parallel=4 -R "$BATS_TEST_TMPDIR/numbers" \
		-o "$BATS_TEST_TMPDIR/sorted"
}

@test "by frame pointers the same stacks of python3 do not reach main" {
	requires python
	"$OOMTRACE" --period 4 --unwind fp --format folded -- /usr/bin/python3 -c \
		'x = [[i] for i in range(300000)]' >"$BATS_TEST_TMPDIR/fp" 2>/dev/null
	"$OOMTRACE" --period 4 --format folded -- /usr/bin/python3 -c \
		'x = [[i] for i in range(300000)]' >"$BATS_TEST_TMPDIR/eh" 2>/dev/null
	run grep -c 'Py_BytesMain' "$BATS_TEST_TMPDIR/fp"
	[[ $output == 0 ]]
	grep -q '_start;.*Py_BytesMain;.*_PyEval_EvalFrameDefault' "$BATS_TEST_TMPDIR/eh"
}
