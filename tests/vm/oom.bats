#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kills that no shared machine is to have: of the whole host, of a node, of a policy; and cgroups in
# the shapes that containers have. One watcher, as people run it, sees them all. Only in a virtual
# machine with two nodes of memory.

HUGE_PAGES=/sys/kernel/mm/transparent_hugepage
MIDDLING_PAGES=$HUGE_PAGES/hugepages-64kB
REPEAT=2
[[ ! ${OOMTRACE_FULL-} ]] || REPEAT=20

# Two watchers, as people run them: one with all that the kernel has, and one with tracepoints alone.
# Both see each kill, and must say the same of it.
setup_file()
{
	[[ ${OOMTRACE_VM-} ]] || skip 'only in a virtual machine'
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	load ../lib/common
	load ../lib/watch
	watch_beside
	watch_start --format json
	wait_for_line "$PLAIN_ERR" 'oomtrace: watching for *'
	export WATCHER=$TRACE_PID WATCH_OUT SPOOL
}

# Does not wait until it watches.
watch_beside()
{
	local dir=$BATS_FILE_TMPDIR/plain

	mkdir -p "$dir"
	mkfifo "$dir/out" "$dir/err"
	(OOMTRACE_TEST_TRACEPOINTS=1 run_in_background "$OOMTRACE" --watch-oom-kills \
		--spool "$dir/spool" --format json </dev/null >"$dir/out" 2>"$dir/err") &
	PLAIN=$!
	exec {PLAIN_OUT}<"$dir/out" {PLAIN_ERR}<"$dir/err"
	export PLAIN PLAIN_OUT PLAIN_ERR
}

teardown_file()
{
	[[ ${WATCHER-} ]] || return 0
	kill "$WATCHER" "$PLAIN"
	ended "$WATCHER" "$WATCH_OUT" "$TRACE_ERR"
	ended "$PLAIN" "$PLAIN_OUT" "$PLAIN_ERR"
	balance_check
}

# ended PID OUT ERR: it has ended well; what it said is shown where a test of this fails.
ended()
{
	echo "watcher $1:"
	drain "$2" >/dev/null
	drain "$3"
	wait "$1"
}

setup()
{
	local spool=$SPOOL

	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	SPOOL=$spool
	requires root cgroup_memory
}

