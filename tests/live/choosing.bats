#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who is traced: processes by a list of pids, by their name, by their cgroup; those that are there,
# those that come later, and nobody else.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers
	# nobody else on this host has a process of that name
	NAME=ot-$$-$BATS_TEST_NUMBER
	cp "$BUILD/victims/heap" "$BATS_TEST_TMPDIR/$NAME"
}

teardown()
{
	other_stop || true
	[[ -z ${INNER-} ]] || rmdir "$INNER" || true
	[[ -z ${UNIFIED-} ]] || rmdir "$UNIFIED" || true
	live_teardown
}

# A second victim, in the first one's cgroup or where it is told to be. OTHER_PID, OTHER_IN, OTHER_OUT.
other_start()
{
	local directory=$1 dir=$BATS_TEST_TMPDIR/other

	mkdir -p "$dir"
	rm -f "$dir/in" "$dir/out"
	mkfifo "$dir/in" "$dir/out"
	(
		echo "$BASHPID" >"$directory/cgroup.procs"
		run_in_background taskset -c 0 "${@:2}" <"$dir/in" >"$dir/out"
	) &
	OTHER_PID=$!
	exec {OTHER_IN}>"$dir/in" {OTHER_OUT}<"$dir/out"
	wait_for_line "$OTHER_OUT" ready
}

other_grow()
{
	echo go >&"$OTHER_IN"
	wait_for_line "$OTHER_OUT" grown
}

other_stop()
{
	[[ -n ${OTHER_PID-} ]] || return 0
	{ echo quit >&"$OTHER_IN"; } 2>/dev/null || true
	exec {OTHER_IN}>&- {OTHER_OUT}<&-
	wait "$OTHER_PID" 2>/dev/null || true
	OTHER_PID=
}

# holds PAGES FRAME...: to the page, but for events that oomtrace says the kernel skipped.
holds()
{
	local pages

	pages=$(folded_pages "$TRACE_OUT" "${@:2}")
	(($(distance "$pages" "$1") <= $(trace_skipped_events))) ||
		fail "${*:2}: $pages pages, not $1: $(cat "$TRACE_TALK" "$TRACE_OUT")"
}

@test "-p PID,PID and -p PID -p PID trace each, until the last has ended" {
	victim_start heap malloc 16
	other_start "$CGROUP" "$BUILD/victims/heap" malloc 8
	trace_start -p "$VICTIM_PID,$OTHER_PID" -p "$VICTIM_PID" --period 1 --kinds=anon --format folded
	victim_grow
	other_grow
	other=$OTHER_PID
	other_stop
	victim_stop
	trace_wait
	((TRACE_STATUS == 0))
	holds $((4096 + 2048)) grow_malloc
	holds 2048 grow_malloc "pid $other"
}

@test "one of a list that does not exist is named" {
	victim_start heap malloc 4
	run -1 "$OOMTRACE" -p "$VICTIM_PID,4194304"
	echo "$output"
	[[ $output == *"no process 4194304"* ]]
}

@test "--comm NAME traces who has the name, whoever takes it, and whoever starts by it; nobody else" {
	# one that runs by that name, one that will take it, one that never has it
	victim_spawn "$BATS_TEST_TMPDIR/$NAME" malloc 16
	victim_wait ready
	other_start "$CGROUP" "$BUILD/victims/lives" renamed 8 "$NAME"
	before=$(judge_value anon process "$OTHER_PID")
	trace_start --comm "$NAME" --period 1 --kinds=anon --format folded
	victim_grow
	other_grow
	victim=$VICTIM_PID other=$OTHER_PID
	printf '%s\n' go quit | "$BUILD/victims/heap" malloc 4 >/dev/null
	printf '%s\n' go | "$BATS_TEST_TMPDIR/$NAME" malloc 4 >"$BATS_TEST_TMPDIR/short"
	# what it left in the kernel's batches of fresh pages is freed when those are drained
	cgroup_drain
	trace_stop
	holds 4096 grow_malloc "pid $victim"
	holds 2048 grow_life "pid $other"
	adopted=$(folded_pages "$TRACE_OUT" '[resident before tracing]' "pid $other")
	echo "$adopted pages of $before were adopted when it took the name"
	((adopted >= before - 2 && adopted <= before + 8))
	grep -o 'pid [0-9]*' "$TRACE_OUT" | sort -u >"$BATS_TEST_TMPDIR/pids"
	diff <(printf 'pid %s\n' "$victim" "$other" | sort -u) "$BATS_TEST_TMPDIR/pids"
}

@test "--comm NAME: what such a process executes is somebody else" {
	mkfifo "$BATS_TEST_TMPDIR/ready"
	cp "$(type -P bash)" "$BATS_TEST_TMPDIR/$NAME"
	victim_start heap malloc 4
	trace_start --comm "$NAME" --period 1 --since-start --format folded
	# shellcheck disable=SC2016 # expanded inside
	"$BATS_TEST_TMPDIR/$NAME" -c '"$0" malloc 8 <<<go; :' "$BUILD/victims/heap" >/dev/null
	trace_stop
	grep -q "^$NAME;" "$TRACE_OUT"
	holds 0 grow_malloc
}

