#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kills that no shared machine is to have: of the whole host, of a node, of a policy; and cgroups in
# the shapes that containers have. One watcher, as people run it, sees them all. Only in a virtual
# machine with two nodes of memory.

REPEAT=3
[[ ! ${OOMTRACE_FULL-} ]] || REPEAT=20

setup_file()
{
	[[ ${OOMTRACE_VM-} ]] || skip 'only in a virtual machine'
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	load ../lib/common
	load ../lib/watch
	watch_start --format json
	export WATCHER=$TRACE_PID WATCH_OUT SPOOL
}

teardown_file()
{
	[[ ! ${WATCHER-} ]] || kill "$WATCHER"
}

setup()
{
	local spool=$SPOOL

	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	SPOOL=$spool
	requires root bpf cgroup_memory
}

teardown()
{
	nodes_release
	live_teardown
	[[ ! -d ${TOP-} ]] || find "$TOP" -depth -type d -exec rmdir {} \; 2>/dev/null || true
}

# --- memory that is little ------------------------------------------------------------------

# node_shrink NODE MIB: as much is left for everybody; the rest is in the pool of huge pages.
node_shrink()
{
	local node=/sys/devices/system/node/node$1 free

	echo 3 >/proc/sys/vm/drop_caches
	free=$(awk '/MemFree:/ { print int($4 / 1024) }' "$node/meminfo")
	((free > $2)) || return 0
	echo $(((free - $2) / 2)) >"$node/hugepages/hugepages-2048kB/nr_hugepages"
}

nodes_release()
{
	local node

	for node in /sys/devices/system/node/node*/hugepages/hugepages-2048kB/nr_hugepages; do
		echo 0 >"$node" 2>/dev/null || true
	done
}

# --- victims without a limit of their own ---------------------------------------------------

# loose_start COMMAND...: the one the kernel chooses first, where it is not limited.
loose_start()
{
	local dir=$BATS_TEST_TMPDIR/loose

	mkdir -p "$dir"
	rm -f "$dir/in"
	mkfifo "$dir/in"
	(
		echo 1000 >/proc/self/oom_score_adj
		run_in_background "$@" <"$dir/in" >/dev/null 2>&1
	) &
	LOOSE_PID=$!
	exec {LOOSE_IN}>"$dir/in"
}

loose_go()
{
	echo go >&"$LOOSE_IN"
	exec {LOOSE_IN}>&-
}

# incident_of PID: the line of its incident is in $LINE.
incident_of()
{
	wait_for_line "$WATCH_OUT" "*\"victim\":{\"pid\":$1,*" && LINE=${LINES[-1]}
}

# Of every scenario the names of the fields are left on the machine's port, so that those of all
# kernels can be compared (tests/vm/fields).
fields()
{
	/usr/bin/python3 - "$LINE" "$OOMTRACE_KERNEL/$OOMTRACE_CGROUPS" "$1" >&3 <<'END'
import json
import sys


def names(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path + key
            yield from names(inner, path + key + ".")
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner, path[:-1] + "[].")


print("# fields", sys.argv[2], sys.argv[3], *sorted(set(names(json.loads(sys.argv[1])))))
END
}

@test "a hog in a cgroup: its incident, with everything there is to say" {
	oom_start hog 64
	oom_go
	watch_line
	fields hog
	# shellcheck disable=SC2153 # tests/lib/common.bash sets it
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	incident_check 'assert incident["scope"] == "memcg" and victim["argv"][1] == "hog", victim
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
assert any("grow_hog" in stack["frames"] for stack in anon), anon
held, error = sum(s["bytes"] for s in anon), sum(s["error_bytes"] for s in anon)
assert abs(held - victim["rss"]["anon_bytes"]) <= 2 * error, (held, victim["rss"])
assert any(f["source"] == "psi" for f in incident["figures"]), incident["figures"]'
}

@test "the whole host out of memory, again and again: the recorder survives, each is on disk" {
	local turn before

	before=$("$OOMTRACE" list --spool "$SPOOL" --json | wc -l)
	[[ $(<"/proc/$WATCHER/oom_score_adj") == -999 ]]
	node_shrink 0 160
	node_shrink 1 32
	for ((turn = 0; turn < REPEAT; turn++)); do
		loose_start "$BUILD/victims/oom" hog 4096
		loose_go
		incident_of "$LOOSE_PID"
		incident_check 'assert incident["scope"] == "global" and victim["oom_score_adj"] == 1000, incident'
		wait "$LOOSE_PID" || true
	done
	fields global
	[[ -d /proc/$WATCHER ]]
	(($("$OOMTRACE" list --spool "$SPOOL" --json | wc -l) >= before + REPEAT))
}

