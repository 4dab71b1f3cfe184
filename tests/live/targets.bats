#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How a recording begins and ends: a running process or a command, a duration, Ctrl-C, the end of
# the target.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory
}

teardown()
{
	live_teardown
}

@test "-- CMD passes the exit status of the command on" {
	local code

	for code in 0 3 77; do
		run -"$code" "$OOMTRACE" -o "$BATS_TEST_TMPDIR/x.folded" -- sh -c "exit $code"
	done
}

@test "-- CMD counts from the first page on, without a window in which it is missed" {
	local counted

	"$OOMTRACE" --period 1 --kinds -o "$BATS_TEST_TMPDIR/x.folded" -- \
		"$BUILD/victims/mapping" populate 16 <<<go
	counted=$(folded_pages "$BATS_TEST_TMPDIR/x.folded" '[anon]' grow_populate)
	echo "$counted pages"
	((counted == 4096))
}

@test "-- CMD that does not exist: 127 as from a shell, and nothing is printed" {
	run -127 "$OOMTRACE" -- /no/such/program
	echo "$output"
	[[ $output == 'oomtrace: '*'/no/such/program'* ]]
	((${#lines[@]} == 1))
}

@test "-d ends by itself" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" -d 1 --format folded
	victim_grow
	trace_wait
	((TRACE_STATUS == 0))
	(($(folded_pages "$TRACE_OUT" grow_malloc) > 3000))
}

@test "SIGTERM prints the result as Ctrl-C does" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" --format folded
	victim_grow
	kill -TERM "$TRACE_PID"
	trace_wait
	((TRACE_STATUS == 0))
	(($(folded_pages "$TRACE_OUT" grow_malloc) > 3000))
}

@test "a second Ctrl-C leaves at once" {
	victim_start heap malloc 16
	# nobody reads this pipe: whoever prints into it stays there
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec {pipe}<>"$BATS_TEST_TMPDIR/pipe"
	head -c 65536 /dev/zero >&"$pipe"
	: >"$BATS_TEST_TMPDIR/err"
	(run_in_background "$OOMTRACE" -p "$VICTIM_PID" --format folded 2>"$BATS_TEST_TMPDIR/err" \
		1>&"$pipe") &
	TRACE_PID=$!
	BALANCE_KILLED+=("$TRACE_PID")
	until grep -q '^oomtrace: tracing ' "$BATS_TEST_TMPDIR/err"; do kill -0 "$TRACE_PID"; done
	victim_grow
	trace_interrupt
	# it is finishing, or stuck in the full pipe: more of them until one has worked
	while [[ $(ps -o stat= -p "$TRACE_PID") == [!Z]* ]]; do
		kill -INT "$TRACE_PID" 2>/dev/null || true
	done
	status=0
	wait "$TRACE_PID" || status=$?
	TRACE_PID=
	echo "exit status $status"
	((status == 130))
}

@test "the end of the target ends the recording, with the figures of its end" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" --period 1 --kinds --format folded
	victim_grow
	victim_stop
	trace_wait
	((TRACE_STATUS == 0))
	measured=$(folded_pages "$TRACE_OUT" '[anon]' grow_malloc)
	echo "$measured pages"
	((measured == 4096))
}

@test "a target killed with SIGKILL leaves the figures of its end" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" --period 1 --kinds --format folded
	victim_grow
	kill -KILL "$VICTIM_PID"
	trace_wait
	((TRACE_STATUS == 0))
	measured=$(folded_pages "$TRACE_OUT" '[anon]' grow_malloc)
	echo "$measured pages"
	((measured == 4096))
}

@test "what was there before tracing is a line of its own, and goes when it is freed" {
	requires frame_numbers
	victim_start heap malloc 16
	victim_grow
	true=$(judge_value anon process "$VICTIM_PID")
	trace_start -p "$VICTIM_PID" --period 1 --kinds --format folded
	trace_stop
	before=$(folded_pages "$TRACE_OUT" '[anon]' '[resident before tracing]')
	echo "$before pages before, the judge says $true"
	(($(distance "$before" "$true") <= 2))

	trace_start -p "$VICTIM_PID" --period 1 --kinds --format folded
	victim_shed
	trace_stop
	after=$(folded_pages "$TRACE_OUT" '[anon]' '[resident before tracing]')
	echo "$after pages when they were freed"
	((before - after == 4096))
}

@test "--since-start shows what was allocated, freed or not" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" --period 1 --since-start --format folded
	victim_grow
	victim_shed
	trace_stop
	allocated=$(folded_pages "$TRACE_OUT" grow_malloc)
	echo "$allocated pages"
	# 4096 of data and 8 page tables for 16 MiB, give or take those that its edges share
	((allocated >= 4096 + 7 && allocated <= 4096 + 9))
}
