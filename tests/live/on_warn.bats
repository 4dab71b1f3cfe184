#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# --on-warn: a command for each warning, which can do nothing that it was not meant to.

# shellcheck disable=SC2154 # run sets stderr
setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory python
	# where nobody may go, and speak
	HOOK=$(mktemp -d /tmp/oomtrace-hook-XXXXXX)
	chmod 755 "$HOOK"
	mkfifo "$HOOK/said"
	chmod 622 "$HOOK/said"
	exec {SAID}<>"$HOOK/said"
}

teardown()
{
	exec {SAID}<&-
	rm -rf "$HOOK"
	tracer_cleanup
	live_teardown
}

# hook_make: the program is what stdin says; in it $said is where the test listens.
hook_make()
{
	{
		echo '#!/bin/sh'
		echo "said=$HOOK/said"
		cat
	} >"$HOOK/hook"
	chmod 755 "$HOOK/hook"
}

# A victim that holds three quarters of what it may have.
fill()
{
	oom_start before 64 384
	oom_go
	victim_wait filled
}

@test "the command is nobody's, has the values in its variables, and nothing else" {
	hook_make <<'END'
{
	printf 'words %s:%s\n' "$#" "$*"
	tr '\0' '\n' </proc/$$/environ | sed 's/^/env /'
	sed 's/^/status /' /proc/$$/status
	for fd in /proc/$$/fd/*; do
		printf 'fd %s %s\n' "${fd##*/}" "$(readlink "$fd")"
	done
	printf 'stdin %s cwd %s session %s\n' "$(readlink /proc/$$/fd/0)" "$(pwd)" "$(cut -d' ' -f6 /proc/$$/stat)"
	echo done $$
} >"$said"
END
	watch_start --format json --warn 70 --on-warn "$HOOK/hook  one   \$(touch $HOOK/x);"
	fill
	wait_for_line "$WATCH_OUT" "*\"kind\":\"warning\"*\"/${CGROUP##*/}\"*"
	LINE=${LINES[-1]}
	wait_for_line "$SAID" "env OOMTRACE_CGROUP=/${CGROUP##*/}"
	printf '%s\n' "${LINES[@]}" >"$BATS_TEST_TMPDIR/said"
	wait_for_line "$SAID" 'done *'
	printf '%s\n' "${LINES[@]}" >>"$BATS_TEST_TMPDIR/said"
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/said" "$LINE" "$HOOK/" <<'END'
import json
import re
import sys

# other tests have their own warnings at the same time: what follows the last head
lines = open(sys.argv[1]).read().split("words ")[-1].splitlines()
warning = json.loads(sys.argv[2])
print(lines, warning)
assert re.fullmatch(r"3:one \$\(touch .*/x\);", lines[0]), lines[0]
env = dict(line[4:].split("=", 1) for line in lines if line.startswith("env "))
status = dict(line[7:].split(":\t", 1) for line in lines if line.startswith("status ") and ":\t" in line)
names = {"PERCENT": "percent", "SCOPE": "scope", "CGROUP": "cgroup", "HELD_BYTES": "held_bytes",
         "USAGE_BYTES": "usage_bytes", "LIMIT_BYTES": "limit_bytes", "TREND": "trend",
         "RATE_BYTES_PER_SECOND": "rate_bytes_per_second", "FORECAST_SECONDS": "forecast_seconds",
         "FORECAST_LOW_SECONDS": "forecast_low_seconds", "FORECAST_HIGH_SECONDS": "forecast_high_seconds"}
for name, key in names.items():
    assert env.get("OOMTRACE_" + name) == (str(warning[key]) if key in warning else None), name
assert warning["limit_bytes"] == 64 << 20 and env["OOMTRACE_TIME"][:19] == warning["time"][:19]
if warning.get("stacks"):
    assert env["OOMTRACE_TOP_PID"] == str(warning["stacks"][0]["pid"])
documented = {"OOMTRACE_" + name for name in names} | {"OOMTRACE_" + name for name in
    ("TIME", "TOP_PID", "TOP_COMM", "TOP_GROWN_BYTES")} | {"PATH"}
# what a shell adds by itself
assert set(env) - {"PWD", "OLDPWD", "SHLVL", "_"} <= documented, env
assert env["PATH"].startswith("/usr/local/sbin:")
assert status["Uid"].split() == ["65534"] * 4 and status["Gid"].split() == ["65534"] * 4, status
assert status.get("Groups", "").split() in ([], ["65534"]), status
for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
    assert int(status[kind], 16) == 0, (kind, status[kind])
assert status["NoNewPrivs"] == "1", status
# what a shell has besides is its script, where it writes to, and pipes of its own
for line in lines:
    if line.startswith("fd "):
        _, number, target = line.split(" ", 2)
        assert target.startswith(sys.argv[3]) or target.startswith("pipe:") or \
            (number == "0" and target == "/dev/null") or not target, line
last = next(line for line in lines if line.startswith("stdin "))
assert last.startswith("stdin /dev/null cwd / session "), last
assert last.split()[-1] == status["Pid"].strip(), last
END
	[[ ! -e $HOOK/x ]]
}