@test "--cgroup PATH traces who is in it and below it, who moves in, and who is forked there" {
	victim_start lives workers 16
	INNER=$CGROUP/in\;ner$' \e[31m'
	mkdir "$INNER"
	outside=${CGROUP%/*}/oomtrace-test-$$-outside
	mkdir "$outside"
	other_start "$outside" "$BUILD/victims/heap" malloc 8
	before=$(judge_value anon process "$OTHER_PID")
	trace_start --cgroup "${CGROUP#"$(cgroup_memory_root)"}" --period 1 --kinds=anon --format folded
	echo "$OTHER_PID" >"$INNER/cgroup.procs"
	victim_grow
	other_grow
	trace_stop
	rmdir "$outside"
	holds $((3 * 16 * 256)) grow_life
	holds 2048 grow_malloc "pid $OTHER_PID"
	adopted=$(folded_pages "$TRACE_OUT" '[resident before tracing]' "pid $OTHER_PID")
	echo "$adopted pages of $before were adopted when it moved in"
	((adopted >= before - 2 && adopted <= before + 8))
	other_stop
}

@test "--cgroup PATH leaves everybody else alone" {
	victim_start heap malloc 8
	other_start "$(cgroup_memory_root)" "$BUILD/victims/heap" malloc 8
	trace_start --cgroup "$CGROUP" --period 1 --kinds=anon --format folded
	victim_grow
	other_grow
	trace_stop
	grep -o 'pid [0-9]*' "$TRACE_OUT" | sort -u >"$BATS_TEST_TMPDIR/pids"
	diff <(echo "pid $VICTIM_PID") "$BATS_TEST_TMPDIR/pids"
	grep -q "^oomtrace: tracing the cgroup '.*', 1 process now, " "$TRACE_TALK"
}

@test "who moves out of the cgroup is counted on, until it executes something" {
	victim_start heap malloc 8
	trace_start --cgroup "$CGROUP" --period 1 --kinds=anon --format folded
	echo "$VICTIM_PID" >"$(cgroup_memory_root)/cgroup.procs"
	victim_grow
	trace_stop
	holds 2048 grow_malloc "pid $VICTIM_PID"

	# shellcheck disable=SC2016 # expanded inside
	other_start "$CGROUP" bash -c 'echo ready; read -r _; "$0" malloc 8; :' "$BUILD/victims/heap"
	trace_start --cgroup "$CGROUP" --period 1 --kinds=anon --format folded
	echo "$OTHER_PID" >"$(cgroup_memory_root)/cgroup.procs"
	echo go >&"$OTHER_IN"
	wait_for_line "$OTHER_OUT" ready
	other_grow
	trace_stop
	holds 0 grow_malloc
}

@test "a cgroup of the v2 hierarchy is one, too, with or without the memory controller" {
	requires cgroup_unified
	victim_start heap malloc 8
	UNIFIED=$(cgroup_unified_root)/oomtrace-test-$$-unified
	mkdir "$UNIFIED"
	trace_start --cgroup "$UNIFIED" --period 1 --kinds=anon --format folded
	echo "$VICTIM_PID" >"$UNIFIED/cgroup.procs"
	victim_grow
	trace_stop
	holds 2048 grow_malloc "pid $VICTIM_PID"
	if [[ ! -e $UNIFIED/memory.stat ]]; then
		grep -q 'warning: .*no memory.stat to compare with' "$TRACE_TALK"
	fi
	victim_stop
}

@test "the end of the cgroup ends the recording" {
	cgroup_make
	trace_start --cgroup "$CGROUP" --format folded
	(echo "$BASHPID" >"$CGROUP/cgroup.procs" && exec "$BUILD/victims/heap" malloc 8 <<<go) >/dev/null
	cgroup_remove
	trace_wait
	cat "$TRACE_TALK"
	((TRACE_STATUS == 0))
}

@test "a path that is no cgroup, or of another controller, is refused" {
	run -1 "$OOMTRACE" --cgroup /no/such/cgroup
	echo "$output"
	[[ $output == *"no cgroup '/no/such/cgroup'"*/proc/PID/cgroup* ]]
	run -1 "$OOMTRACE" --cgroup "$BATS_TEST_TMPDIR"
	[[ $output == *"no cgroup '"* ]]
	if [[ -d /sys/fs/cgroup/cpu && -d /sys/fs/cgroup/memory ]]; then
		run -1 "$OOMTRACE" --cgroup /sys/fs/cgroup/cpu
		[[ $output == *"accounts for no memory"* ]]
	fi
}
