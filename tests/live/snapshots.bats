#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A recording with snapshots tells what was held, and what grew, at any time of it.

setup()
{
	load ../lib/common
	bats_require_minimum_version 1.5.0
	requires root bpf cgroup_memory
	TRACE=$BATS_TEST_TMPDIR/x.oomtrace
}

teardown()
{
	live_teardown
}

# Starts to record, a snapshot every 50 ms.
snapshots_start()
{
	SNAPSHOTS_BEFORE_NS=$(date +%s%N)
	trace_start -v -i 0.05 --period 1 -o "$TRACE" "$@"
}

# Waits for a snapshot that was taken after now, and sets SNAPSHOT to its time since the start. The
# session began later than SNAPSHOTS_BEFORE_NS, so a snapshot is at least as young as it seems.
snapshot_wait()
{
	local now after

	now=$(date +%s%N)
	after=$((now - SNAPSHOTS_BEFORE_NS))
	while :; do
		wait_for_line "$TRACE_ERR" 'oomtrace: debug: snapshot at * s' || return
		SNAPSHOT=${LINES[-1]#*at }
		SNAPSHOT=${SNAPSHOT% s}
		((10#${SNAPSHOT/./} * 1000000 <= after)) || return 0
	done
}

# shown FRAME OPTIONS...: pages of a function in a part of the recording.
shown()
{
	"$OOMTRACE" report "$TRACE" --format folded --kinds=anon "${@:2}" >"$BATS_TEST_TMPDIR/part" \
		2>"$BATS_TEST_TMPDIR/part.talk" || fail "$(cat "$BATS_TEST_TMPDIR/part.talk")" || return
	folded_pages "$BATS_TEST_TMPDIR/part" "$1"
}

@test "what was held and what grew is true to the page at every snapshot" {
	local empty full freed true

	victim_start heap malloc 16
	snapshots_start -p "$VICTIM_PID"
	snapshot_wait
	empty=$SNAPSHOT
	victim_grow
	read -r _ _ _ pid where bytes <<<"${REGIONS[0]}"
	true=$(judge_value anon range "$pid" "$where" "$bytes")
	snapshot_wait
	full=$SNAPSHOT
	victim_shed
	snapshot_wait
	freed=$SNAPSHOT
	trace_stop
	echo "snapshots at $empty, $full, $freed; the judge says $true"

	# a snapshot's time is printed to the millisecond, rounded: ask a millisecond later
	empty=$(later "$empty") full=$(later "$full") freed=$(later "$freed")
	(($(shown grow_malloc --to "$empty") == 0))
	(($(shown grow_malloc --to "$full") == true))
	(($(shown grow_malloc --from "$empty" --to "$full") == true))
	(($(shown grow_malloc --from 0 --to "$full") == true))
	(($(shown grow_malloc --to "$freed") == 0))
	(($(shown grow_malloc --from 0 --to "$freed") == 0))
	(($(shown grow_malloc) == 0))

	# what shrank: not in folded stacks, as a negative number in JSON
	(($(shown grow_malloc --from "$full" --to "$freed") == 0))
	grep -q "have shrunk, by" "$BATS_TEST_TMPDIR/part.talk"
	"$OOMTRACE" report "$TRACE" --format json --from "$full" --to "$freed" \
		>"$BATS_TEST_TMPDIR/line"
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/growth.schema.json" \
		<"$BATS_TEST_TMPDIR/line"
	# of more than one stack: malloc touches the first page itself; page tables are kernel memory
	python3 - "$BATS_TEST_TMPDIR/line" <<-'END' >"$BATS_TEST_TMPDIR/shrunk"
		import json, sys
		stacks = json.load(open(sys.argv[1]))["stacks"]
		print(-sum(stack["bytes"] for stack in stacks
		           if stack["kind"] == "anon" and "grow_malloc" in stack["frames"]) // 4096)
	END
	echo "shrunk by $(<"$BATS_TEST_TMPDIR/shrunk") pages"
	[[ $(<"$BATS_TEST_TMPDIR/shrunk") == "$true" ]]
}

later()
{
	awk -v at="$1" 'BEGIN { printf "%.3f\n", at + 0.001 }'
}

@test "what has been freed before the end has its names" {
	victim_start heap malloc 16
	snapshots_start -p "$VICTIM_PID"
	victim_grow
	snapshot_wait
	victim_shed
	trace_stop
	"$OOMTRACE" report "$TRACE" --format folded --to "$(later "$SNAPSHOT")" |
		grep -q 'main;.*grow_malloc;victim_touch'
}

@test "a long recording stays below its size, from its start to its end" {
	local processes=200 snapshots

	# each process has stacks of its own, and a snapshot holds them all
	mkfifo "$BATS_TEST_TMPDIR/end"
	trace_start -v -i 0.02 --period 1 --max-size 4M -o "$TRACE" -- sh -c \
		"for i in \$(seq $processes); do /bin/true; done; read line <'$BATS_TEST_TMPDIR/end'"
	for ((snapshots = 0; snapshots < 150; snapshots++)); do
		wait_for_line "$TRACE_ERR" 'oomtrace: debug: snapshot at * s'
	done
	echo >"$BATS_TEST_TMPDIR/end"
	trace_wait
	((TRACE_STATUS == 0))
	tail -n 3 "$TRACE_TALK"
	grep -q 'snapshots were thinned to one each' "$TRACE_TALK"
	echo "$(stat -c %s "$TRACE") bytes"
	(($(stat -c %s "$TRACE") <= 4 << 20))

	"$OOMTRACE" report "$TRACE" --to 0 --format text >"$BATS_TEST_TMPDIR/start.txt"
	run ! grep 'gone ' "$BATS_TEST_TMPDIR/start.txt"
	"$OOMTRACE" report "$TRACE" --since-start --format json >"$BATS_TEST_TMPDIR/line"
	pids=$(grep -o '"comm":"true","target"' "$BATS_TEST_TMPDIR/line" | wc -l)
	echo "$pids processes"
	((pids == processes))
}

@test "snapshots of the whole host hold what the end holds, and lose nothing" {
	victim_start heap malloc 16
	trace_start --all -i 0.5 -d 3 -o "$TRACE" --period 16
	victim_grow
	trace_wait
	((TRACE_STATUS == 0))
	"$OOMTRACE" report "$TRACE" --strict --format json >"$BATS_TEST_TMPDIR/line"
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/growth.schema.json" \
		<"$BATS_TEST_TMPDIR/line"
	# the sum of what grew since the start, and of what was there then, is what is there
	total() { python3 -c 'import json, sys; print(json.load(sys.stdin)["total_bytes"])'; }
	at_start=$("$OOMTRACE" report "$TRACE" --format json --to 0 | total)
	grown=$("$OOMTRACE" report "$TRACE" --format json --from 0 | total)
	((grown > 16 << 19))
	((at_start + grown == $(total <"$BATS_TEST_TMPDIR/line")))
}
