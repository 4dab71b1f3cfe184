#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=alone
#
# Exit 137, but was it OOM? Every SIGKILL that no OOM explains is told with its sender.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory jsonschema
}

teardown()
{
	sleeper_cleanup
	tracer_cleanup
	live_teardown
}

SLEEPERS=()

# Somebody to be killed: its pid is in SLEEPER.
sleeper_start()
{
	(run_in_background sleep 1000 </dev/null >/dev/null 2>&1) &
	SLEEPER=$!
	SLEEPERS+=("$SLEEPER")
	# its name comes first, then its memory: it has both when it sleeps
	until [[ $(</proc/"$SLEEPER"/stat) == *' (sleep) S '* ]]; do :; done
}

sleeper_cleanup()
{
	local pid

	for pid in "${SLEEPERS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	SLEEPERS=()
}

# The line of a victim, by its pid; valid, and of the kind wanted.
sigkill_line()
{
	wait_for_line "$WATCH_OUT" "*\"victim\":{\"pid\":$1,*" || return
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/${2:-sigkill}.schema.json" <<<"$LINE"
}

# sigkill_check PID KIND HOW COMM
sigkill_check()
{
	sigkill_line "$1"
	incident_check '
sender = incident["sender"]
assert incident["kind"] == "sigkill" and "id" not in incident, incident
assert victim["comm"] == "sleep" and victim["rss"]["file_bytes"] > 0, victim
assert victim["rss"]["pgtables_bytes"] > 0, victim
wanted = tuple(sys.argv[2:5])
assert (sender["kind"], sender["how"], sender["comm"]) == wanted, (sender, wanted)
assert not sender["for_memory"] and sender["uid"] == 0 and sender["cgroup"], sender' "${@:2}"
}

@test "each SIGKILL that no OOM explains is told with who sent it, and what the victim held" {
	local bin=$BATS_TEST_TMPDIR/bin

	watch_start --format json --sigkills
	sleeper_start
	kill -KILL "$SLEEPER"
	sigkill_check "$SLEEPER" shell system_call bash
	incident_check "assert incident['sender']['pid'] == $BASHPID, incident['sender']"

	sleeper_start
	/bin/kill -KILL "$SLEEPER"
	sigkill_check "$SLEEPER" command system_call kill
	incident_check '
assert incident["sender"]["exe"].endswith("/kill"), incident["sender"]
assert incident["sender"]["ancestors"][0]["comm"] == "bash", incident["sender"]'

	timeout -s KILL 0.1 sleep 1000 || true
	wait_for_line "$WATCH_OUT" '*"sender":{"kind":"command",*"comm":"timeout"*'

	# runtimes and others are known by their file: a sender of another name stands in for them
	mkdir "$bin"
	cp /bin/kill "$bin/containerd-shim-runc-v2"
	sleeper_start
	"$bin/containerd-shim-runc-v2" -KILL "$SLEEPER"
	sigkill_check "$SLEEPER" container_runtime system_call containerd-shim
	cp /bin/kill "$bin/systemd"
	sleeper_start
	"$bin/systemd" -KILL "$SLEEPER"
	sigkill_check "$SLEEPER" service_manager system_call systemd
}

# Nothing of it is left when the recorder may run again: not even a pid to look at.
@test "who is gone before the recorder has looked at it is told by its command line all the same" {
	watch_start --format json --sigkills
	kill -STOP "$TRACE_PID"
	sleeper_start
	kill -KILL "$SLEEPER"
	wait "$SLEEPER" || true
	kill -CONT "$TRACE_PID"
	sigkill_check "$SLEEPER" shell system_call bash
	incident_check '
assert victim["argv"] == ["sleep", "1000"] and not victim["argv_cut"], victim
assert victim["argv_taken"] == "before", victim'
}

@test "the kernel's own SIGKILLs have its reason" {
	local pid

	requires unshare setpriv
	watch_start --format json --sigkills
	# its parent ends
	bash -c 'setpriv --pdeathsig KILL sleep 1000 </dev/null >/dev/null 2>&1 & echo $!
		until [[ $(</proc/$!/comm) == sleep ]]; do :; done' >"$BATS_TEST_TMPDIR/pid"
	pid=$(<"$BATS_TEST_TMPDIR/pid")
	sigkill_check "$pid" kernel parent_death bash
	# the first process of its pid namespace ends
	unshare --pid --fork bash -c 'sleep 1000 </dev/null >/dev/null 2>&1 & exit 0'
	wait_for_line "$WATCH_OUT" '*"sender":{"kind":"kernel","how":"pid_namespace"*'
	# it runs out of CPU time
	bash -c 'ulimit -t 1; while :; do :; done' 2>/dev/null || true
	wait_for_line "$WATCH_OUT" '*"sender":{"kind":"kernel","how":"cpu_limit"*'
}

