#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# Who was killed and why, of real kills, each looked at as a whole: the line that the watcher prints.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory
}

teardown()
{
	live_teardown
}

# who_wait PID: the incident of that victim is in $LINE.
who_wait()
{
	wait_for_line "$WATCH_OUT" "*\"victim\":{\"pid\":$1,*"
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	[[ $LINE != *'"kill-unseen"'* ]]
}

@test "a victim that lived for milliseconds is known as well as one that lived for long" {
	watch_start --format json
	before=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((8 << 20))
	victim_spawn setpriv --reuid 12345 "$BUILD/victims/oom" hog 64 now
	who_wait "$VICTIM_PID"
	incident_check '
pid, shell, before, exe, cgroup = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:]
assert victim["comm"] == "oom" and victim["tid"] == pid and victim["role"] == "chosen", victim
assert victim["argv"] == [exe, "hog", "64", "now"] and not victim["argv_cut"], victim
assert victim["uid"] == 12345 and victim["threads"] == 1 and victim["oom_score_adj"] == 0
assert victim["identity_taken"] == "at_kill" and victim["rss"]["taken"] == "at_kill", victim
assert before <= victim["start_boottime_ns"] + 10**7, (before, victim)
assert victim["cgroup"] == f"/{cgroup}" and victim["cgroup_id"] > 0, victim
assert victim["parent_pid"] == shell and victim["ancestors"][0]["pid"] == shell, victim
assert 4 << 20 < victim["rss"]["anon_bytes"] <= 8 << 20, victim
assert incident["trigger"]["pid"] == pid and incident["scope"] == "memcg"
assert incident["trigger"]["kernel_stack"], incident["trigger"]
fired = [level for level in incident["cgroups"] if level["fired"]]
assert [level["path"] for level in fired] == [f"/{cgroup}"], incident["cgroups"]
assert sum(term["bytes"] for term in incident["account"]) == 8 << 20, incident["account"]
' "$VICTIM_PID" "$BASHPID" "$before" "$BUILD/victims/oom" "${CGROUP##*/}"
}

@test "one that has executed nothing since it was forked runs what its parent runs" {
	watch_start --format json
	oom_start prefork 64 256
	oom_go
	watch_line
	incident_check '
exe = sys.argv[2]
assert victim["comm"] == "worker" and victim["argv"][0] == victim["exe"] == exe, victim
assert victim["argv"][1:] == ["prefork", "256"] and victim["argv_taken"] == "before", victim
assert victim["exe_taken"] in ("before", "at_kill"), victim
' "$BUILD/victims/oom"
}

@test "a victim in pid and mount namespaces of its own is known by the host's pids and paths" {
	requires unshare mount
	watch_start --format json
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((32 << 20))
	# the first process of its namespace: the kernel does not let it be killed from inside, but kills it
	victim_spawn unshare --pid --mount --fork --mount-proc "$BUILD/victims/oom" hog 128 now
	wait_for_line "$WATCH_OUT" "*\"path\":\"/${CGROUP##*/}\"*"
	LINE=${LINES[-1]}
	incident_check '
outer, exe, cgroup = int(sys.argv[2]), *sys.argv[3:]
assert victim["argv"] == [exe, "hog", "128", "now"], victim
assert victim["pid"] > 1 and victim["tid"] == victim["pid"] and victim["parent_pid"] == outer, victim
assert victim["ancestors"][0] == {"pid": outer, "comm": "unshare"}, victim["ancestors"]
assert victim["cgroup"] == f"/{cgroup}", victim
anon = sum(s["bytes"] for s in incident["stacks"] if s["kind"] == "anon")
error = sum(s["error_bytes"] for s in incident["stacks"] if s["kind"] == "anon")
assert abs(anon - victim["rss"]["anon_bytes"]) <= 2 * error, (anon, victim["rss"])
assert "grow_hog" in incident["stacks"][0]["frames"], incident["stacks"][0]
' "$VICTIM_PID" "$BUILD/victims/oom" "${CGROUP##*/}"
}

