#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hundred thousand short processes leave bounded tables: nothing lost, nothing left.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory
}

teardown()
{
	live_teardown
}

@test "a hundred thousand short processes: no loss, and no page left behind" {
	victim_start forker forks 100
	trace_start -p "$VICTIM_PID" --children --period 1 --kinds --strict --format folded
	PATIENCE_SECONDS=600 victim_grow
	trace_stop
	# --strict would have ended with 2
	((TRACE_STATUS == 0))
	(($(folded_pages "$TRACE_OUT" grow_in_child) == 0))
}
