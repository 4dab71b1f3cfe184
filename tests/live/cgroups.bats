#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --all tells cgroups apart: page cache and kernel memory belong to the cgroup of who asked for it,
# also when nobody who did is left.

# shellcheck disable=SC2154 # python3 is what requires calls python

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers disk python
	DATA=$BATS_TEST_TMPDIR/data
}

teardown()
{
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
		assert kind["before_bytes"] + kind["stacks_bytes"] + kind["remainder_bytes"] == kind["now_bytes"]
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
