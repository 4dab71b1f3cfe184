#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# Where BPF cannot be used the kernel's log is watched: the same spool, list and report, less in them.

# shellcheck disable=SC2030,SC2031 # each test is a subshell, and may have a WATCH_UNDER of its own
setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root cgroup_memory kernel_log setpriv
	# all that is left is reading the log
	# shellcheck disable=SC2034,SC2054 # watch_start runs under it; one word with a comma in it
	WATCH_UNDER=(setpriv --bounding-set=-all,+syslog --inh-caps=-all,+syslog)
}

teardown()
{
	live_teardown
}

@test "without BPF a kill is an incident of the kernel's log: who, which limit, whom else" {
	watch_start --format json
	[[ ${LINES[*]} == *"is missing"*"the kernel's log alone is watched"*"watching for OOM kills by the kernel's log"* ]]
	oom_start hog 64
	cgroup_nest "$CGROUP"
	oom_go
	# where the dump was not printed nothing but the pid tells whose it is
	wait_for_line "$WATCH_OUT" "*\"victim\":{\"pid\":$VICTIM_PID,*"
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	incident_check '
pid, cgroup, exe = int(sys.argv[2]), sys.argv[3], sys.argv[4]
assert incident["kind"] == "oom_kill" and incident["sources"] == ["kmsg"], incident
assert incident["scope"] == "memcg" and victim["pid"] == pid and victim["comm"] == "oom"
assert victim["uid"] == 0 and victim["oom_score_adj"] == 0, victim
assert 56 << 20 < victim["rss"]["anon_bytes"] <= 64 << 20, victim
# nothing is made up
for key in ("argv", "exe", "parent_pid", "start_boottime_ns", "threads"):
    assert key not in victim, victim
assert not victim["ancestors"] and not incident["stacks"] and not incident["timeline"]
assert incident["lost"].get("kill-unseen", 0) == 0, incident["lost"]
# ten dumps are printed in five seconds, of all kills on the host
if "order" in incident:
    assert victim["cgroup"] == f"/{cgroup}/inner", victim
    fired = [level for level in incident["cgroups"] if level["fired"]]
    assert [level["path"] for level in fired] == ["/" + cgroup], incident["cgroups"]
    assert fired[0]["limit_bytes"] == 64 << 20 and fired[0]["taken"] == "at_kill"
    assert [level["path"] for level in incident["cgroups"]][-1] == "/", incident["cgroups"]
    assert sum(term["bytes"] for term in incident["account"]) == 64 << 20
    assert [c["pid"] for c in incident["candidates"] if c["chosen"]] == [pid]
    assert incident["trigger"]["pid"] == pid and incident["trigger"]["comm"] == "oom"
' "$VICTIM_PID" "${CGROUP##*/}" "$BUILD/victims/oom"
	id=${LINE#*'"id":"'} id=${id%%'"'*}
	"$OOMTRACE" list --spool "$SPOOL" -p "$VICTIM_PID" | grep -q "$id"
	"$OOMTRACE" report --spool "$SPOOL" "$id" | grep -q "Out of memory: killed oom (pid $VICTIM_PID)"
	[[ $("$OOMTRACE" report --spool "$SPOOL" "$id" --format json) == "$LINE" ]]
}

@test "what the kernel's log does not tell of is said when it is all there is" {
	# and being somebody else
	# shellcheck disable=SC2034,SC2054
	WATCH_UNDER=(setpriv --bounding-set=-all,+syslog,+setuid,+setgid --inh-caps=-all)
	watch_start --warn 70 --sigkills --on-warn true
	[[ ${LINES[*]} == *"--warn: nobody is warned of, for limits are watched with BPF alone; --on-warn never runs"* ]]
	[[ ${LINES[*]} == *"--sigkills: none is told of, for the kernel's log has the OOM killer's alone"* ]]
}

@test "kills in the log are counted as the kernel counts them: none twice, none missing without a word" {
	watch_start --format json
	oom_start crowd 64 600
	oom_go
	for ((kill = 0; kill < 20; kill++)); do
		wait_for_line "$WATCH_OUT" '*"comm":"crowd"*'
		pid=${LINES[-1]#*'"victim":{"pid":'} pid=${pid%%,*}
		[[ -z ${seen[pid]-} ]] || fail "pid $pid was reported twice"
		seen[pid]=1
		# nothing is missing, but where the log itself had no room, which is told
		[[ ${LINES[-1]} != *'"kill-unseen"'* || ${LINES[-1]} == *'"log-overrun"'* ]] ||
			fail "${LINES[-1]}"
	done
}

@test "names in the log are their owners' to choose, and change nothing" {
	watch_start --format json
	oom_start hostile 64
	cgroup_enter 'x;y,task=z' "$VICTIM_PID"
	oom_go
	wait_for_line "$WATCH_OUT" "*\"victim\":{\"pid\":$VICTIM_PID,*"
	LINE=${LINES[-1]}
	incident_check '
assert victim["comm"] == "a;b\n\x1b[31mX 9", victim
if "order" in incident:
    assert victim["cgroup"] == f"/{sys.argv[2]}/x;y,task=z", victim
    assert incident["trigger"]["comm"] == victim["comm"]
    assert [c["comm"] for c in incident["candidates"] if c["chosen"]] == [victim["comm"]]
' "${CGROUP##*/}"
}

@test "check says that kills are watched by the kernel's log, and that nothing else works" {
	run --separate-stderr "${WATCH_UNDER[@]}" "$OOMTRACE" check
	[[ $status == 77 ]]
	[[ $output == *"oomtrace cannot trace here; --watch-oom-kills goes by the kernel's log alone."* ]]
	run --separate-stderr "${WATCH_UNDER[@]}" "$OOMTRACE" check --format json
	[[ $output == *'"watch":"kmsg"'* ]]
	run --separate-stderr setpriv --bounding-set=-all --inh-caps=-all "$OOMTRACE" check
	[[ $output == *"oomtrace cannot trace here."* ]]
}
