#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cgroups are told apart, of the whole host and below a chosen one: page cache and kernel memory belong to the cgroup of who asked for it,
# also when nobody who did is left.

# shellcheck disable=SC2154 # python3 is what requires calls python

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers disk python
	DATA=$BATS_TEST_TMPDIR/data
	SHARED=
}

teardown()
{
	[[ -z ${REDIS_PID-} ]] || kill -KILL "$REDIS_PID" 2>/dev/null || true
	[[ -z $SHARED ]] || rm -f "$SHARED"
	live_teardown
}

# cgroup_figure KIND KEY: of $CGROUP, in pages, by the JSON in $TRACE_OUT.
cgroup_figure()
{
	/usr/bin/python3 - "$TRACE_OUT" "${CGROUP#"$(cgroup_memory_root)"}" "$@" <<-'END'
		import json, sys
		growth = json.load(open(sys.argv[1]))
		cgroup = next(c for c in growth["cgroups"] if c["path"] == sys.argv[2])
		kind = next(k for k in cgroup["kinds"] if k["kind"] == sys.argv[3])
		assert kind["before_bytes"] - kind.get("released_bytes", 0) + kind["stacks_bytes"] \
			+ kind["remainder_bytes"] == kind["now_bytes"]
		print(kind[sys.argv[4]] // 4096)
	END
}

# Runs a command in $CGROUP and waits for it.
in_cgroup()
{
	(echo "$BASHPID" >"$CGROUP/cgroup.procs" && exec "$@")
}

# files_on_disk COUNT KIB: in $DATA, and not in the page cache.
files_on_disk()
{
	mkdir "$DATA"
	/usr/bin/python3 - "$DATA" "$@" <<-'END'
		import os, sys
		for i in range(int(sys.argv[2])):
		    fd = os.open(f"{sys.argv[1]}/{i}", os.O_CREAT | os.O_RDWR)
		    os.write(fd, b"x" * (int(sys.argv[3]) << 10))
		os.sync()
		for i in range(int(sys.argv[2])):
		    os.posix_fadvise(os.open(f"{sys.argv[1]}/{i}", os.O_RDONLY), 0, 0, os.POSIX_FADV_DONTNEED)
	END
}

# agrees KIND SLACK_PAGES: what came by the ledger is what the cgroup was charged with, within the
# bound that oomtrace prints, four sigma instead of two, and the slack.
agrees()
{
	local stacks now before bound

	stacks=$(cgroup_figure "$1" stacks_bytes) now=$(cgroup_figure "$1" now_bytes)
	before=$(cgroup_figure "$1" before_bytes) bound=$(cgroup_figure "$1" error_bytes)
	echo "$1: $stacks pages by stacks, within $bound, memory.stat says $before then $now"
	(($(distance "$stacks" $((now - before))) <= 2 * bound + $2))
}

@test "page cache belongs to the cgroup of who read it, when nobody of it is left" {
	files_on_disk 4 8192
	cgroup_make
	trace_start --all --period 16 --format json
	in_cgroup cat "$DATA/0" "$DATA/1" >/dev/null
	in_cgroup cat "$DATA/2" "$DATA/3" >/dev/null
	trace_stop
	(($(cgroup_figure file stacks_bytes) > 7000))
	agrees file "$MEMCG_SLACK_PAGES"
}

@test "seven thousand readers that are gone are one legacy of their cgroup, and none of its pages is lost" {
	files_on_disk 7000 32
	cgroup_make
	trace_start --all --period 16 --format json
	in_cgroup find "$DATA" -type f -exec cat {} \; >/dev/null
	trace_stop
	/usr/bin/python3 - "$TRACE_OUT" "${CGROUP#"$(cgroup_memory_root)"}" <<-'END'
		import json, sys
		growth = json.load(open(sys.argv[1]))
		ours = [p for p in growth["processes"] if p.get("cgroup") == sys.argv[2]]
		legacy = [p for p in ours if p["comm"] == "[ended]" and p["pid"] == 0]
		folded = [s["bytes"] for s in growth["stacks"] if s["comm"] == "[ended]" and s["kind"] == "file"]
		print(len(ours), "processes,", folded)
		assert len(legacy) == 1 and len(ours) < 6500 and sum(folded) > 10 << 20
		# what the kernel skips it counts itself; no table of ours may overflow
		assert not set(growth["lost"]) - {"recursion", "ghost"}, growth["lost"]
	END
	agrees file "$MEMCG_SLACK_PAGES"
}

# v2 tells of all kernel memory since 5.18, before that of slab, page tables and stacks alone.
kernel_is_told()
{
	[[ -e $CGROUP/memory.kmem.usage_in_bytes ]] || grep -q '^kernel ' "$CGROUP/memory.stat"
}

@test "kernel memory belongs to the cgroup, by the stack that caused it" {
	victim_start kernel pipes 32
	trace_start --all --period 16 --format json
	victim_grow
	trace_stop
	! kernel_is_told || agrees kernel "$MEMCG_SLACK_PAGES"
	victim_shed && victim_stop

	victim_start kernel pipes 32
	trace_start --all --period 16 --by-cgroup --kinds=kernel --format folded
	victim_grow
	trace_stop
	pages=$(folded_pages "$TRACE_OUT" "${CGROUP#"$(cgroup_memory_root)"}" '[kernel]' grow_pipes)
	echo "$pages pages of pipes"
	(($(distance "$pages" 8192) <= $(allowed_pages 8192 16 4)))
}

# busy_cgroup FILE: a server that holds memory, a compiler that comes and goes, a writer of tmpfs, a reader
# of a file and a victim with full pipes, all at once. Redis stays; REDIS_PID.
busy_cgroup()
{
	local port=$((20000 + RANDOM % 20000)) compiler writer reader

	rm -rf "$BATS_TEST_TMPDIR/redis"
	mkdir "$BATS_TEST_TMPDIR/redis"
	(
		echo "$BASHPID" >"$CGROUP/cgroup.procs"
		run_in_background redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no \
			--daemonize no --logfile '' --dir "$BATS_TEST_TMPDIR/redis" \
			>"$BATS_TEST_TMPDIR/redis/log"
	) &
	REDIS_PID=$!
	in_cgroup gcc -O2 -std=gnu11 -D_GNU_SOURCE= -I"$ROOT" -I"$ROOT/user" -c \
		"$ROOT/user/render/svg.c" -I"$BUILD" -o "$BATS_TEST_TMPDIR/svg.o" &
	compiler=$!
	in_cgroup dd if=/dev/zero of="$SHARED" bs=1M count=24 status=none &
	writer=$!
	in_cgroup cat "$1" >/dev/null &
	reader=$!
	victim_grow
	until grep -qs 'eady to accept connections' "$BATS_TEST_TMPDIR/redis/log"; do
		kill -0 "$REDIS_PID" || return
	done
	awk 'BEGIN { for (i = 0; i < 60000; i++) printf "SET key:%d %0400d\r\n", i, i }' |
		redis-cli -p "$port" --pipe >"$BATS_TEST_TMPDIR/pipe"
	wait "$compiler" "$writer" "$reader"
}

# remains KIND PAGES: after what the ledger knows, no more than so many pages and its bound are left.
remains()
{
	local remainder bound

	remainder=$(cgroup_figure "$1" remainder_bytes) bound=$(cgroup_figure "$1" error_bytes)
	echo "$1: $(cgroup_figure "$1" stacks_bytes) pages by stacks, within $bound," \
		"now $(cgroup_figure "$1" now_bytes), remainder $remainder"
	((${remainder#-} <= 2 * bound + $2))
}

@test "--cgroup: a server, a compiler, a tmpfs writer, a reader and pipes at once add up to memory.stat, kind by kind" {
	requires redis tmpfs gcc
	local period

	# one for each period: what was read is in the page cache
	files_on_disk 2 16384
	SHARED=/dev/shm/oomtrace-test-$$
	for period in 1 16; do
		victim_start kernel pipes 16
		trace_start --cgroup "$CGROUP" --period "$period" --format json
		busy_cgroup "$DATA/$((period > 1))"
		trace_stop
		(($(cgroup_figure anon now_bytes) > 4000))
		(($(cgroup_figure shmem now_bytes) >= 24 * 256))
		(($(cgroup_figure file now_bytes) >= 16 * 256))
		# memory.stat is flushed now and then: that is the slack, of each kind
		remains anon "$MEMCG_SLACK_PAGES"
		remains shmem "$MEMCG_SLACK_PAGES"
		remains file "$MEMCG_SLACK_PAGES"
		if kernel_is_told; then
			(($(cgroup_figure kernel now_bytes) >= 16 * 256))
			remains kernel "$MEMCG_SLACK_PAGES"
		fi
		kill -KILL "$REDIS_PID"
		wait "$REDIS_PID" || true
		rm -f "$SHARED"
		victim_stop
	done
}

@test "--cgroup: what was there before and is released is told, and the rest still adds up" {
	victim_start heap malloc 32
	victim_grow
	trace_start --cgroup "$CGROUP" --period 1 --format json
	victim_shed
	trace_stop
	echo "released: $(cgroup_figure anon released_bytes) pages"
	(($(distance "$(cgroup_figure anon released_bytes)" 8192) <= MEMCG_SLACK_PAGES))
	remains anon "$MEMCG_SLACK_PAGES"
}

@test "--cgroup: cgroups below it are told one by one, and who is not below it is not" {
	victim_start heap malloc 16
	mkdir "$CGROUP/inner"
	trace_start --cgroup "$CGROUP" --period 1 --format json
	(echo "$BASHPID" >"$CGROUP/inner/cgroup.procs" && exec "$BUILD/victims/heap" malloc 8 <<<go) >/dev/null
	victim_grow
	trace_stop
	/usr/bin/python3 - "$TRACE_OUT" "${CGROUP#"$(cgroup_memory_root)"}" <<-'END'
		import json, sys
		growth = json.load(open(sys.argv[1]))
		paths = [(c["path"], c["chosen"]) for c in growth["cgroups"]]
		print(paths)
		assert paths[0] == (sys.argv[2], True)
		assert all(p.startswith(sys.argv[2] + "/") and not c for p, c in paths[1:])
	END
	remains anon "$MEMCG_SLACK_PAGES"
	rmdir "$CGROUP/inner"
}

@test "a cgroup that was removed keeps its name, and what it left" {
	files_on_disk 1 16384
	cgroup_make
	local path=${CGROUP#"$(cgroup_memory_root)"}

	# a process that stays until it was seen: its cgroup is looked up by then
	trace_start --all --period 16 --by-cgroup --kinds=file -d 4 --format folded
	in_cgroup sh -c "cat '$DATA/0' >/dev/null; : \$(seq 100000)"
	until rmdir "$CGROUP" 2>/dev/null; do :; done
	trace_wait
	pages=$(folded_pages "$TRACE_OUT" "$path" '[file]')
	echo "$pages pages"
	(($(distance "$pages" 4096) <= $(allowed_pages 4096 16 4)))
}
