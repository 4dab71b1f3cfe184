#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stacks of programs as the distribution ships them, without frame pointers: nearly all reach the
# entry of the process or thread, also of programs that live for a moment.

setup()
{
	load ../lib/common
	load ../lib/reopener
	requires root bpf x86_64
	# each stack is walked with and without the rows that are known, whatever the test is about
	export OOMTRACE_TEST_WALKS=$BATS_TEST_TMPDIR/walks
}

teardown()
{
	live_teardown || return
	[[ ! -e $OOMTRACE_TEST_WALKS ]] || {
		cat "$OOMTRACE_TEST_WALKS"
		jq -se 'all(.different == 0)' "$OOMTRACE_TEST_WALKS" >/dev/null
	}
}

# Traces a command with one page in 16 counted, and says what part of its stacks was complete, in
# hundredths of a percent.
complete_share()
{
	local json

	json=$("$OOMTRACE" --format json "$@" 2>"$BATS_TEST_TMPDIR/talk" |
		grep '^{"' | tail -n 1)
	jq '.stack_ends | (.complete // 0) * 10000 / ([.[]] | add) | floor' <<<"$json"
}

reaches_entry()
{
	local least=$1 share
	shift

	share=$(complete_share -- "$@")
	echo "$1: $share hundredths of a percent complete"
	((share >= least))
}

@test "python3: 99 % of its stacks are complete" {
	requires python
	reaches_entry 9900 /usr/bin/python3 -c \
		'import json; x = [{str(i): [i]} for i in range('"${STACKS_ITEMS:-200000}"')]; json.loads(json.dumps(x))'
}

@test "perl: 99 % of its stacks are complete" {
	requires perl
	# shellcheck disable=SC2016
	reaches_entry 9900 /usr/bin/perl -e 'my @x; push @x, [$_] for 1..500000'
}

@test "sort, with threads: 98 % of its stacks are complete" {
	seq 400000 >"$BATS_TEST_TMPDIR/numbers"
	reaches_entry 9800 /usr/bin/sort --parallel=4 -R "$BATS_TEST_TMPDIR/numbers" \
		-o "$BATS_TEST_TMPDIR/sorted"
}

@test "by frame pointers the same stacks of python3 do not reach main" {
	requires python
	"$OOMTRACE" --period 4 --unwind fp --format folded -- /usr/bin/python3 -c \
		'x = [[i] for i in range(300000)]' >"$BATS_TEST_TMPDIR/fp" 2>/dev/null
	"$OOMTRACE" --period 4 --format folded -- /usr/bin/python3 -c \
		'x = [[i] for i in range(300000)]' >"$BATS_TEST_TMPDIR/eh" 2>/dev/null
	run grep -c 'Py_BytesMain' "$BATS_TEST_TMPDIR/fp"
	[[ $output == 0 ]]
	grep -q '_start;.*Py_BytesMain;.*_PyEval_EvalFrameDefault' "$BATS_TEST_TMPDIR/eh"
}

# --- programs of the corpus (tools/corpus) ---------------------------------------------------

# Against what is promised of each kind; those that are not here are left out, but one must be.
corpus_keeps_its_promises()
{
	local code=0

	"$ROOT/tools/corpus" "$@" || code=$?
	((code != 77)) || skip "missing: $*"
	((code == 0))
}

@test "C and C++, with exceptions, linked statically or position-independent, reach their entry" {
	corpus_keeps_its_promises "C++ with exceptions" "static, glibc" "static PIE, glibc"
}

@test "musl, which has no call frame information and no frame pointers" {
	corpus_keeps_its_promises "static, musl" "static, musl, stripped" "shared, musl"
}

@test "compilers that live for some milliseconds are complete all the same" {
	corpus_keeps_its_promises "gcc -c" "git gc"
}

@test "redis-server, from its first instruction to its last" {
	corpus_keeps_its_promises redis-server
}

@test "a stripped Go program" {
	corpus_keeps_its_promises "Go, stripped"
}

@test "Rust, with threads and a panic" {
	corpus_keeps_its_promises Rust
}