@test "a cgroup's name runs nothing, whatever it is" {
	# shellcheck disable=SC2016 # nothing is to be expanded
	name='$(touch x); `touch y` "a b'"' | touch z"
	hook_make <<'END'
printf 'cgroup %s\n' "$OOMTRACE_CGROUP" >"$said"
END
	watch_start --warn 70 --on-warn "$HOOK/hook"
	oom_start before 512 384
	cgroup_enter "$name" "$VICTIM_PID"
	limit=$CGROUP/$name/memory.limit_in_bytes
	[[ -e $limit ]] || skip 'missing: memory cgroups below one with processes (v1)'
	echo $((64 << 20)) >"$limit"
	oom_go
	victim_wait filled
	wait_for_line "$SAID" "cgroup /${CGROUP##*/}/*"
	[[ ${LINES[-1]} == "cgroup /${CGROUP##*/}/$name" ]]
	for trace in x y z; do
		[[ ! -e $trace && ! -e /$trace && ! -e $HOOK/$trace ]]
	done
}

@test "a command that hangs is killed at its deadline with all that it started, and said so" {
	hook_make <<'END'
sleep 1000 &
echo "pids $$ $!" >"$said"
echo "I hang"
wait
END
	watch_start --warn 70 --on-warn "$HOOK/hook" --on-warn-deadline 1s
	fill
	wait_for_line "$SAID" 'pids *'
	read -r _ first second <<<"${LINES[-1]}"
	wait_for_line "$TRACE_ERR" "*--on-warn: '$HOOK/hook' was killed, it did not end in 1.0 s: I hang"
	timeout 20 tail --pid="$first" -f /dev/null
	timeout 20 tail --pid="$second" -f /dev/null
	# nothing of it has disturbed the watcher
	echo more >&"$VICTIM_IN"
	wait_for_line "$WATCH_OUT" "Out of memory: killed oom (pid $VICTIM_PID)*"
}

@test "of many warnings at once a few have their command, the others are counted and said" {
	hook_make <<'END'
echo "run $OOMTRACE_CGROUP" >"$said"
exec sleep 1000
END
	watch_start --warn 70 --on-warn "$HOOK/hook"
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((256 << 20))
	cgroup_make
	[[ -e $CGROUP/memory.limit_in_bytes ]] || skip 'missing: memory cgroups (v1)'
	for place in 1 2 3 4 5 6; do
		mkdir "$CGROUP/$place"
		echo $((16 << 20)) >"$CGROUP/$place/memory.limit_in_bytes"
		(
			echo "$BASHPID" >"$CGROUP/$place/cgroup.procs"
			exec /usr/bin/python3 -c 'import signal
held = bytearray(9 << 20)
signal.pause()'
		) {SAID}<&- {WATCH_OUT}<&- {TRACE_ERR}<&- >/dev/null 2>&1 3>&- &
	done
	wait_for_line "$TRACE_ERR" "*--on-warn: '$HOOK/hook' was not run, 4 of it are running still"
	trace_interrupt
	wait_for_line "$TRACE_ERR" "*--on-warn: '$HOOK/hook' was killed, for watching has ended"
	wait_for_line "$TRACE_ERR" '*--on-warn: * warnings had no command'
}

@test "a command that cannot be run is refused before anything is watched" {
	run -1 --separate-stderr "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" --warn 70 --on-warn /no/such
	[[ $stderr == *"--on-warn: '/no/such' cannot be run: No such file or directory"* ]]
	run -1 --separate-stderr "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" --warn 70 --on-warn no-such-program
	[[ $stderr == *"--on-warn: 'no-such-program' cannot be run: No such file or directory"* ]]
	run -1 --separate-stderr "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" --warn 70 --on-warn ./hook
	[[ $stderr == *"'./hook' does not begin with an absolute path"* ]]
	# root's alone: it is nobody who cannot
	install -m 700 /bin/true "$HOOK/hook"
	run -1 --separate-stderr "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" --warn 70 --on-warn "$HOOK/hook"
	[[ $stderr == *"'$HOOK/hook' cannot be run: Permission denied"* ]]
	run -1 --separate-stderr "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" --warn 70 --on-warn true --on-warn-user root
	[[ $stderr == *"'root' is root, and the command of --on-warn never is"* ]]
	run -1 --separate-stderr "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" --warn 70 --on-warn true --on-warn-user no-such-user
	[[ $stderr == *"there is no user 'no-such-user'"* ]]
}

@test "a command that fails, or is gone by then, is told of with what it said; another user's is his" {
	hook_make <<'END'
id -un >"$said"
echo "no \033[31mroom" >&2
exit 3
END
	watch_start --warn 70 --on-warn "$HOOK/hook" --on-warn-user daemon
	fill
	wait_for_line "$SAID" daemon
	wait_for_line "$TRACE_ERR" "*--on-warn: '$HOOK/hook' ended with 3: no \\\\x1b\[31mroom"
	victim_cleanup
	rm "$HOOK/hook"
	fill
	wait_for_line "$TRACE_ERR" "*--on-warn: '$HOOK/hook' could not be run: No such file or directory"
}