@test "hostile names of a thread and of a cgroup are passed on, and nothing is taken for them" {
	watch_start --format json
	oom_start hostile 64
	cgroup_enter 'x;y,task=z' "$VICTIM_PID"
	oom_go
	who_wait "$VICTIM_PID"
	incident_check '
assert victim["comm"] == "a;b\n\x1b[31mX 9", victim
assert victim["cgroup"] == f"/{sys.argv[2]}/x;y,task=z", victim
assert incident["trigger"]["comm"] == victim["comm"], incident["trigger"]
assert incident["cgroups"][0]["path"] == victim["cgroup"], incident["cgroups"]
assert [l["path"] for l in incident["cgroups"] if l["fired"]] == [f"/{sys.argv[2]}"]
assert all(c["comm"] == victim["comm"] for c in incident["candidates"] if c["chosen"])
' "${CGROUP##*/}"
	# no byte of them reaches a terminal as it is
	[[ $("$OOMTRACE" report --spool "$SPOOL" -1) != *$'\e'* ]]
}

@test "a parent's limit: the one at +1000 is killed for another that grew, -1000 where it may be" {
	watch_start --format json
	oom_start protected 64 62
	# some containers may not protect anybody
	{ echo -1000 >"/proc/$VICTIM_PID/oom_score_adj"; } 2>/dev/null || true
	adj=$(<"/proc/$VICTIM_PID/oom_score_adj")
	cgroup_enter inner/leaf "$VICTIM_PID"
	oom_go
	victim_wait 'child *'
	child=${LINES[-1]#child }
	echo more >&"$VICTIM_IN"
	who_wait "$child"
	# what the other one had is free, so that it gets all it wanted
	victim_wait grown
	incident_check '
child, grower, cgroup, adj = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
assert victim["comm"] == "scapegoat" and victim["oom_score_adj"] == 1000, victim
assert victim["parent_pid"] == grower and not incident["co_victims"], victim
assert incident["trigger"]["pid"] == grower and incident["trigger"]["comm"] == "oom"
assert incident["trigger"]["cgroup"] == victim["cgroup"] == f"/{cgroup}/inner/leaf", victim
assert any("grow_hog" in frame for frame in incident["trigger"]["user_stack"])
levels = incident["cgroups"]
assert [l["path"] for l in levels] == [f"/{cgroup}/inner/leaf", f"/{cgroup}/inner", f"/{cgroup}", "/"]
assert [l["fired"] for l in levels] == [False, False, True, False], levels
assert levels[2]["limit_bytes"] == 64 << 20 and "limit_bytes" not in levels[0], levels
for level in levels[:3]:
    assert level["taken"] == "at_kill" and level["peak_bytes"] >= level["usage_bytes"], level
    assert 62 << 20 < level["usage_bytes"] <= 64 << 20, level
assert incident["scope"] == "memcg" and incident["account_limit_bytes"] == 64 << 20
assert sum(term["bytes"] for term in incident["account"]) == 64 << 20, incident["account"]
assert 4 << 20 <= victim["rss"]["anon_bytes"] < 8 << 20, victim
# what the scapegoat held is its own, not what the grower has
held = sum(s["bytes"] for s in incident["stacks"] if s["kind"] == "anon")
error = sum(s["error_bytes"] for s in incident["stacks"] if s["kind"] == "anon")
assert held <= victim["rss"]["anon_bytes"] + 2 * error, (held, error)
# the kernel prints ten tables in five seconds, of all kills on the host
if incident["candidates"]:
    by_pid = {c["pid"]: c for c in incident["candidates"]}
    assert by_pid[child]["chosen"] and by_pid[child]["oom_score_adj"] == 1000, by_pid
    assert not by_pid[grower]["chosen"] and by_pid[grower]["oom_score_adj"] == adj, by_pid
    assert by_pid[grower]["rss_bytes"] > 50 << 20, by_pid
    assert ("badness_pages" in by_pid[grower]) == (adj > -1000), by_pid
    assert by_pid[child]["badness_pages"] > (64 << 20) // 4096, by_pid
' "$child" "$VICTIM_PID" "${CGROUP##*/}" "$adj"
}
