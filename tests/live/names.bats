#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where names come from, on programs that run: JITs, binaries that are gone, other people's roots. A
# file that lies costs its own names and nothing else.

setup()
{
	load ../lib/common
	load ../lib/container
	requires root bpf
	cd "$BATS_TEST_TMPDIR" || return # node leaves a log there
}

teardown()
{
	[[ -z ${SERVER_PID-} ]] || kill "$SERVER_PID" 2>/dev/null || true
	live_teardown
}

# Pages of the lines in which some frame matches an extended regular expression.
pages_matching()
{
	grep -E ";[^;]*($1)" "$TRACE_OUT" | awk '{ pages += $NF / 4096 } END { print pages + 0 }'
}

NODE_GROWS='
const fs = require("fs"), one = Buffer.alloc(3), keep = [];
function growCache(count) {
	for (let i = 0; i < count; i++) keep.push(Buffer.alloc(8192, i % 251));
}
for (let i = 0; i < 300; i++) growCache(10);
console.log("ready"); fs.readSync(0, one);
growCache(20000);
console.log("grown"); fs.readSync(0, one);'

node_grows()
{
	victim_spawn node "$@" -e "$NODE_GROWS"
	victim_wait ready
}

@test "a JIT's functions are named by its perf map, and marked" {
	requires node
	local named all

	node_grows --perf-basic-prof --interpreted-frames-native-stack
	trace_start -p "$VICTIM_PID" --annotate --format folded
	victim_grow
	trace_stop
	named=$(pages_matching 'growCache .*_\[j\]')
	all=$(folded_pages "$TRACE_OUT")
	echo "growCache has $named of $all pages"
	((named * 10 >= all * 8))
	# what the program wrote is what is read: no name that its map does not have
	grep -oE ';[^;]*_\[j\]' "$TRACE_OUT" | sed 's/^;//; s/_\[j\]$//' | sort -u >jit_names
	[[ -s jit_names ]]
	while read -r name; do
		[[ $name == 0x* ]] || grep -qF -- "$name" "/tmp/perf-$VICTIM_PID.map" || fail "no such line: $name"
	done <jit_names
	rm -f "/tmp/perf-$VICTIM_PID.map"
}

@test "the map of a JIT in namespaces of its own is found, by the pid it has there" {
	requires node unshare mount
	local named all pid

	# shellcheck disable=SC2016 # expanded inside
	victim_spawn unshare --mount --pid --fork --kill-child sh -c \
		'mount -t tmpfs none /tmp && exec node --perf-basic-prof -e "$0"' "$NODE_GROWS"
	victim_wait ready
	pid=$(child_of "$VICTIM_PID")
	[[ ! -e /tmp/perf-$pid.map && ! -e /tmp/perf-1.map ]]
	trace_start -p "$pid" --annotate --format folded
	victim_grow
	# the process and its /tmp are gone before anything is named
	kill -KILL "$pid"
	trace_wait
	named=$(pages_matching 'growCache .*_\[j\]')
	all=$(folded_pages "$TRACE_OUT" "pid $pid")
	echo "growCache has $named of $all pages"
	((named * 10 >= all * 5))
}

@test "a map that is a fifo, a link or somebody else's is left alone, and nobody waits" {
	requires node unshare mount
	local pid make

	for make in 'mkfifo -m 666 /tmp/perf-1.map' 'ln -s /etc/passwd /tmp/perf-1.map' \
		'echo "0 ffffffffffff forged" >/tmp/perf-1.map; chown 12345 /tmp/perf-1.map'; do
		# shellcheck disable=SC2016 # expanded inside
		victim_spawn unshare --mount --pid --fork --kill-child sh -c \
			'mount -t tmpfs none /tmp && eval "$1" && exec node -e "$0"' "$NODE_GROWS" "$make"
		victim_wait ready
		pid=$(child_of "$VICTIM_PID")
		trace_start -p "$pid" --annotate --format folded
		victim_grow
		trace_stop
		! grep -q '_\[j\]' "$TRACE_OUT" || fail "names of $make"
		(($(folded_pages "$TRACE_OUT" "pid $pid") > 1000))
		victim_cleanup
	done
}