@test "cgroup.kill is told as such, with who wrote to it" {
	local unified

	requires cgroup_unified
	unified=$(cgroup_unified_root)/oomtrace-test-$$-$BATS_TEST_NUMBER
	mkdir "$unified"
	[[ -e $unified/cgroup.kill ]] || { rmdir "$unified"; skip "missing: cgroup.kill"; }
	watch_start --format json --sigkills
	sleeper_start
	echo "$SLEEPER" >"$unified/cgroup.procs"
	echo 1 >"$unified/cgroup.kill"
	wait "$SLEEPER" || true
	rmdir "$unified"
	sigkill_check "$SLEEPER" shell cgroup_kill bash
}

@test "a userspace OOM killer leaves a whole incident, with the victim's stacks, in the spool" {
	local bin=$BATS_TEST_TMPDIR/bin id

	watch_start --format json --sigkills
	victim_start heap malloc 32
	victim_grow
	mkdir "$bin"
	# one of its name; the real one has a test of its own
	cp /bin/kill "$bin/earlyoom"
	"$bin/earlyoom" -KILL "$VICTIM_PID"
	sigkill_line "$VICTIM_PID" incident
	incident_check '
assert incident["kind"] == "sigkill" and incident["sender"]["kind"] == "earlyoom", incident
assert incident["sender"]["for_memory"] and "trigger" not in incident
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
held, error = sum(s["bytes"] for s in anon), sum(s["error_bytes"] for s in anon)
assert abs(held - victim["rss"]["anon_bytes"]) <= 2 * error, (held, error, victim)
assert any("grow_malloc" in stack["frames"] for stack in anon), anon
assert sum(term["bytes"] for term in incident["account"]) == incident["account_limit_bytes"]
assert "account_cgroup" not in incident, "the host, for no limit was reached"'
	id=${LINE#*'"id":"'} id=${id%%'"'*}
	trace_interrupt
	drain "$WATCH_OUT" >/dev/null
	trace_wait
	"$OOMTRACE" list --spool "$SPOOL" -p "$VICTIM_PID" | grep -q "$id"
	"$OOMTRACE" report --spool "$SPOOL" "$id" | grep -q 'sender    earlyoom (pid'
}

# The kubelet is a Go program with whom no pod is possible without a cluster: one of its name and unit, and
# a pod's cgroup with a process left in it, which is what it kills itself.
@test "what the kubelet kills of a pod is an incident, with the pod and the kubelet's unit" {
	local bin=$BATS_TEST_TMPDIR/bin uid=0c9e6fb2-5c1c-4bd5-9d35-9b6e5c0c8a11

	watch_start --format json --sigkills
	victim_start heap malloc 32
	cgroup_enter "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid//-/_}.slice" "$VICTIM_PID"
	victim_grow
	mkdir -p "$bin" "$CGROUP/system.slice/kubelet.service"
	cp /bin/kill "$bin/kubelet"
	(echo "$BASHPID" >"$CGROUP/system.slice/kubelet.service/cgroup.procs" && exec "$bin/kubelet" -KILL "$VICTIM_PID")
	sigkill_line "$VICTIM_PID" incident
	incident_check '
sender = incident["sender"]
assert (sender["kind"], sender["how"], sender["comm"]) == ("kubelet", "system_call", "kubelet"), sender
assert sender["for_memory"] and sender["unit"] == "kubelet.service", sender
assert victim["container"]["pod_uid"] == sys.argv[2], victim
assert any("grow_malloc" in stack["frames"] for stack in incident["stacks"]), incident["stacks"]' "$uid"
	"$OOMTRACE" report --spool "$SPOOL" "$(incident_check 'print(incident["id"])')" |
		grep -q 'sender    kubelet (pid .*, the kubelet, by a system call'
}

# The real one looks at the memory of the whole host and kills whom it likes. As the first process of
# a pid namespace it likes nobody outside of that: it sees, and can signal, its own alone. "$0" is the victim.
# shellcheck disable=SC2016 # for bash in the namespace
EARLYOOM='
(($$ == 1)) || exit 1
(echo go && exec sleep 1000) | "$0" malloc 32 >victim.out &
until grep -qs grown victim.out; do :; done
total=$(sed -n "s/^MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo)
exec earlyoom -M $((total - 1)),$((total - 1)) -s 100,100 -r 0 --prefer "^heap\$"'

@test "the real earlyoom is told as the one who killed for memory, with the stacks of its victim" {
	requires earlyoom unshare
	cd "$BATS_TEST_TMPDIR" || return
	watch_start --format json --sigkills
	cgroup_make
	(
		echo "$BASHPID" >"$CGROUP/cgroup.procs"
		run_in_background unshare --pid --fork --mount-proc --kill-child bash -c "$EARLYOOM" "$BUILD/victims/heap" \
			</dev/null >earlyoom.out 2>&1
	) &
	SLEEPERS+=("$!")
	wait_for_line "$WATCH_OUT" '*"comm":"heap"*"sender":*' || fail "$(cat earlyoom.out)"
	LINE=${LINES[-1]}
	grep -q 'sending SIGKILL to process .* "heap"' earlyoom.out
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	incident_check '
sender = incident["sender"]
assert incident["kind"] == "sigkill" and sender["for_memory"], incident
assert (sender["kind"], sender["how"], sender["comm"]) == ("earlyoom", "system_call", "earlyoom"), sender
assert sender["exe"].endswith("/earlyoom") and victim["cgroup"] == "/" + sys.argv[2], (sender, victim)
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
held, error = sum(s["bytes"] for s in anon), sum(s["error_bytes"] for s in anon)
assert abs(held - victim["rss"]["anon_bytes"]) <= 2 * error, (held, error, victim)
assert any("grow_malloc" in stack["frames"] for stack in anon), anon' "${CGROUP##*/}"
}

@test "the real systemd-oomd is told as the one who killed for memory, with the stacks of its victim" {
	requires systemd_oomd cgroup_pressure python busybox unshare
	load ../lib/systemd_oomd
	cd "$BATS_TEST_TMPDIR" || return
	watch_start --format json --sigkills
	victim_start oom hog 256
	cgroup_nest "$CGROUP"
	echo 24M >"$CGROUP/memory.high"
	# what it looks for besides waiting: that pages are reclaimed
	reader_start read-again 48 "$CGROUP/inner"
	oomd_start "/${CGROUP##*/}"
	oom_go
	wait_for_line "$WATCH_OUT" '*"comm":"oom"*"sender":*' || fail "$(tail -n 20 oomd/log)"
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	incident_check '
sender = incident["sender"]
assert incident["kind"] == "sigkill" and sender["for_memory"], incident
assert (sender["kind"], sender["how"]) == ("systemd-oomd", "system_call"), sender
assert sender["exe"].endswith("/systemd-oomd") and sender["cgroup"], sender
assert victim["cgroup"] == "/" + sys.argv[2] + "/inner", victim
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
assert any("grow_hog" in stack["frames"] for stack in anon), anon' "${CGROUP##*/}"
	grep -q 'Killed ' oomd/log
}

@test "ten thousand SIGKILLs do not crowd out an OOM kill, and what is not told is counted" {
	local out=$BATS_TEST_TMPDIR/told reader

	requires python
	watch_start --format json --sigkills
	oom_start hog 32
	cat <&"$WATCH_OUT" >"$out" &
	reader=$!
	/usr/bin/python3 - "$VICTIM_IN" <<'END'
import os
import signal
import sys


def child():
    pid = os.fork()
    if not pid:
        signal.pause()
    return pid


for part in range(20):
    children = [child() for _ in range(500)]
    if part == 10:
        os.write(int(sys.argv[1]), b"go\n")
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)
END
	until grep -q "\"kind\":\"oom_kill\".*\"path\":\"/${CGROUP##*/}\"" "$out"; do :; done
	# what the kernel's ring had no room for after that kill is told with the next
	(echo "$BASHPID" >"$CGROUP/cgroup.procs" && exec "$BUILD/victims/oom" hog 128 <<<go) >/dev/null 2>&1 3>&- || true
	until (($(grep -c "\"kind\":\"oom_kill\".*\"path\":\"/${CGROUP##*/}\"" "$out") >= 2)); do :; done
	trace_interrupt
	trace_wait
	wait "$reader"
	# told, or counted: where the kernel's ring, the way to the printer or its queue was full
	/usr/bin/python3 - "$out" "$TRACE_TALK" <<'END'
import json
import re
import sys

lines = [json.loads(line) for line in open(sys.argv[1])]
told = sum(line["kind"] == "sigkill" and line["sender"]["comm"] == "python3" for line in lines)
talk = open(sys.argv[2]).read()
lost = sum(int(n) for n in re.findall(r"(\d+) SIGKILLs were not told|(\d+) reports? w", talk) for n in n if n)
ring = max(line["lost"].get("sigkill-full", 0) for line in lines)
print(told, lost, ring, talk)
assert told >= 100, told
assert told + lost + ring >= 9990, (told, lost, ring)
END
}
