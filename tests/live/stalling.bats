#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A traced program whose file lies where nobody answers any more: its frames have no names, and everybody
# else's have theirs.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/reopener
	requires root bpf cgroup_memory fuse python mount
}

teardown()
{
	stalling_cleanup
	live_teardown
}

# stalling_start [FILE]: a file system with it, or the victim's program; it stalls after stalling_begin.
stalling_start()
{
	local dir=$BATS_TEST_TMPDIR/stalling

	mkdir -p "$dir"/{below,upper,work,over}
	mkfifo "$dir/said"
	(run_in_background "$ROOT/tests/lib/stalling-fs" "$dir/below" "${1:-$BUILD/victims/heap}" \
		</dev/null >"$dir/said" 2>&1) &
	STALLING_PID=$!
	exec {STALLING_SAID}<"$dir/said"
	wait_for_line "$STALLING_SAID" mounted || return
	STALLING=$dir
}

stalling_begin()
{
	kill -USR1 "$STALLING_PID"
	wait_for_line "$STALLING_SAID" stalling
}

# The same file in over/, where it does not look as if it might hang.
stalling_cover()
{
	mount -t overlay overlay -o "lowerdir=$STALLING/below,upperdir=$STALLING/upper,workdir=$STALLING/work" \
		"$STALLING/over" || skip "missing: an overlay of a FUSE file system"
}

# Whoever waits for it gets an error.
stalling_end()
{
	[[ ${STALLING_PID-} ]] || return 0
	kill "$STALLING_PID"
	wait "$STALLING_PID" || true
	STALLING_PID=
	drain "$STALLING_SAID" >"$STALLING/asked"
	exec {STALLING_SAID}<&-
}

stalling_cleanup()
{
	[[ ${STALLING-} ]] || return 0
	victim_cleanup
	[[ ! ${BYSTANDER-} ]] || kill -KILL "$BYSTANDER" 2>/dev/null || true
	umount --lazy "$STALLING/over" 2>/dev/null || true
	stalling_end
}

# Somebody else who grows: its pid is in BYSTANDER.
bystander_start()
{
	local dir=$BATS_TEST_TMPDIR/bystander

	mkdir "$dir"
	mkfifo "$dir/in" "$dir/out"
	(run_in_background "$BUILD/victims/mapping" populate 16 <"$dir/in" >"$dir/out") &
	BYSTANDER=$!
	exec {BYSTANDER_IN}>"$dir/in" {BYSTANDER_OUT}<"$dir/out"
	wait_for_line "$BYSTANDER_OUT" ready
}

# Section headers are at a file's end: another watcher of this host may have read them already.
tables_drop()
{
	/usr/bin/python3 -c '
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.posix_fadvise(fd, os.fstat(fd).st_size - 8192 & -4096, 0, os.POSIX_FADV_DONTNEED)' "$1"
}

# traced_while_stalled PROGRAM: what is traced of both is in $TRACE_OUT.
traced_while_stalled()
{
	# once, so that all it runs is in the page cache, and its tables are not
	printf 'go\nfree\nquit\n' | "$1" malloc 16 >/dev/null
	victim_spawn "$1" malloc 16
	victim_wait ready
	bystander_start
	stalling_begin
	tables_drop "$1"
	trace_start -p "$VICTIM_PID,$BYSTANDER" --format folded --cache none
	victim_grow
	echo go >&"$BYSTANDER_IN"
	wait_for_line "$BYSTANDER_OUT" grown
	trace_stop
	cat "$TRACE_OUT" "$TRACE_TALK"
	# all that both hold, and the stranger's by name
	grep -q ';grow_populate' "$TRACE_OUT"
	grep -q ';program+0x' "$TRACE_OUT"
	run ! grep -q grow_malloc "$TRACE_OUT"
	awk '/;program\+0x/ { sum += $NF } END { exit !(sum > 12 * 1048576) }' "$TRACE_OUT"
}

@test "a program on a file system that may hang is not even opened, and nobody waits for it" {
	stalling_start
	traced_while_stalled "$STALLING/below/program"
	stalling_end
	run ! grep stalled "$STALLING/asked"
}

@test "a program whose file stops answering while it is read costs its names, and a deadline" {
	stalling_start
	stalling_cover
	traced_while_stalled "$STALLING/over/program"
	umount --lazy "$STALLING/over"
	stalling_end
	grep stalled "$STALLING/asked"
}

# Its tables are far from all that is mapped of it, of which nothing runs.
make_large_library()
{
	gcc -shared -nostdlib -fPIC -x c - -o "$1" <<<'__asm__(".section .padding,\"\",@progbits\n.zero 65536\n.text"); void nobody(void) {}'
}

@test "stacks that wait for rows are walked by what was mapped when they were taken" {
	requires gcc
	make_large_library "$BATS_TEST_TMPDIR/large.so"
	stalling_start "$BATS_TEST_TMPDIR/large.so"
	stalling_cover
	make_reopener "$BATS_TEST_TMPDIR/reopen"
	victim_spawn "$BATS_TEST_TMPDIR/reopen" "$STALLING/over/program"
	victim_wait ready
	trace_start -p "$VICTIM_PID" --period 1 --format folded --cache none -i 3
	# its mappings are read now, and not when the file is one of them; until the next snapshot stacks wait
	victim_grow
	wait_for_line "$TRACE_ERR" '*touch_pages < main*'
	echo go >&"$VICTIM_IN"
	victim_wait opened
	stalling_begin
	tables_drop "$STALLING/over/program"
	# its stacks wait, for rows of all that the process has mapped: at an address below are those that are read first
	victim_grow
	wait_for_line "$STALLING_SAID" 'stalled *'
	# other code in its place, with stacks that wait as well
	echo go >&"$VICTIM_IN"
	victim_wait same
	umount --lazy "$STALLING/over"
	stalling_end
	trace_stop
	reopened_has_its_pages 256 256
}
