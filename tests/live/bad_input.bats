#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever is wrong, oomtrace says so in one line that names it, and with an exit code that scripts
# can tell apart: 1 failed, 64 usage, 77 no privilege. A hostile name stays a name.

setup()
{
	load ../lib/common
	requires root bpf
}

teardown()
{
	live_teardown
}

# refuses CODE PATTERN COMMAND...: nothing on stdout, one line on stderr, which matches.
refuses()
{
	local code=$1 pattern=$2 status=0
	local -a said

	timeout "$PATIENCE_SECONDS" "${@:3}" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null ||
		status=$?
	mapfile -t said <"$BATS_TEST_TMPDIR/err"
	printf 'exit status %d, %s\n' "$status" "${said[*]}"
	((status == code)) || fail "expected exit status $code" || return
	[[ ! -s $BATS_TEST_TMPDIR/out ]] || fail "something on stdout" || return
	((${#said[@]} == 1)) || fail "expected one line" || return
	# shellcheck disable=SC2053 # a pattern is what it is
	[[ ${said[0]} == $pattern ]] || fail "expected $pattern"
}

# A process id that was somebody's, and is nobody's now.
dead_pid()
{
	true &
	wait $!
	echo $!
}

# Runs as a user without any privilege, who may not even read the checkout.
as_nobody()
{
	cp "$OOMTRACE" "$BATS_RUN_TMPDIR/oomtrace"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/oomtrace"
	refuses "$1" "$2" setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$BATS_RUN_TMPDIR/oomtrace" "${@:3}"
}

@test "no such process" {
	pid=$(dead_pid)
	refuses 1 "oomtrace: *$pid*" "$OOMTRACE" -p "$pid"
}

@test "a kernel thread has no memory of its own" {
	[[ $(</proc/2/comm) == kthreadd ]] || skip "missing: kernel threads in this pid namespace"
	refuses 1 "oomtrace: *kernel thread*" "$OOMTRACE" -p 2
}

@test "a pid that is no number" {
	refuses 64 "oomtrace: *12x*" "$OOMTRACE" -p 12x
	refuses 64 "oomtrace: *" "$OOMTRACE" -p -1
	refuses 64 "oomtrace: *" "$OOMTRACE" -p 0
	refuses 64 "oomtrace: *" "$OOMTRACE" -p 99999999999999999999
}

@test "a process that dies while oomtrace attaches ends in a sentence, never in a hang" {
	local turn status

	for turn in {1..15}; do
		# each turn lets the process live a little longer
		awk -v n=$((turn * 40000)) 'BEGIN { for (i = 0; i < n; i++) x += i }' &
		status=0
		timeout "$PATIENCE_SECONDS" "$OOMTRACE" -p $! >"$BATS_TEST_TMPDIR/out" \
			2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
		wait $! || true
		echo "turn $turn: exit status $status, $(cat "$BATS_TEST_TMPDIR/err")"
		((status == 0 || status == 1))
		grep -q '^oomtrace: ' "$BATS_TEST_TMPDIR/err"
	done
}

@test "unknown options, formats and periods are usage errors" {
	refuses 64 "oomtrace: *--frobnicate*" "$OOMTRACE" --frobnicate
	refuses 64 "oomtrace: *'nonsense'*" "$OOMTRACE" -p $$ --format nonsense
	refuses 64 "oomtrace: *3*" "$OOMTRACE" -p $$ --period 3
}

@test "an ordinary user is told what is missing" {
	requires setpriv
	as_nobody 77 "oomtrace: *" -p 1
}

@test "an ordinary user who would watch is told to be root, or to give --spool a directory" {
	requires setpriv
	mkdir -m 700 "$BATS_TEST_TMPDIR/roots"
	as_nobody 77 "oomtrace: *as root*--spool*" --watch-oom-kills --spool "$BATS_TEST_TMPDIR/roots/spool"
}

@test "a recording of somebody else is for who made it, and it says so" {
	requires setpriv
	install -m 600 "$ROOT/tests/data/command.oomtrace" "$BATS_TEST_TMPDIR/roots.oomtrace"
	as_nobody 1 "oomtrace: *for who made it alone*" report "$BATS_TEST_TMPDIR/roots.oomtrace"
}

@test "a missing capability is named" {
	requires setpriv
	refuses 77 "oomtrace: *CAP_*" setpriv --bounding-set=-bpf,-sys_admin \
		--inh-caps=-bpf,-sys_admin "$OOMTRACE" -p $$
}

@test "a kernel without BTF is named as such" {
	requires mount
	# shellcheck disable=SC2016 # expanded inside, where the directory is hidden
	refuses 77 "oomtrace: *BTF*" unshare --mount sh -c \
		'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"' "$OOMTRACE" -p $$
}

@test "an output that cannot be written is refused before tracing begins" {
	refuses 1 "oomtrace: */no/such/directory*" "$OOMTRACE" -p $$ -d 1 -o /no/such/directory/x.folded
}

@test "a full disk: one sentence, exit status 1, nothing half written" {
	requires mount
	mkdir "$BATS_TEST_TMPDIR/full"
	export OOMTRACE PATIENCE_SECONDS DIR=$BATS_TEST_TMPDIR/full
	# shellcheck disable=SC2016 # expanded inside, where DIR is another file system
	# a mount of its own name space: gone with the shell, whatever happens
	run unshare --mount bash -c '
		mount -t tmpfs -o size=64k none "$DIR" || exit 99
		dd if=/dev/zero of="$DIR/ballast" bs=4k 2>/dev/null
		timeout "$PATIENCE_SECONDS" "$OOMTRACE" -o "$DIR/x.folded" -- \
			awk "BEGIN { while (i++ < 300000) x[i] = i }" </dev/null
		echo "status $?"
		ls -A "$DIR"'
	echo "$output"
	[[ $output == *'status 1'*'ballast' ]]
	[[ $output == *'oomtrace: '*'o space left'* ]]
}

@test "a hostile name cannot forge lines, frames, counts or colours" {
	requires cgroup_memory
	local format

	for format in folded text; do
		victim_start hostile name 16
		trace_start -p "$VICTIM_PID" --period 1 --kinds --format "$format"
		victim_grow
		trace_stop
		# no control byte but the newline, on either stream
		! LC_ALL=C grep -aq $'[\x01-\x08\x0b-\x1f\x7f]' "$TRACE_OUT" "$TRACE_TALK" || fail "a control byte"
		if [[ $format == folded ]]; then
			! grep -vE '^[^ ].*;pid [0-9]+;.* [1-9][0-9]*$' "$TRACE_OUT" || fail "a forged line"
			(($(folded_pages "$TRACE_OUT" '[anon]' grow_hostile "pid $VICTIM_PID") == 4096))
		fi
		victim_stop
	done
}
