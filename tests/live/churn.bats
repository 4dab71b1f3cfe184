#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Much at once: a hundred thousand short processes leave bounded tables, nothing lost, nothing left; and
# threads that take a processor from each other do not cost each other their pages.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory
}

teardown()
{
	live_teardown
}

@test "a hundred thousand short processes: nothing is lost, and no page left behind" {
	victim_start forker forks 100
	trace_start -p "$VICTIM_PID" --children --period 1 --kinds --format folded
	PATIENCE_SECONDS=600 victim_grow
	trace_stop
	cat "$TRACE_TALK"
	# An interrupt that allocates while the program runs on its processor is skipped by the kernel
	# itself, which counts it: of millions of events, a few hundred. No table of ours may overflow.
	! grep 'lost:' "$TRACE_TALK" | grep -v '(recursion)' || fail "lost"
	left=$(folded_pages "$TRACE_OUT" '[anon]' grow_in_child)
	echo "$left pages left"
	# a free that was skipped is found when its page is used again, at the latest
	((left <= $(trace_skipped_events)))
	((TRACE_STATUS == 0))
}

# Whoever is preempted within a program keeps all others of that processor from being counted.
@test "threads that take one processor from each other: every page is counted" {
	victim_start process threads 128
	trace_start -p "$VICTIM_PID" --period 1 --kinds --format folded
	victim_grow
	trace_stop
	cat "$TRACE_TALK"
	pages=$(folded_pages "$TRACE_OUT" '[anon]' grow_in_thread)
	echo "$pages of 32768 pages, $(trace_skipped_events) events skipped"
	# interrupts are skipped as ever
	(($(trace_skipped_events) < 330))
	((pages > 32768 - 330 && pages <= 32768))
}