@test "a node out of memory, for a cgroup that may use no other" {
	local root

	root=$(cgroup_memory_root)
	grep -qsw cpuset "$root/cgroup.controllers" || skip 'missing: cpuset in the v2 hierarchy'
	echo +cpuset >"$root/cgroup.subtree_control"
	node_shrink 1 96
	oom_start hog 1024
	echo 1 >"$CGROUP/cpuset.mems"
	oom_go
	incident_of "$VICTIM_PID"
	fields cpuset
	incident_check 'assert incident["scope"] == "cpuset", incident["scope"]'
}

@test "a node out of memory, for a process that asked for no other" {
	node_shrink 1 96
	oom_start bound 1024
	oom_go
	incident_of "$VICTIM_PID"
	fields mempolicy
	incident_check 'assert incident["scope"] == "mempolicy", incident["scope"]'
}

@test "swap on zram: what the victim had there is told" {
	[[ -e /sys/block/zram1 ]] || skip 'missing: zram'
	echo 256M >/sys/block/zram1/disksize
	busybox mkswap /dev/zram1 >/dev/null
	busybox swapon /dev/zram1
	oom_start hog 32 128
	[[ ! -e $CGROUP/memory.swap.max ]] || echo 32M >"$CGROUP/memory.swap.max"
	[[ ! -e $CGROUP/memory.memsw.limit_in_bytes ]] || echo 64M >"$CGROUP/memory.memsw.limit_in_bytes"
	oom_go
	watch_line
	busybox swapoff /dev/zram1
	echo 1 >/sys/block/zram1/reset
	fields swap
	incident_check 'assert victim["rss"]["swap_bytes"] > 8 << 20, victim["rss"]'
}

@test "memory.oom.group: one incident with everybody in it" {
	oom_start protected 64
	[[ -e $CGROUP/memory.oom.group ]] || skip 'missing: memory.oom.group, which v1 does not have'
	echo 1 >"$CGROUP/memory.oom.group"
	oom_go
	victim_wait 'child *'
	echo more >&"$VICTIM_IN"
	watch_line
	fields group
	incident_check 'roles = sorted([victim["role"]] + [v["role"] for v in incident["co_victims"]])
assert roles == ["chosen", "group"], roles'
}

set_limit()
{
	if [[ -e $1/memory.max ]]; then
		echo "$2" >"$1/memory.max"
	else
		echo "$2" >"$1/memory.limit_in_bytes"
	fi
}

@test "limits nested three deep: the tightest one fired, and all are told" {
	oom_start hog 256
	TOP=$CGROUP
	cgroup_nest "$CGROUP"
	cgroup_nest "$CGROUP/inner"
	set_limit "$CGROUP/inner" 48M
	set_limit "$CGROUP/inner/inner" 96M
	oom_go
	watch_line
	fields nested
	incident_check 'levels = [(level["limit_bytes"] >> 20, level["fired"]) for level in incident["cgroups"][:3]]
assert levels == [(96, False), (48, True), (256, False)], incident["cgroups"]'
}

@test "memory.high slows it down, memory.max kills it" {
	oom_start hog 48
	[[ -e $CGROUP/memory.high ]] || skip 'missing: memory.high, which v1 does not have'
	echo 47M >"$CGROUP/memory.high"
	oom_go
	watch_line
	fields high
	incident_check 'assert [l["limit_bytes"] for l in incident["cgroups"] if l["fired"]] == [48 << 20]'
}

@test "in a user and pid namespace: the victim has the pid that everybody else sees" {
	victim_limit 64
	victim_spawn unshare --user --map-root-user --pid --fork "$BUILD/victims/oom" hog 256
	victim_wait ready
	oom_go
	watch_line
	fields namespaces
	incident_check 'assert victim["comm"] == "oom" and victim["pid"] > 2 and victim["argv"][1] == "hog", victim
assert any("grow_hog" in stack["frames"] for stack in incident["stacks"])'
}

victim_limit()
{
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$(($1 << 20))
}

@test "in a rootfs of its own: its functions have names" {
	local root=$BATS_TEST_TMPDIR/rootfs file

	mkdir -p "$root/app"
	cp "$BUILD/victims/oom" "$root/app/server"
	ldd "$BUILD/victims/oom" | grep -oE '/[^ ]+' | while read -r file; do
		cp -L --parents "$file" "$root"
	done
	victim_limit 64
	victim_spawn unshare --mount --pid --fork busybox chroot "$root" /app/server hog 256
	victim_wait ready
	oom_go
	watch_line
	fields rootfs
	incident_check 'assert victim["exe"].endswith("/app/server"), victim
assert any("grow_hog" in stack["frames"] for stack in incident["stacks"]), incident["stacks"]'
}