grown_is_named()
{
	local named

	named=$(folded_pages "$TRACE_OUT" grow_malloc "pid $1")
	echo "grow_malloc has $named pages"
	# of 16 MiB, less what libc has of it
	((named >= 3900))
}

# container_grows PROGRAM: it is gone, and all it had, before anything is named.
container_grows()
{
	container_start "$1" malloc 16
	trace_start -p "$CONTAINER_PID" --period 1 --format folded
	victim_grow
	kill -KILL "$CONTAINER_PID"
	trace_wait
	victim_cleanup
}

@test "names survive the container: another root, a mount nobody else sees, gone before the end" {
	requires unshare mount

	container_grows "$BUILD/victims/heap"
	grown_is_named "$CONTAINER_PID"
}

@test "debug files of a container are read while it lives: by build-id, by name and checksum" {
	requires unshare mount gcc
	local id

	export DEBUG_AS=
	stripped_build heap -Wl,--build-id
	container_grows "$PWD/heap"
	(($(folded_pages "$TRACE_OUT" grow_malloc) == 0)) || fail "names out of nothing"
	id=$(readelf -n heap | sed -n 's/.*Build ID: //p')
	DEBUG_AS=usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	container_grows "$PWD/heap"
	grown_is_named "$CONTAINER_PID"

	stripped_build heap -Wl,--build-id=none
	DEBUG_AS=.debug/heap.debug
	container_grows "$PWD/heap"
	grown_is_named "$CONTAINER_PID"
	# its name alone is not enough
	echo changed >>heap.debug
	container_grows "$PWD/heap"
	(($(folded_pages "$TRACE_OUT" grow_malloc) == 0)) || fail "names of another file"
}

@test "a program in a chroot is named" {
	local pid root=$BATS_TEST_TMPDIR/root

	mkdir "$root"
	fill_root "$root" "$BUILD/victims/heap"
	victim_spawn chroot "$root" /heap malloc 16
	victim_wait ready
	trace_start -p "$VICTIM_PID" --period 1 --format folded
	victim_grow
	trace_stop
	grown_is_named "$VICTIM_PID"
}

@test "a program that was deleted, or replaced by another, keeps its names" {
	local how

	for how in 'rm -f heap' 'cp /bin/true new; mv new heap'; do
		cp "$BUILD/victims/heap" heap
		victim_spawn ./heap malloc 16
		victim_wait ready
		eval "$how"
		trace_start -p "$VICTIM_PID" --period 1 --format folded
		victim_grow
		trace_stop
		grown_is_named "$VICTIM_PID"
		victim_stop
	done
}

# A program that grows in calls that the compiler inlined, with DWARF.
shelf_build()
{
	cat >shelf.cc <<-'END'
		#include <cstdio>
		#include <cstdlib>
		namespace shop {
		template <typename T> struct shelf {
			[[gnu::always_inline]] inline void put(size_t bytes) { fill((char *)malloc(bytes), bytes); }
			[[gnu::always_inline]] static inline void fill(char *box, size_t bytes)
			{
				for (size_t at = 0; at < bytes; at += 4096)
					((volatile char *)box)[at] = 1;
			}
		};
		}
		__attribute__((noinline)) void grow_shelf(int count)
		{
			for (int i = 0; i < count; i++)
				shop::shelf<int>().put(1 << 20);
		}
		int main()
		{
			char line[16];
			puts("ready"); fflush(stdout);
			if (!fgets(line, sizeof(line), stdin)) return 1;
			grow_shelf(16);
			puts("grown"); fflush(stdout);
			return !fgets(line, sizeof(line), stdin);
		}
	END
	g++ -O2 -g "$@" shelf.cc -o shelf
}

# Traces it with some options and one page in one counted.
shelf_grows()
{
	victim_spawn ./shelf
	victim_wait ready
	trace_start -p "$VICTIM_PID" --period 1 "$@"
	victim_grow
	trace_stop
	victim_stop
}

