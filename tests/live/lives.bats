#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Memory belongs to an address space, whoever of its users came first, has left, or leads.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers
}

teardown()
{
	[[ -z ${HUGEPAGES_BEFORE-} ]] || echo "$HUGEPAGES_BEFORE" >/proc/sys/vm/nr_hugepages
	live_teardown
}

@test "a target that executes itself 600 times still has an account of its own" {
	victim_start lives execs 16 600
	trace_start -p "$VICTIM_PID" --period 1 --kinds=anon --format folded
	victim_grow
	trace_stop
	cat "$TRACE_TALK"
	(($(folded_pages "$TRACE_OUT" grow_life) == 16 * 256))
	run -1 grep account-full "$TRACE_TALK"
}

@test "memory whose first user has left stays with the process that holds it" {
	trace_start --all --period 1 --kinds=anon --format folded
	victim_start lives short_sharer 16
	victim_grow
	# enough short processes for the dead to be retired
	printf '%s\n' go free quit | "$BUILD/victims/forker" forks 8 >/dev/null
	trace_stop
	(($(folded_pages "$TRACE_OUT" 'lives' grow_life) == 16 * 256))
}

@test "a process whose first thread has ended is named and adds up" {
	victim_start lives leader_gone 16
	trace_start -p "$VICTIM_PID" --period 1 --format text
	victim_grow
	trace_stop
	grep -q 'grow_life' "$TRACE_OUT"
	grep -Eq 'unexplained +0 B' "$TRACE_OUT"
}

@test "--children follows those that are there already" {
	victim_start lives workers 16
	trace_start -p "$VICTIM_PID" --children --period 1 --kinds=anon --format folded
	victim_grow
	trace_stop
	(($(folded_pages "$TRACE_OUT" grow_life) == 3 * 16 * 256))
}

@test "a closed stdout is an error, and nothing is printed elsewhere" {
	victim_start heap malloc 4
	# shellcheck disable=SC2016 # expanded inside
	run -1 bash -c '"$0" -p "$1" --period 1 -d 10ms >&-' "$OOMTRACE" "$VICTIM_PID"
	echo "$output"
	[[ $output == *'cannot write to stdout'* ]]
}

@test "the hugetlb pool is not what a process held before" {
	requires hugetlb
	HUGEPAGES_BEFORE=$(</proc/sys/vm/nr_hugepages)
	echo $((HUGEPAGES_BEFORE + 8)) >/proc/sys/vm/nr_hugepages
	victim_start huge hugetlb 8
	trace_start -p "$VICTIM_PID" --period 1 --kinds=anon --format folded
	trace_stop
	(($(folded_pages "$TRACE_OUT" '[resident before tracing]') < 1024))
}
