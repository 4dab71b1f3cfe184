#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=alone
#
# Kills of a workload that is started again and again are told as one crash loop.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory jsonschema
	cd "$BATS_TEST_TMPDIR" || return
}

teardown()
{
	tracer_cleanup
	live_teardown
}

# Each life has a cgroup of its own, as containers do: the same name, another hash.
cgroup_make()
{
	CGROUP=$(cgroup_memory_root)/oomtrace-test-$$-$BATS_TEST_NUMBER-$(printf '%04x7e' $RANDOM)
	mkdir "$CGROUP" || return
	if [[ -e $CGROUP/memory.limit_in_bytes ]]; then
		echo "$VICTIM_LIMIT_BYTES" >"$CGROUP/memory.limit_in_bytes"
	else
		echo "$VICTIM_LIMIT_BYTES" >"$CGROUP/memory.max"
	fi
}

# life CASE [MIB]: one life and its kill, by the test's own clock: START and DEATH are each between two
# times, in microseconds. Its incident is in LINE.
life()
{
	START=${EPOCHREALTIME/./}
	oom_start "$1" "${2:-48}" || return
	START+=" ${EPOCHREALTIME/./}"
	DEATH=${EPOCHREALTIME/./}
	oom_go
	wait "$VICTIM_PID" || true
	DEATH+=" ${EPOCHREALTIME/./}"
	watch_line || return
	victim_cleanup
	BOUNDS+=("$START $DEATH")
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
}

watch_stop()
{
	trace_interrupt
	drain "$WATCH_OUT" >/dev/null
	trace_wait
}

@test "the third kill in a row is a crash loop, with the times of all lives, also by another watcher" {
	local ids=()
	BOUNDS=()

	watch_start --format json
	life starts
	incident_check 'assert "previous" not in incident and "crash_loop" not in incident, incident'
	ids+=("$(incident_check 'print(incident["id"])')")
	life starts
	incident_check '
assert [life["id"] for life in incident["previous"]] == sys.argv[2:], incident["previous"]
assert incident["crash_loop"]["number"] == 2, incident["crash_loop"]
assert incident["verdict"]["kind"] != "crash_loop", incident["verdict"]' "${ids[@]}"
	ids+=("$(incident_check 'print(incident["id"])')")
	# what is in the spool is known to the next watcher
	watch_stop
	watch_start --format json
	life starts
	incident_check '
loop, previous, verdict = incident["crash_loop"], incident["previous"], incident["verdict"]
ids, bounds = sys.argv[2:4], [[int(us) for us in life.split()] for life in sys.argv[4:]]
assert [life["id"] for life in previous] == ids, previous
assert loop["number"] == 3 and [life["number"] for life in previous] == [1, 2], loop
assert verdict["kind"] == "crash_loop" and verdict["confidence"] >= 0.9, verdict
assert any("victim_touch" in line for line in verdict["evidence"]), verdict
for life, (born, ready, go, dead) in zip(previous + [loop], bounds):
    lived = life["lived_ns"] / 1000
    # the clock of a process is as fine as its ticks, ten milliseconds
    assert go - ready - 10000 <= lived <= dead - born + 10000, (life, born, ready, go, dead)
    assert 0 <= life["half_ns"] <= life["lived_ns"], life
    assert 40 << 20 <= life["memory_bytes"] <= 48 << 20, life
    assert life["limit_bytes"] == 48 << 20, life
assert bounds[2][2] - bounds[0][3] <= loop["span_ns"] / 1000 <= bounds[2][3] - bounds[0][2], loop
[stack] = [stack for stack in loop["stacks"] if "serve_requests" in stack["frames"]]
assert len(stack["bytes"]) == 3 and min(stack["bytes"]) > 24 << 20, stack
# what is lost in the end is not what each life did first: four threads load a table of 3 MiB each
first = loop["early_stacks"][0]
assert "load_table" in first["frames"] and len(first["bytes"]) == 3, loop["early_stacks"]
# a stack of the first life may not be walked yet when it is noted: a watcher that has just begun has no rows
known = [size for size in first["bytes"] if size is not None]
assert len(known) >= 2 and all(4 << 20 <= size <= 20 << 20 for size in known), first
for life in previous + [loop]:
    assert 6 << 20 <= life["early_bytes"] <= 24 << 20 and life["early_ns"] < life["lived_ns"], life' "${ids[@]}" "${BOUNDS[@]}"
	ids+=("$(incident_check 'print(incident["id"])')")

	# the same program that does something else, in a cgroup of such a name, is none of them
	life threads
	incident_check 'assert "previous" not in incident, incident["previous"]'
	watch_stop

	"$OOMTRACE" report --spool "$SPOOL" "${ids[2]}" >said
	grep -q '  lives     3 were killed in a row, after ' said
	grep -q '  verdict   a crash loop (confidence 90 %)' said
	grep -q 'as seen in 3 of these lives .* each had filled, leaf first:' said
	grep -qF "two lives side by side: oomtrace diff ${ids[1]} ${ids[2]}" said
	[[ $(grep -c "${ids[0]}" said) -eq 1 ]]
	"$OOMTRACE" list --spool "$SPOOL" >listed
	grep -Eq "^${ids[0]} .* MiB +oom \(pid" listed
	grep -Eq "^${ids[2]} .* MiB +3 +oom \(pid" listed
	"$OOMTRACE" diff --spool "$SPOOL" "${ids[2]}" >alone
	"$OOMTRACE" diff --spool "$SPOOL" "${ids[1]}" "${ids[2]}" >both
	diff alone both
	grep -Eq ';serve_requests;[^ ]* [1-9][0-9]+ [1-9][0-9]+$' alone
}

@test "whoever doubles calls the watcher, which notes what it did so far" {
	"$BUILD/live/doublings"
}

# Whatever else wakes the watcher makes it look, too: this one says that notes come to incidents, the one above why.
@test "what a life did first is seen though it lasts a moment" {
	local lives seen=0

	watch_start --format json
	# one look at all processes falls into few of such lives, and others may have the processors
	for ((lives = 1; lives <= 6; lives++)); do
		BOUNDS=()
		life hog 64
		incident_check '
early, go, dead = incident.get("early"), *map(int, sys.argv[2].split(" ")[2:])
print("killed after", dead - go, "us;", early and early["held_bytes"])
if early:
    assert any("victim_touch" in frame for frame in early["stacks"][0]["frames"]), early
    assert 8 << 20 <= early["held_bytes"] <= 33 << 20, early
sys.exit(not early)' "${BOUNDS[@]}" && ((++seen))
	done
	watch_stop
	echo "$seen of 6 seen"
	((seen >= 3))
}