teardown()
{
	nodes_release
	huge_pages_restore
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

# incident_of PID: the lines of its incident are in $LINE and $PLAIN_LINE.
incident_of()
{
	incident_where "*\"victim\":{\"pid\":$1,*"
}

incident_here()
{
	incident_where "*\"path\":\"/${CGROUP##*/}\"*"
}

incident_where()
{
	wait_for_line "$WATCH_OUT" "$1" && LINE=${LINES[-1]}
	wait_for_line "$PLAIN_OUT" "$1" && PLAIN_LINE=${LINES[-1]}
}

# look SCENARIO [CODE]: asserts what CODE says of both incidents, and that they say the same. The names
# of their fields are left on the machine's port, so that those of all kernels can be compared
# (tests/vm/fields).
look()
{
	# shellcheck disable=SC2153 # tests/lib/common.bash sets it
	/usr/bin/python3 "$ROOT/tests/vm/look" "$OOMTRACE_KERNEL/$OOMTRACE_CGROUPS" "$1" "$LINE" \
		"$PLAIN_LINE" "${2-}" >"$BATS_TEST_TMPDIR/fields" 2>"$BATS_TEST_TMPDIR/wrong" &&
		cat "$BATS_TEST_TMPDIR/fields" >&3 && return
	# also of what passes when it is tried again
	cut -c1-2000 "$BATS_TEST_TMPDIR/wrong" | sed 's/^/# /' >&3
	return 1
}

@test "a hog in a cgroup: its incident, with everything there is to say" {
	oom_start hog 64
	oom_go
	incident_here
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	look hog 'assert incident["scope"] == "memcg" and victim["argv"][1] == "hog", victim
assert (incident["order"], incident["domain_pages"]) == (0, 64 << 8), incident
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
assert any("grow_hog" in stack["frames"] for stack in anon), anon
held, error = sum(s["bytes"] for s in anon), sum(s["error_bytes"] for s in anon)
assert abs(held - victim["rss"]["anon_bytes"]) <= 2 * error, (held, victim["rss"])
# the kernel was asked, and its log was read
assert incident["sources"] == (["bpf", "kmsg", "kprobe"] if route == "kprobe" else ["bpf", "kmsg"])
# what the kernel chose by is what its table adds up to
if route == "kprobe":
    assert [c["badness_pages"] for c in incident["candidates"] if c["chosen"]] == [incident["badness_pages"]]
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
		look global 'assert incident["scope"] == "global" and victim["oom_score_adj"] == 1000, incident
assert incident["domain_pages"] >= victim["rss"]["anon_bytes"] // 4096, incident
assert not any(level["fired"] for level in incident["cgroups"]), incident["cgroups"]
assert incident["lost"].get("kill-unseen", 0) == 0, incident["lost"]'
		wait "$LOOSE_PID" || true
	done
	[[ -d /proc/$WATCHER && -d /proc/$PLAIN ]]
	(($("$OOMTRACE" list --spool "$SPOOL" --json | wc -l) == before + REPEAT))
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
	look cpuset 'assert (incident["scope"], incident["nodes"]) == ("cpuset", [1]), incident'
	"$OOMTRACE" report --spool "$SPOOL" -1 | grep -q 'the memory nodes of its cpuset had run out: node 1$'
}

@test "a node out of memory, for a process that asked for no other" {
	node_shrink 1 96
	oom_start bound 1024
	oom_go
	incident_of "$VICTIM_PID"
	look mempolicy 'assert (incident["scope"], incident["nodes"]) == ("mempolicy", [1]), incident'
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
	incident_here
	busybox swapoff /dev/zram1
	echo 1 >/sys/block/zram1/reset
	look swap 'assert victim["rss"]["swap_bytes"] > 8 << 20, victim["rss"]
# memory and what may be swapped out; known where the kernel was asked
if route == "kprobe":
    assert incident["domain_pages"] == 64 << 8, incident'
}

@test "memory.oom.group: one incident with everybody in it" {
	oom_start protected 64
	[[ -e $CGROUP/memory.oom.group ]] || skip 'missing: memory.oom.group, which v1 does not have'
	echo 1 >"$CGROUP/memory.oom.group"
	oom_go
	victim_wait 'child *'
	echo more >&"$VICTIM_IN"
	incident_here
	look group 'roles = sorted([victim["role"]] + [v["role"] for v in incident["co_victims"]])
assert roles == ["chosen", "group"], roles'
}

# The kernel chooses one and then kills everybody, that one as well: it counts that one twice.
@test "memory.oom.group: a server and its workers, which hold what it had loaded before it forked" {
	oom_start prefork 64
	[[ -e $CGROUP/memory.oom.group ]] || skip 'missing: memory.oom.group, which v1 does not have'
	echo 1 >"$CGROUP/memory.oom.group"
	busybox dmesg -c >/dev/null
	oom_go
	incident_here
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	"$ROOT/tests/lib/whole-incident" "/${CGROUP##*/}" 64 victims=4 loaded=32 frame=grow_hog term=anon own=grow_hog:29 <<<"$LINE" ||
		fail "${LINE:0:20000}"
	look group-heirs 'victims = [victim] + incident["co_victims"]
roles = sorted(one["role"] for one in victims)
assert roles == ["chosen", "group", "group", "group"], roles
server = [one for one in victims if one["comm"] == "oom"]
heirs = [one for one in victims if one["comm"] == "worker"]
assert len(server) == 1 and len(heirs) == 3 and victim["comm"] == "worker", victims
# each worker has what was loaded, and it fills the limit once: as the server has it
loaded, period = 32 << 20, incident["period_pages"] << 12
bound = 4 * (loaded * period) ** 0.5 + period
for one in heirs:
    assert abs(one["anon_sums"]["inherited_bytes"] - loaded) < bound, one["anon_sums"]
assert server[0]["anon_sums"]["inherited_bytes"] == 0, server
terms = {term["pid"]: term for term in incident["account"] if "pid" in term}
assert terms[server[0]["pid"]]["bytes"] == server[0]["rss"]["anon_bytes"], terms
for one in heirs:
    term = terms[one["pid"]]
    assert term["bytes"] + term["inherited_bytes"] == one["rss"]["anon_bytes"], (term, one)
stacks = sum(s["bytes"] for s in incident["stacks"] if "grow_preloaded" in s["frames"])
assert abs(stacks - loaded) < bound, (stacks, incident["stacks"])
assert incident["lost"].get("kill-unseen", 0) == 0, incident["lost"]'
	grep -qx 'oom_kill 5' "$CGROUP/memory.events" || fail "$(<"$CGROUP/memory.events")"
	! grep -q '^oom_group_kill' "$CGROUP/memory.events" || grep -qx 'oom_group_kill 1' "$CGROUP/memory.events"
	(($(busybox dmesg | grep -c 'Killed process') == 5)) || fail "$(busybox dmesg)"
}

# In vain the kernel asks again and again whom it could kill: what counts is whom it killed.
@test "a sole task at -1000 in a full cgroup is never killed, and nothing is told of it" {
	local spared

	oom_start hog 32
	[[ -e $CGROUP/memory.events ]] || skip 'missing: memory.events, which v1 does not have'
	spared=$VICTIM_PID
	echo -1000 >"/proc/$spared/oom_score_adj"
	oom_go
	until (($(awk '/^oom / { print $2 }' "$CGROUP/memory.events") >= 3)); do :; done
	grep -qx 'oom_kill 0' "$CGROUP/memory.events"
	echo 256M >"$CGROUP/memory.max"
	victim_wait grown
	victim_stop
	oom_start hog 32
	oom_go
	wait_for_line "$WATCH_OUT" "*\"path\":\"/${CGROUP##*/}\"*"
	LINE=${LINES[-1]}
	[[ ${LINES[*]} != *"\"victim\":{\"pid\":$spared,"* ]] || fail "${LINES[*]}"
	wait_for_line "$PLAIN_OUT" "*\"path\":\"/${CGROUP##*/}\"*"
	PLAIN_LINE=${LINES[-1]}
	[[ ${LINES[*]} != *"\"victim\":{\"pid\":$spared,"* ]] || fail "${LINES[*]}"
	look spared 'assert incident["lost"].get("kill-unseen", 0) == 0, incident["lost"]'
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
	incident_here
	look nested 'levels = [(level["limit_bytes"] >> 20, level["fired"]) for level in incident["cgroups"][:3]]
assert levels == [(96, False), (48, True), (256, False)], incident["cgroups"]'
}

@test "memory.high slows it down, memory.max kills it: how long it waited is told" {
	oom_start hog 48
	[[ -e $CGROUP/memory.high ]] || skip 'missing: memory.high, which v1 does not have'
	# so far below memory.max that it takes seconds to get there
	echo 43M >"$CGROUP/memory.high"
	oom_go
	incident_here
	look high 'assert [l["limit_bytes"] for l in incident["cgroups"] if l["fired"]] == [48 << 20]
# how long it was kept waiting is in the time before, which is looked at once a second
stalls = [m["stall_some_us"] for m in incident["timeline"] if "stall_some_us" in m and m.get("level") == 0]
assert len(stalls) > 1 and stalls[-1] > stalls[0], incident["timeline"]'
	"$OOMTRACE" report --spool "$SPOOL" -1 | grep -q '^  stalled .* some task waited for memory, .* (the cgroup)$'
}

# huge_pages SCENARIO SETTING: as `always` lets everybody have them, and `never` nobody: the ledger holds what
# the kernel says.
huge_pages()
{
	echo "$2" >$HUGE_PAGES/enabled
	oom_start huge 64
	oom_go
	incident_here
	look "$1" 'anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
held, error = sum(s["bytes"] for s in anon), sum(s["error_bytes"] for s in anon)
assert victim["rss"]["anon_bytes"] > 48 << 20, victim["rss"]
assert abs(held - victim["rss"]["anon_bytes"]) <= 2 * error, (held, error, victim["rss"])'
}

huge_pages_restore()
{
	[[ ! -e $MIDDLING_PAGES ]] || echo never >$MIDDLING_PAGES/enabled
	echo madvise >$HUGE_PAGES/enabled
}

@test "huge pages for everybody" {
	huge_pages thp-always always
}

@test "huge pages for nobody" {
	huge_pages thp-never never
}

@test "pages of 64 KiB: the kernel gave them, and the ledger holds what the kernel says" {
	local before

	[[ -e $MIDDLING_PAGES ]] || skip 'missing: pages of a middling size (mTHP)'
	echo always >$MIDDLING_PAGES/enabled
	before=$(<$MIDDLING_PAGES/stats/anon_fault_alloc)
	huge_pages mthp never
	# three quarters of the victim at least
	(($(<$MIDDLING_PAGES/stats/anon_fault_alloc) - before >= 48 * 1024 / 64))
}

victim_limit()
{
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$(($1 << 20))
}

@test "in a user and pid namespace: the victim has the pid that everybody else sees" {
	victim_limit 64
	victim_spawn unshare --user --map-root-user --pid --fork "$BUILD/victims/oom" hog 256
	victim_wait ready
	oom_go
	incident_here
	look namespaces 'assert victim["comm"] == "oom" and victim["pid"] > 2 and victim["argv"][1] == "hog", victim
assert any("grow_hog" in stack["frames"] for stack in incident["stacks"])'
}

@test "in a rootfs of its own: its functions have names" {
	local root=$BATS_TEST_TMPDIR/rootfs file

	mkdir -p "$root/app"
	cp "$BUILD/victims/oom" "$root/app/server"
	# what ldd does, which is a script that the machine does not have
	LD_TRACE_LOADED_OBJECTS=1 "$BUILD/victims/oom" | grep -oE '/[^ ]+' | while read -r file; do
		cp -L --parents "$file" "$root"
	done
	victim_limit 64
	victim_spawn unshare --mount --pid --fork busybox chroot "$root" /app/server hog 256
	victim_wait ready
	oom_go
	incident_here
	look rootfs 'assert victim["exe"].endswith("/app/server"), victim
assert any("grow_hog" in stack["frames"] for stack in incident["stacks"]), incident["stacks"]'
}
