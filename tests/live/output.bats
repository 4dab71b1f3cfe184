#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What leaves oomtrace is what others can read, and all views of one recording agree.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory
}

teardown()
{
	live_teardown
}

@test "flamegraph.pl reads the folded output without a warning, and its total is ours" {
	requires flamegraph
	victim_start process threads 32
	trace_start -p "$VICTIM_PID" --period 16 --kinds --format folded
	victim_grow
	trace_stop
	"${REQUIRED_PROGRAM[flamegraph]}" --colors mem --countname bytes "$TRACE_OUT" \
		>"$BATS_TEST_TMPDIR/x.svg" 2>"$BATS_TEST_TMPDIR/warnings"
	[[ ! -s $BATS_TEST_TMPDIR/warnings ]] || fail "$(cat "$BATS_TEST_TMPDIR/warnings")"
	ours=$(awk '{ total += $NF } END { printf "%d", total }' "$TRACE_OUT")
	theirs=$(sed -n 's/.*>all (\([0-9,]*\) bytes, 100%).*/\1/p' "$BATS_TEST_TMPDIR/x.svg" | tr -d ,)
	echo "ours $ours, flamegraph.pl's $theirs"
	((ours > 0 && ours == theirs))
}

@test "a recording in a file renders to the same folded stacks, without any privilege" {
	requires setpriv
	local dir=$BATS_TEST_TMPDIR

	"$OOMTRACE" --period 1 -o "$dir/x.oomtrace" -- "$BUILD/victims/mapping" populate 16 <<<go
	cp "$OOMTRACE" "$BATS_RUN_TMPDIR/oomtrace"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/oomtrace"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$BATS_RUN_TMPDIR/oomtrace" report - \
		--kinds --format folded <"$dir/x.oomtrace" >"$dir/replayed.folded"
	(($(folded_pages "$dir/replayed.folded" '[anon]' grow_populate) == 4096))
}

@test "nobody reads stderr any more: what is recorded is kept" {
	victim_start process threads 16
	# it has a line to say four times a second
	trace_start -p "$VICTIM_PID" -i 0.25s -d 2s --format folded
	trace_leave
	victim_grow
	wait "$TRACE_PID"
	TRACE_PID=
	(($(folded_pages "$TRACE_OUT" victim_touch) > 0))
}

@test "nobody reads stderr any more: the status of the command is passed on" {
	local status=0

	"$OOMTRACE" -d 300ms -o "$BATS_TEST_TMPDIR/x.folded" -- sh -c 'sleep 1; exit 7' \
		</dev/null 2> >(head -n 1 >/dev/null) || status=$?
	((status == 7)) || fail "the status is $status"
}

@test "a report of a dead process has its names" {
	victim_start heap malloc 16
	trace_start -p "$VICTIM_PID" --format folded
	victim_grow
	kill -KILL "$VICTIM_PID"
	trace_wait
	grep -q 'main;.*grow_malloc;victim_touch' "$TRACE_OUT"
}

@test "a binary inside another mount namespace is found there" {
	requires mount
	local dir=$BATS_TEST_TMPDIR/inside

	mkdir "$dir"
	cp "$BUILD/victims/mapping" "$BATS_TEST_TMPDIR/copy"
	victim_spawn unshare --mount sh -c "mount -t tmpfs none '$dir' && cp '$BATS_TEST_TMPDIR/copy' \
		'$dir/hidden' && exec '$dir/hidden' populate 16"
	victim_wait ready
	[[ ! -e $dir/hidden ]]
	trace_start -p "$VICTIM_PID" --period 1 --format folded
	victim_grow
	trace_stop
	(($(folded_pages "$TRACE_OUT" grow_populate) >= 4096))
}
