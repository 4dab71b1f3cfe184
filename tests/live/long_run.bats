#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A day of a busy host, compressed: what the recorder holds does not grow with time. By default ten
# thousand short processes and one build of this source tree; with LONG_RUN=10, as in
# docs/performance.md, ten times as much.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory
	TIMES=${LONG_RUN:-1}
}

teardown()
{
	live_teardown
}

# KiB that the recorder said it holds, one number for each snapshot.
held()
{
	sed -n 's/^oomtrace: debug: the recorder holds \([0-9]*\) KiB.*/\1/p' "$TRACE_TALK"
}

# The median of some of the numbers on stdin: of those from one share of them to another.
median()
{
	local -a numbers

	mapfile -t numbers
	printf '%s\n' "${numbers[@]:$((${#numbers[@]} * $1 / 4)):$((${#numbers[@]} / 4))}" | sort -n |
		awk '{ at[NR] = $1 } END { print at[int((NR + 1) / 2)] }'
}

@test "a build and thousands of short processes: the recorder stays as small as it was" {
	local turn early late reader grower

	victim_start forker forks $((10 * TIMES))
	trace_start --all -v -i 0.5 --strict --kinds --format folded
	# stderr is a pipe, and somebody must read it
	drain "$TRACE_ERR" >>"$TRACE_TALK" 3>&- &
	reader=$!
	PATIENCE_SECONDS=3000 victim_grow 3>&- &
	grower=$!
	for ((turn = 0; turn < TIMES; turn++)); do
		make -s -C "$ROOT" -j2 BUILD="$BATS_TEST_TMPDIR/build$turn" \
			PROGRAM="$BATS_TEST_TMPDIR/oomtrace" all >/dev/null 2>&1 3>&-
		rm -rf "$BATS_TEST_TMPDIR/build$turn"
	done
	wait "$grower"
	trace_interrupt
	wait "$reader"
	trace_wait

	early=$(held | median 1) late=$(held | median 3)
	echo "$(held | wc -l) snapshots; $early KiB in the second quarter of the time, $late in the last"
	held | paste -sd" " - | fold -w 90
	grep 'lost:' "$TRACE_TALK" || echo "nothing lost"
	(($(held | wc -l) > 8))
	((late <= early + early / 4 + 1024))
	# Only what the kernel skips by itself, which is in no table's power.
	! grep 'warning: lost:' "$TRACE_TALK" | grep -v '(recursion)' || fail "lost"
	((TRACE_STATUS == 0)) || grep -q 'lost:.*(recursion)' "$TRACE_TALK"
}
