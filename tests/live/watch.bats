#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# The watcher as people run it: a kill becomes a report, a line, an entry in the list.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	load ../lib/container
	requires root bpf cgroup_memory
}

teardown()
{
	tracer_cleanup
	live_teardown
}

# The process that names and prints, of the watcher.
watch_finisher()
{
	pgrep -P "$TRACE_PID" -x oomtrace-finish
}

# How many incidents in the spool wait for their names, or have them.
spool_count()
{
	local mode

	[[ $1 == raw ]] && mode=600 || mode=400
	find "$SPOOL" -name '[!.]*.oomtrace' -perm "$mode" | wc -l
}

# spool_wait raw|named COUNT
spool_wait()
{
	local until=$((SECONDS + PATIENCE_SECONDS))

	until (($(spool_count "$1") >= $2)); do
		((SECONDS < until)) || fail "the spool has $(ls -la "$SPOOL")"
	done
}

@test "a kill is one line on stdout, an entry in the list, and a report with the guilty stack" {
	local id pid

	watch_start --format json
	oom_start hog 64
	oom_go
	watch_line
	# shellcheck disable=SC2153 # watch_line sets it
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	/usr/bin/python3 - "$LINE" <<'END'
import json
import sys

incident = json.loads(sys.argv[1])
victim = incident["victim"]
assert incident["kind"] == "oom_kill" and incident["scope"] == "memcg"
assert victim["comm"] == "oom" and victim["argv"][1] == "hog", victim
assert sum(term["bytes"] for term in incident["account"]) == 64 << 20
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
assert any("grow_hog" in stack["frames"] for stack in anon), anon
held, error = sum(s["bytes"] for s in anon), sum(s["error_bytes"] for s in anon)
assert abs(held - victim["rss"]["anon_bytes"]) <= 2 * error, (held, victim["rss"])
END
	id=${LINE#*'"id":"'} id=${id%%'"'*}
	pid=${LINE#*'"victim":{"pid":'} pid=${pid%%,*}
	trace_interrupt
	drain "$WATCH_OUT" >/dev/null
	trace_wait
	"$OOMTRACE" list --spool "$SPOOL" -p "$pid" | grep -q "$id"
	"$OOMTRACE" report --spool "$SPOOL" "$id" | grep -q grow_hog
	[[ $("$OOMTRACE" report --spool "$SPOOL" "$id" --format json) == "$LINE" ]]
}

@test "an incident has the names of the debug file that the victim's container had" {
	requires unshare mount gcc
	cd "$BATS_TEST_TMPDIR"
	stripped_build oom -Wl,--build-id=none
	export DEBUG_AS=.debug/oom.debug
	watch_start --format json
	VICTIM_LIMIT_BYTES=$((96 << 20))
	container_start "$PWD/oom" hog 384
	oom_go
	watch_line
	incident_check 'assert any("grow_hog" in stack["frames"] for stack in incident["stacks"]), incident["stacks"]'
}

@test "the watcher is locked in memory and the last to be killed, or says that it may not be" {
	watch_start --format json
	if (echo -999 >/proc/self/oom_score_adj) 2>/dev/null; then
		[[ $(<"/proc/$TRACE_PID/oom_score_adj") == -999 ]]
	else
		[[ ${LINES[*]} == *"warning: the OOM killer may choose oomtrace itself"* ]]
	fi
	(($(sed -n 's/VmLck:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$TRACE_PID/status") > 1000))
}

@test "two watchers cannot share a spool, and the second says so" {
	watch_start
	run -1 "$OOMTRACE" --watch-oom-kills --spool "$SPOOL"
	[[ $output == *"another oomtrace writes to '$SPOOL'"* ]]
	watch_kill
}

@test "a watcher that was killed leaves whole incidents, and the next one tells what it missed" {
	watch_start --format json
	oom_start hog 64
	oom_go
	watch_line
	victim_cleanup
	watch_kill
	oom_start hog 64
	oom_go
	victim_wait 'never' || true
	victim_cleanup
	watch_start --format json
	[[ "${LINES[*]}" == *'OOM kill'*' were not recorded: nobody was watching'* ]]
	"$OOMTRACE" list --spool "$SPOOL" >/dev/null
	oom_start hog 64
	oom_go
	watch_line
	watch_kill
	"$OOMTRACE" list --spool "$SPOOL" --json | /usr/bin/python3 -c '
import json
import sys

numbers = [json.loads(line)["sequence"] for line in sys.stdin]
assert numbers == sorted(set(numbers)) and len(numbers) >= 2, numbers'
}

@test "nobody reads stdout: each further kill is durable and named, and printed once somebody does" {
	requires python
	watch_start --format json
	# the pipe is full before the first report
	/usr/bin/python3 -c '
import os
import sys

fd = os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(fd, b"\n" * 4096)
except BlockingIOError:
    pass' "$BATS_TEST_TMPDIR/watch/out"
	oom_start crowd 64 200
	oom_go
	spool_wait named 5
	victim_cleanup
	trace_interrupt
	# now that somebody reads there is one line for each
	printed=$(timeout "$PATIENCE_SECONDS" cat <&"$WATCH_OUT")
	trace_wait
	ids=$("$OOMTRACE" list --spool "$SPOOL" --json | sed 's/.*"id":"\([^"]*\)".*/\1/')
	[[ $(sed -n 's/.*"id":"\([^"]*\)".*/\1/p' <<<"$printed") == "$ids" ]]
	[[ $(wc -l <<<"$ids") -ge 5 ]]
	# and they have names: not all, for a child that is gone before its maps are read has none
	while read -r each; do
		"$OOMTRACE" report --spool "$SPOOL" --format folded "$each"
	done <<<"$ids" | grep -q 'grow_crowd;victim_touch'
}

# It ends well, whoever reads what it says.
watch_terminate()
{
	kill -TERM "$TRACE_PID"
	wait "$TRACE_PID"
	TRACE_PID=
}

@test "nobody reads stderr any more: the watcher goes on, and ends as it should" {
	watch_start --format json
	trace_leave
	# the first thing that it says to nobody, and the last one is said at its end
	kill -KILL "$(watch_finisher)"
	oom_start hog 64
	oom_go
	spool_wait raw 1
	watch_terminate
}

@test "stderr is full, and its reader does not read: the watcher goes on, and ends as it should" {
	watch_start --format json
	# as a logger leaves it that waits for memory
	/usr/bin/python3 - "$TRACE_PID" <<'END'
import os
import sys

end = os.open(f"/proc/{sys.argv[1]}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(end, b"x" * 4096)
except BlockingIOError:
    pass
END
	# the first thing that it has to say
	kill -KILL "$(watch_finisher)"
	oom_start hog 64
	oom_go
	spool_wait raw 1
	watch_terminate
	trace_leave
}

@test "a line of any length comes in one piece" {
	watch_start --format json
	# of two victims the command line is told, eight bytes for each of these and as hexadecimal
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((64 << 20))
	victim_start oom shared 256 "$(printf '\xff%.0s' {1..4000})"
	oom_go
	# what one read finds are whole lines
	/usr/bin/python3 - "$WATCH_OUT" "/${CGROUP##*/}" <<'END'
import json
import os
import sys

fd, own = int(sys.argv[1]), sys.argv[2]
longest = 0
for _ in range(8):
    piece = os.read(fd, 1 << 20)
    assert piece.endswith(b"\n"), (len(piece), piece[-80:])
    lines = piece.decode().splitlines()
    longest = max([longest, *map(len, lines)])
    if longest > 1 << 16 and any(json.loads(line)["cgroups"][0]["path"] == own for line in lines):
        sys.exit(0)
sys.exit(f"the longest has {longest} bytes")
END
}

# allocations_none FROM: none of the lines of $log from the one on tells of memory that was asked for.
allocations_none()
{
	tail -n +"$1" "$log"
	[[ $(tail -n +"$1" "$log" | sed 's/ faults .*//' | sort -u) == 'path 0 mappings 0 heap 0 calls 0' ]]
	tail -n +"$1" "$log" | awk '{ all += $10; if ($10 > most) most = $10 }
		END { printf "# %d incidents, faults of its own: %.1f each, at most %d\n", NR, all / NR, most }' >&3
}

# allocations_of_burst KILLS MIB: of a crowd whose program nobody has seen.
allocations_of_burst()
{
	local round from=$(($(wc -l <"$log") + 1)) new=$BATS_TEST_TMPDIR/new$1

	mkdir -p "$new/victims"
	cp "$BUILD/victims/oom" "$new/victims"
	BUILD=$new oom_start crowd 64 "$2"
	oom_go
	for ((round = 0; round < $1; round++)); do
		watch_line
	done
	victim_cleanup
	(($(wc -l <"$log") >= from - 1 + $1))
	allocations_none "$from"
}

# allocations_watch [OPTION...]: what the watcher asks for while there is a kill is in $log.
allocations_watch()
{
	log=$BATS_TEST_TMPDIR/allocations
	# shellcheck disable=SC2034 # tests/lib/watch.bash runs it
	WATCH_UNDER=(env LD_PRELOAD="$BUILD/preload/allocations.so" ALLOCATIONS="$log")
	watch_start --format json "$@"
}

@test "from the moment a kill is told of until it is durable the recorder allocates nothing" {
	local log round

	allocations_watch
	for round in hog hog shared prefork threads daemon tmpfs pipes sockets slab; do
		oom_start "$round" 32 128
		oom_go
		watch_line
		victim_cleanup
	done
	(($(wc -l <"$log") >= 10))
	allocations_none 1
	allocations_of_burst 50 184
}

@test "nor while a kill waits for more that belong to it" {
	local log

	allocations_watch --sigkills
	victim_start heap malloc 8
	victim_grow
	cp /bin/kill "$BATS_TEST_TMPDIR/earlyoom"
	"$BATS_TEST_TMPDIR/earlyoom" -KILL "$VICTIM_PID"
	wait_for_line "$WATCH_OUT" "*\"victim\":{\"pid\":$VICTIM_PID,*\"sender\":*"
	[[ ${LINES[-1]} == *'"for_memory":true'* ]]
	allocations_none 1
}

@test "how long after the kill it is durable is told, whatever the victim's size" {
	local mib incident

	watch_start -v --format json
	for mib in 16 64 256 1024; do
		oom_start hog "$mib" $((mib + 64))
		oom_go
		watch_line
		incident=${LINE#*'"id":"'} incident=${incident%%'"'*}
		wait_for_line "$TRACE_ERR" "*incident $incident was durable * ms after the kill"
		# for people: on a busy machine it says nothing about us
		echo "# $mib MiB: ${LINES[-1]#*incident * was }" >&3
		victim_cleanup
	done
}

@test "without the process that names them incidents stay raw, and the next watcher's finishes them" {
	watch_start --format json
	# its names come from what is kept of the files, which the first watcher reads for its rows
	oom_start hog 64
	oom_go
	watch_line
	victim_cleanup
	kill -KILL "$(watch_finisher)"
	wait_for_line "$TRACE_ERR" '*the process that names and prints incidents has died*'
	oom_start hog 64
	oom_go
	spool_wait raw 1
	victim_cleanup
	[[ $("$OOMTRACE" report --spool "$SPOOL" -1) == *"oom+0x"* ]]
	[[ $("$OOMTRACE" report --spool "$SPOOL" -1) != *grow_hog* ]]
	watch_kill
	watch_start --format json
	# before its probes were live, or just after
	[[ ${LINES[*]} == *' of the watcher before had no names yet'* ]] ||
		wait_for_line "$TRACE_ERR" '* of the watcher before had no names yet'
	[[ $(spool_count raw) == 0 ]]
	"$OOMTRACE" report --spool "$SPOOL" -1 | grep -q grow_hog
}

# full_start [OPTION...]: a watcher whose spool is a small file system, which is $FULL from here. It is in a name
# space of its own: gone with the watcher, whatever happens.
full_start()
{
	requires unshare mount
	mkdir "$SPOOL"
	# shellcheck disable=SC2016,SC2034 # expanded inside; tests/lib/watch.bash runs it
	WATCH_UNDER=(unshare --mount sh -c 'mount -t tmpfs -o size=512k,mode=700 none "$0" && exec "$@"' "$SPOOL")
	watch_start "$@"
	FULL=/proc/$TRACE_PID/root$SPOOL
}

# To the last byte.
fill_disk()
{
	! dd if=/dev/zero of="$FULL/ballast" bs=4k 2>/dev/null
}

# listed PID: how many incidents the spool has of it.
listed()
{
	"$OOMTRACE" list --spool "$FULL" -p "$1" 2>/dev/null | grep -c '^20' || true
}

# kill_one: in a cgroup of its own; its pid is in $PID.
kill_one()
{
	victim_cleanup
	oom_start hog 64
	PID=$VICTIM_PID
	oom_go
}

@test "a full disk: who was killed is told all the same, and the next kill is kept once there is room" {
	requires jsonschema
	# others have kills of their own, which would make room
	full_start --format json --keep-free 0
	fill_disk
	kill_one
	watch_line
	[[ $LINE == *'"in_spool":false'* ]]
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	incident_check 'assert victim["comm"] == "oom" and victim["pid"] == int(sys.argv[2]), victim
assert victim["argv"][1] == "hog" and victim["rss"]["anon_bytes"] > 60 << 20, victim
assert incident["scope"] == "memcg" and incident["cgroups"][0]["limit_bytes"] == 64 << 20
assert any("grow_hog" in stack["frames"] for stack in incident["stacks"]), incident["stacks"]
assert "copy-full" not in incident["lost"]' "$PID"
	wait_for_line "$TRACE_ERR" "oomtrace: killed oom (pid $PID); its incident * cannot be written to '$SPOOL' (No space left on device) and is told on stdout alone"
	[[ $(listed "$PID") == 0 ]]
	rm "$FULL/ballast"
	kill_one
	watch_line
	[[ $LINE != *'"in_spool"'* ]]
	[[ $(listed "$PID") == 1 ]]
}

@test "a full disk: the text says that it is kept nowhere" {
	full_start --keep-free 0
	fill_disk
	kill_one
	wait_for_line "$WATCH_OUT" "Out of memory: killed oom (pid $PID) at *"
	wait_for_line "$WATCH_OUT" '  kept      nowhere: it could not be written to the spool'
}

@test "a full disk, and nobody who prints: who was killed is said on stderr" {
	full_start --format json --keep-free 0
	fill_disk
	kill -KILL "$(watch_finisher)"
	kill_one
	wait_for_line "$TRACE_ERR" "oomtrace: killed oom (pid $PID); its incident * and is not printed either"
}

@test "a full disk: older incidents make room, and the kill is kept after all" {
	local first

	full_start --format json
	kill_one
	first=$PID
	watch_line
	# one stays always: the newest
	kill_one
	watch_line
	fill_disk
	kill_one
	watch_line
	[[ $LINE != *'"in_spool"'* ]]
	[[ $(listed "$PID") == 1 && $(listed "$first") == 0 ]]
}

@test "killed at any moment of a series of kills: what is there is whole, and the gap is told" {
	local gaps=$BATS_TEST_TMPDIR/gaps round line first last

	requires python
	oom_start crowd 64 3000
	for round in 1 2 3 4; do
		watch_start --format json
		printf '%s\n' "${LINES[@]}" >>"$gaps"
		if ((round == 1)); then
			first=$(cut -d' ' -f5 "$SPOOL/.state")
			: >"$gaps"
			oom_go
		fi
		# while one is written, named, or between two of them
		for ((line = 0; line < round; line++)); do
			wait_for_line "$WATCH_OUT" '*"id":*'
		done
		watch_kill
	done
	victim_cleanup
	watch_start --format json
	printf '%s\n' "${LINES[@]}" >>"$gaps"
	last=$(cut -d' ' -f5 "$SPOOL/.state")
	watch_kill
	"$OOMTRACE" list --spool "$SPOOL" --json >"$BATS_TEST_TMPDIR/list"
	/usr/bin/python3 - "$((last - first))" "$gaps" "$BATS_TEST_TMPDIR/list" <<'END'
import json
import re
import sys

counted = int(sys.argv[1])
gaps = sum(map(int, re.findall(r"warning: (\d+) OOM kills since", open(sys.argv[2]).read())))
incidents = [json.loads(line) for line in open(sys.argv[3])]
recorded = sum(1 + sum(v["role"] != "sharer" for v in i["co_victims"]) for i in incidents)
numbers = [i["sequence"] for i in incidents]
assert numbers == sorted(set(numbers)) and len(numbers) >= 10, numbers
# the kernel's own count between the first watcher's start and the last one's
assert counted == recorded + gaps, (counted, recorded, gaps)
END
}
