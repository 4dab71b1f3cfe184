#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that nobody here wrote: everything that oomtrace says a process holds adds up to what
# smaps_rollup says it holds. Where code has frame pointers, the function that grew is named.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers
}

teardown()
{
	live_teardown
}

# All anonymous pages of the process, by whatever stack or label, against smaps_rollup. Programs
# are not quite still while they are looked at: a thousandth and a few pages are theirs.
anon_adds_up()
{
	local period=$1 true measured allowed

	true=$(judge_value anon rollup "$VICTIM_PID")
	trace_stop || return
	measured=$(folded_pages "$TRACE_OUT" '[anon]' "pid $VICTIM_PID")
	allowed=$(($(allowed_pages "$true" "$period" 4) + true / 1000 + 8))
	echo "one page in $period: $measured anonymous pages, smaps_rollup says $true"
	(($(distance "$measured" "$true") <= allowed)) || fail "off by more than $allowed"
}

# Any interpreter that speaks the victims' protocol on its standard input and output.
adds_up()
{
	local period

	for period in 1 16; do
		victim_spawn "$@" && victim_wait ready || return
		trace_start -p "$VICTIM_PID" --period "$period" --kinds --format folded || return
		victim_grow && anon_adds_up "$period" || return
		victim_stop
	done
}

@test "redis-server, filled over loopback" {
	requires redis
	local period port=$((20000 + $$ % 20000))

	for period in 1 16; do
		victim_spawn redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no \
			--daemonize no --logfile ''
		victim_wait '*eady to accept connections*'
		trace_start -p "$VICTIM_PID" --period "$period" --kinds --format folded
		awk 'BEGIN { for (i = 0; i < 200000; i++) printf "SET key:%d %0200d\r\n", i, i }' |
			redis-cli -p "$port" --pipe >"$BATS_TEST_TMPDIR/pipe"
		grep -q 'errors: 0, replies: 200000' "$BATS_TEST_TMPDIR/pipe"
		anon_adds_up "$period"
		redis-cli -p "$port" shutdown nosave || true
		victim_stop
	done
}

@test "python3, a list of a million strings" {
	requires python
	adds_up /usr/bin/python3 -uc '
import sys
print("ready"); sys.stdin.readline()
keep = [str(number) * 4 for number in range(1000000)]
print("grown"); sys.stdin.readline()'
}

@test "perl, a hash of half a million entries" {
	requires perl
	# shellcheck disable=SC2016 # variables of perl
	adds_up perl -e '
$| = 1; print "ready\n"; <STDIN>;
$keep{$_} = "x" x 50 for 1 .. 500000;
print "grown\n"; <STDIN>;'
}

@test "node, an array of half a million objects" {
	requires node
	adds_up node -e '
const fs = require("fs"), one = Buffer.alloc(3);
console.log("ready"); fs.readSync(0, one);
const keep = []; for (let i = 0; i < 500000; i++) keep.push({ i, text: "x" + i });
console.log("grown"); fs.readSync(0, one);'
}

@test "sort, with a large file in memory" {
	for period in 1 16; do
		victim_spawn sort -S 300M -T "$BATS_TEST_TMPDIR"
		trace_start -p "$VICTIM_PID" --period "$period" --kinds --format folded
		# it has read all but what fits into the pipe, and waits for more
		awk 'BEGIN { for (i = 0; i < 1500000; i++) printf "%d %030d\n", (i * 7919) % 1000003, i }' \
			>&"$VICTIM_IN"
		anon_adds_up "$period"
		kill "$VICTIM_PID"
		live_teardown
	done
}

@test "a Go program: the function that filled its cache is named" {
	requires go
	local program=$BATS_TEST_TMPDIR/grow in_function anon

	GOCACHE=$BATS_TEST_TMPDIR/cache GO111MODULE=off GOFLAGS=-p=2 \
		go build -o "$program" "$ROOT/tests/victims/go/grow.go"
	adds_up "$program"
	in_function=$(folded_pages "$TRACE_OUT" '[anon]' main.growCache)
	anon=$(folded_pages "$TRACE_OUT" '[anon]')
	echo "main.growCache holds $in_function of $anon pages"
	((in_function * 10 >= anon * 9))
}