# --- places that are hard to follow (tests/victims/places.c) ---------------------------------

# place CASE: grows by 256 pages there, every page counted; the lines of stacks are in $FOLDED.
place()
{
	FOLDED=$BATS_TEST_TMPDIR/folded
	printf 'go\nfree\nquit\n' | "$OOMTRACE" --stats --since-start --period 1 --format folded \
		-- "${PLACES:-$BUILD/victims/places}" "$1" 1 2>"$BATS_TEST_TMPDIR/talk" | grep ';' >"$FOLDED"
}

# All that it grew by has one stack, from the entry of the process to the code that did it.
grows_at()
{
	local bytes

	place "$1" || return
	bytes=$(awk -v chain="^places;pid [0-9]*;$2 [0-9]*\$" '$0 ~ chain { sum += $NF }
		END { print sum + 0 }' "$FOLDED")
	echo "$bytes bytes at $2"
	cut -c1-300 "$FOLDED"
	((bytes >= 256 * 4096))
}

MAIN='_start;__libc_start_main[^;]*;([^;]*;)?main;victim_main;victim_run'

@test "a signal handler on its own stack leads to what it interrupted" {
	grows_at signal "$MAIN;grow_in_signal;raise;([^;]*;)*on_signal;touch"
}

@test "a thread begins at clone" {
	# where libc's own debug file is not installed, its inner functions are addresses
	grows_at thread '(_*clone3?|libc[^;]*[+]0x[0-9a-f]+);(start_thread|libc[^;]*[+]0x[0-9a-f]+);in_thread;touch'
}

@test "the kernel's own library in every process is followed" {
	grows_at vdso "$MAIN;grow_in_vdso;[^;]*time[^;]*"
}

@test "what a system call takes has the stack that made it" {
	grows_at read "$MAIN;grow_in_read;[^;]*read[^;]*"
}

@test "code made at run time that keeps frame pointers is crossed" {
	grows_at jit "$MAIN;grow_in_jit;0x[0-9a-f]*;touch"
}

@test "a frame whose beginning is an expression is found" {
	grows_at realigned "$MAIN;grow_realigned;with_realigned_stack;touch"
}

# The same, linked with musl, and nothing in it that says what frames are like.
build_places_without_frames()
{
	requires musl
	PLACES=$BATS_TEST_TMPDIR/places
	musl-gcc -static -D_GNU_SOURCE= -I"$ROOT" -std=gnu11 -O1 -fomit-frame-pointer \
		-fno-asynchronous-unwind-tables -fno-optimize-sibling-calls -fno-builtin -fno-inline \
		"$ROOT/tests/victims/places.c" -o "$PLACES"
}

MUSL_MAIN='_start;libc_start_main_stage2;main;victim_main;victim_run'

@test "without call frame information: a signal handler leads to what it interrupted" {
	build_places_without_frames
	grows_at signal "$MUSL_MAIN;grow_in_signal;raise;([^;]*;)*on_signal;touch"
}

@test "without call frame information: a thread begins at clone" {
	build_places_without_frames
	grows_at thread '__clone;start;in_thread;touch'
}

@test "without call frame information: a system call, code made at run time, assembly" {
	build_places_without_frames
	grows_at read "$MUSL_MAIN;grow_in_read;read(;[^;]*)*"
	grows_at jit "$MUSL_MAIN;grow_in_jit;0x[0-9a-f]*;touch"
	grows_at by-hand "$MUSL_MAIN;grow_by_hand;by_hand;touch"
}

@test "rows that found no room have it when who needed it is gone" {
	local pid large whole broken

	requires python perl
	mkfifo "$BATS_TEST_TMPDIR/orders"
	# more files than there is room for
	exec 9< <(exec /usr/bin/python3 -c 'import ssl, sqlite3, ctypes, lzma, bz2, curses, signal
print("ready", flush=True)
signal.pause()' 3>&-)
	large=$!
	# shellcheck disable=SC2016
	exec 8< <(exec /usr/bin/perl -e '$| = 1; my @kept;
		while (<STDIN>) { push @kept, "x" x (1 << 20) for 1 .. 8; print "grown\n" }' \
		<"$BATS_TEST_TMPDIR/orders" 3>&-)
	pid=$!
	exec 7>"$BATS_TEST_TMPDIR/orders"
	wait_for_line 9 ready
	OOMTRACE_TEST_SMALLEST=rows trace_start -p "$large,$pid" -v -i 0.2 --period 4 --format folded
	wait_for_line "$TRACE_ERR" '*; [1-9]* files have no room for theirs'
	echo grow >&7
	wait_for_line 8 grown
	kill "$large"
	wait_for_line "$TRACE_ERR" '*; 0 files have no room for theirs'
	echo grow >&7
	wait_for_line 8 grown
	trace_stop
	exec 7>&-
	broken=$(grep perl "$TRACE_OUT" | grep -F '[incomplete stack]' | folded_pages -)
	whole=$(grep perl "$TRACE_OUT" | grep -vF '[incomplete stack]' | folded_pages - main)
	echo "$broken pages by stacks that are not complete, $whole by those that are"
	# 8 MiB each, by one page in four
	((broken > 1900 && broken < 2200))
	((whole > 1900 && whole < 2200))
}

@test "deeper than what is kept: 127 frames from the leaf, and the missing root is said" {
	place deep
	awk '$0 ~ /;\[truncated stack\];go_down;.*;go_down;touch / {
			frames = gsub(/;(go_down|touch)/, ";"); sum += $NF
			if (frames != 127) exit 1
		}
		END { exit sum < 256 * 4096 }' "$FOLDED"
	grep -q '% *truncated *25[6-9],' "$BATS_TEST_TMPDIR/talk"
}

# walks_agree LEAST: so many stacks were walked twice, all alike, and for most frames of theirs no row
# had to be searched.
walks_agree()
{
	cat "$OOMTRACE_TEST_WALKS"
	jq -se --argjson least "$1" '[.[].compared] | add >= $least' "$OOMTRACE_TEST_WALKS"
	jq -se 'all(.different == 0) and ([.[].searched] | add) * 2 < ([.[].frames] | add)' \
		"$OOMTRACE_TEST_WALKS"
}

@test "threads that wind up and jump out are walked the same by known rows and by a search" {
	victim_start places winding 16
	trace_start -p "$VICTIM_PID" --period 1 --format folded
	victim_grow
	trace_stop
	# a thread that is preempted while it is counted keeps the others' pages from being so
	walks_agree $((4096 - $(trace_skipped_events)))
}

# Two programs that lie at one address, instruction for instruction, with frames of different sizes.
make_twins()
{
	local room

	for room in 200 4056; do
		gcc -O1 -fomit-frame-pointer -fno-optimize-sibling-calls -no-pie -DROOM=$room -x c - -o "$1.$room" <<-'END'
			#include <sys/mman.h>
			__attribute__((noinline)) static void touch(char *memory)
			{
				for (int i = 0; i < 4096; i++)
					((volatile char *)memory)[i * 4096] = 1;
			}
			__attribute__((noinline)) static void with_room(char *memory)
			{
				char room[ROOM];
				__asm__ volatile("" ::"r"(room) : "memory");
				touch(memory);
				__asm__ volatile("" ::"r"(room) : "memory");
			}
			int main(void)
			{
				char *memory = mmap(0, 4096 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				madvise(memory, 4096 * 4096, MADV_NOHUGEPAGE);
				for (int i = 0; i < 8; i++) {
					with_room(memory);
					madvise(memory, 4096 * 4096, MADV_DONTNEED);
				}
				return 0;
			}
		END
	done
}

@test "programs that follow each other at the same address are walked each by its own rows" {
	requires gcc
	local twin=$BATS_TEST_TMPDIR/twin

	make_twins "$twin"
	"$OOMTRACE" --children --period 4 --format folded \
		-- /bin/sh -c "$twin.200; $twin.4056; $twin.200; exec $twin.4056" >/dev/null
	walks_agree 4096
}

@test "assembly without unwind data or frame pointers is said, not guessed" {
	place by-hand
	grep -qE '^places;pid [0-9]*;\[incomplete stack\];by_hand;touch ' "$FOLDED"
	grep -qE '% *no_data *25[6-9], at code without unwind data' "$BATS_TEST_TMPDIR/talk"
}

# follows_reopened TARGET..., where VICTIM is its pid: one library after the other at one address, and the first again.
follows_reopened()
{
	make_reopener "$BATS_TEST_TMPDIR/reopen"
	victim_spawn "$BATS_TEST_TMPDIR/reopen"
	victim_wait ready
	trace_start "${@/VICTIM/$VICTIM_PID}" --period 1 --format folded -i 0.1 --stats
	victim_grow
	# whatever there was to be known of the first one is known
	wait_for_line "$TRACE_ERR" '*'
	wait_for_line "$TRACE_ERR" '*'
	wait_for_line "$TRACE_ERR" '*'
	echo go >&"$VICTIM_IN"
	victim_wait same
	wait_for_line "$TRACE_ERR" '*'
	wait_for_line "$TRACE_ERR" '*'
	wait_for_line "$TRACE_ERR" '*'
	echo go >&"$VICTIM_IN"
	victim_wait same
	trace_stop
	tail -5 "$TRACE_TALK"
	reopened_has_its_pages 512 256
}

@test "another library at the same address, a moment later, is walked by its own rows" {
	requires gcc
	follows_reopened -p VICTIM
}

@test "another library at the same address has its own rows and names host-wide, too" {
	requires gcc
	follows_reopened --all
}

# 52 + 2 * 32 bytes of headers; then: for 64 pages of zeros, one byte into each; exit(0).
make_32_bit_program()
{
	/usr/bin/python3 - "$1" <<'END'
import struct, sys
code = bytes.fromhex("b940000000 b800900408 c60001 0500100000 e2f6 31db b801000000 cd80")
base, start = 0x8048000, 116
header = b"\x7fELF\1\1\1" + bytes(9) + struct.pack(
    "<HHIIIIIHHHHHH", 2, 3, 1, base + start, 52, 0, 0, 52, 32, 2, 40, 0, 0)
text = struct.pack("<8I", 1, 0, base, base, start + len(code), start + len(code), 5, 4096)
zeros = struct.pack("<8I", 1, 0, 0x8049000, 0x8049000, 0, 64 * 4096, 6, 4096)
open(sys.argv[1], "wb").write(header + text + zeros + code)
END
	chmod +x "$1"
}

@test "a 32-bit program is said to be one, not guessed" {
	requires python
	local program=$BATS_TEST_TMPDIR/small

	make_32_bit_program "$program"
	"$program" || skip "missing: 32-bit programs"
	"$OOMTRACE" --stats --since-start --period 1 --format folded -- "$program" \
		2>"$BATS_TEST_TMPDIR/talk" >"$BATS_TEST_TMPDIR/folded"
	cat "$BATS_TEST_TMPDIR/talk" "$BATS_TEST_TMPDIR/folded"
	grep -qE '% *not_64_bit *6[4-9], of 32-bit programs' "$BATS_TEST_TMPDIR/talk"
	awk '/;pid [0-9]*;small\+0x[0-9a-f]* / { sum += $NF } END { exit sum < 64 * 4096 }' \
		"$BATS_TEST_TMPDIR/folded"
}

# --- another unwinder, of the same process --------------------------------------------------------

# Runs a program that reads into memory nobody has touched: the pages are taken in the call of read(),
# and in that very call it waits for more, stopped, with the same stack.
same_stack_as_judged()
{
	victim_spawn "$@"
	victim_wait ready
	stack_is_as_judged
}

# stack_is_as_judged [BEGINNING]: what it is to read before the bytes that are many, as printf has it.
stack_is_as_judged()
{
	trace_start -p "$VICTIM_PID" --period 1 --format folded
	# shellcheck disable=SC2059 # a format
	printf "${1-}" >&"$VICTIM_IN"
	head -c 4000000 /dev/zero >&"$VICTIM_IN"
	# read() is what it waits in
	until [[ $(awk '{ print $1 }' "/proc/$VICTIM_PID/syscall") == 0 ]] &&
		(($(awk '/^rchar/ { print $2 }' "/proc/$VICTIM_PID/io") >= 4000000)); do :; done
	kill -STOP "$VICTIM_PID"
	until [[ $(awk '{ print $3 }' "/proc/$VICTIM_PID/stat") == [Tt] ]]; do :; done
	trace_interrupt
	trace_wait
	"$ROOT/tests/lib/same-stacks" "$VICTIM_PID" "$TRACE_OUT"
	kill -CONT "$VICTIM_PID"
}

@test "eu-stack sees the same frames of python3" {
	requires python eu_stack
	same_stack_as_judged /usr/bin/python3 -c '
import os, functools
def grow(depth):
    if depth:
        return sorted([depth], key=lambda depth: grow(depth - 1))
    keep = []
    while True:
        keep.append(os.read(0, 1 << 20))
print("ready", flush=True)
grow(6)'
}

@test "eu-stack sees the same frames of perl" {
	requires perl eu_stack
	# shellcheck disable=SC2016
	same_stack_as_judged /usr/bin/perl -e '
$| = 1; my @keep;
sub grow { my $depth = shift; return map { grow($depth - 1) } 1 if $depth;
	while (1) { my $bytes; sysread(STDIN, $bytes, 1 << 20); push @keep, $bytes } }
print "ready\n"; my @sorted = sort { grow(6) } 1, 2;'
}

# What it has saved comes from where we write: a string of 256 MiB that has begun (rdb.h: type 0, a key of
# one byte, a length of 32 bits).
@test "eu-stack sees the same frames of redis-server, with all of its threads" {
	requires redis eu_stack
	ln -s /proc/self/fd/0 "$BATS_TEST_TMPDIR/dump.rdb"
	# shellcheck disable=SC2016 # expanded inside
	victim_spawn bash -c 'echo ready && exec redis-server --port 0 --unixsocket "$0/socket" --dir "$0" --dbfilename dump.rdb \
		--logfile "$0/log" --daemonize no' "$BATS_TEST_TMPDIR"
	victim_wait ready
	until grep -qs 'Server initialized' "$BATS_TEST_TMPDIR/log"; do kill -0 "$VICTIM_PID"; done
	stack_is_as_judged 'REDIS0009\x00\x01k\x80\x10\x00\x00\x00'
}

@test "eu-stack sees the same frames of C++ that handles an exception" {
	requires cxx eu_stack
	g++ -O2 -x c++ -o "$BATS_TEST_TMPDIR/catches" - <<-'END'
		#include <cstdio>
		#include <cstdlib>
		#include <functional>
		#include <memory>
		#include <stdexcept>
		#include <unistd.h>
		template <int depth> struct deeper {
			__attribute__((noinline)) static int go(const std::function<int()> &last)
			{
				std::unique_ptr<char[]> kept(new char[depth]);
				int result = deeper<depth - 1>::go([&] { return last() + kept[0]; });
				__asm__ volatile("" ::: "memory");
				return result;
			}
		};
		template <> struct deeper<0> {
			static int go(const std::function<int()> &last) { return last() + 1; }
		};
		__attribute__((noinline)) static int grow()
		{
			for (;;)
				if (read(0, malloc(1 << 20), 1 << 20) < 0)
					return 1;
		}
		__attribute__((noinline)) static int thrown(int depth)
		{
			if (depth)
				return thrown(depth - 1) + depth;
			throw std::runtime_error("deep");
		}
		int main()
		{
			puts("ready"); fflush(stdout);
			try {
				return thrown(20);
			} catch (const std::exception &) {
				return deeper<9>::go(grow);
			}
		}
	END
	same_stack_as_judged "$BATS_TEST_TMPDIR/catches"
}
