#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reserved memory: what oomtrace says is mapped, and by whom, is what the kernel says is mapped.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory mapping_events
}

teardown()
{
	live_teardown
}

# The test program traces a process of its own; both stay in the cgroup.
steps()
{
	victim_spawn "$BUILD/live/spaces" "$@"
	drain "$VICTIM_OUT"
	victim_stop
}

@test "after each of 10 000 random steps the bookkeeping is /proc/PID/maps, and owners are right" {
	for seed in 1 "$RANDOM$RANDOM"; do
		echo "seed $seed"
		steps 10000 "$seed"
	done
}

@test "threads that map and unmap all at once leave nothing wrong" {
	steps 50 "$RANDOM" 4
}