@test "inlined functions and lines are told where they are asked for, and bytes stay the same" {
	requires cxx
	local fill='shop::shelf<int>::fill' put='shop::shelf<int>::put'

	shelf_build
	shelf_grows --format folded
	! grep -q 'shelf<int>' "$TRACE_OUT" || fail "inlined functions that nobody asked for"
	(($(folded_pages "$TRACE_OUT" grow_shelf) >= 4096))
	shelf_grows --inlines --annotate --format folded
	cat "$TRACE_OUT"
	(($(folded_pages "$TRACE_OUT" grow_shelf "${put}_[i]" "${fill}_[i]") >= 4080))
	shelf_grows --inlines --lines -o shelf.oomtrace
	"$OOMTRACE" report shelf.oomtrace >"$TRACE_OUT"
	cat "$TRACE_OUT"
	(($(folded_pages "$TRACE_OUT" 'grow_shelf (shelf.cc:16)' "$put (shelf.cc:5)" "$fill (shelf.cc:9)") >= 4080))
	[[ $(awk '{ sum += $NF } END { print sum }' "$TRACE_OUT") == \
		"$("$OOMTRACE" report --format json shelf.oomtrace | jq '[.stacks[].bytes] | add')" ]]
}

@test "a debug file of its build-id has the lines of a stripped program; without one it has none" {
	requires cxx
	local id debug

	shelf_build -Wl,--build-id
	id=$(readelf -n shelf | sed -n 's/.*Build ID: //p')
	debug=/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug
	objcopy --only-keep-debug shelf shelf.debug
	strip shelf
	shelf_grows --inlines --lines --cache none --format folded
	! grep -q 'shelf.cc' "$TRACE_OUT" || fail "lines out of nothing"
	mkdir -p "${debug%/*}"
	cp shelf.debug "$debug"
	shelf_grows --inlines --lines --cache none --format folded
	rm -f "$debug"
	rmdir --ignore-fail-on-non-empty "${debug%/*}"
	(($(folded_pages "$TRACE_OUT" 'grow_shelf (shelf.cc:16)' 'shop::shelf<int>::fill (shelf.cc:9)') >= 4080))
}

# Serves the debug files below ./served, with a log of who asked for what; its address is in SERVER.
server_start()
{
	local port tries=0

	until port=$((20000 + RANDOM % 10000)) && ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		((++tries < 100))
	done
	SERVER=http://127.0.0.1:$port
	mkdir -p served
	(run_in_background debuginfod -v -v -d :memory: -p "$port" -F served >served.log 2>&1) &
	SERVER_PID=$!
	# it serves before it has looked at its files
	until DEBUGINFOD_URLS=$SERVER DEBUGINFOD_CACHE_PATH=$PWD/probe \
		debuginfod-find debuginfo "$1" >/dev/null 2>&1; do
		kill -0 "$SERVER_PID" || fail "$(cat served.log)"
		rm -rf probe
	done
}

server_stop()
{
	kill "$SERVER_PID" 2>/dev/null || true
	wait "$SERVER_PID" || true
}

requests_served()
{
	grep -c '/buildid/' served.log || true
}

# Pages of grow_malloc in a run of ./heap with these options.
heap_grows()
{
	victim_spawn ./heap malloc 16
	victim_wait ready
	trace_start -p "$VICTIM_PID" --period 1 --format folded "$@"
	victim_grow
	trace_stop
	victim_stop
	NAMED=$(folded_pages "$TRACE_OUT" grow_malloc)
}

@test "debug files are fetched of servers when that is asked for, and otherwise nobody is asked" {
	requires gcc debuginfod
	local before

	stripped_build heap -Wl,--build-id
	mkdir served
	mv heap.debug served/
	server_start "$(readelf -n heap | sed -n 's/.*Build ID: //p')"
	export DEBUGINFOD_URLS=$SERVER
	before=$(requests_served)
	((before > 0))
	heap_grows --cache other
	((NAMED == 0 && $(requests_served) == before)) || fail "named, or asked: $NAMED, $(requests_served)"

	heap_grows --debuginfod --cache kept
	((NAMED >= 3900 && $(requests_served) > before))
	grep -q 'debug files\? w[a-z]* fetched' "$TRACE_TALK"

	# what was read is known without asking; a server that is gone costs the names and no more
	server_stop
	unset DEBUGINFOD_URLS
	heap_grows --debuginfod="$SERVER" --cache kept
	((NAMED >= 3900))
	heap_grows --debuginfod="$SERVER" --cache other
	((NAMED == 0 && $(folded_pages "$TRACE_OUT") >= 4096))
	grep -q 'could not be fetched: the servers do not answer' "$TRACE_TALK"
}
