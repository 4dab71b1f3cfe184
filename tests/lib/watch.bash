# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the watcher beside a test, as people run it, with a spool of its own.

SPOOL=$BATS_TEST_TMPDIR/spool
# What runs oomtrace: a program that takes privileges or a view of files away, with its options.
WATCH_UNDER=()

# Returns when the probes are live.
watch_start()
{
	local dir=$BATS_TEST_TMPDIR/watch

	mkdir -p "$dir"
	rm -f "$dir/out" "$dir/err"
	mkfifo "$dir/out" "$dir/err"
	(run_in_background "${WATCH_UNDER[@]}" "$OOMTRACE" --watch-oom-kills --spool "$SPOOL" "$@" \
		</dev/null >"$dir/out" 2>"$dir/err") &
	TRACE_PID=$!
	# shellcheck disable=SC2034 # tests/lib/tracer.bash writes to it
	TRACE_TALK=$dir/talk
	exec {WATCH_OUT}<"$dir/out" {TRACE_ERR}<"$dir/err"
	wait_for_line "$TRACE_ERR" 'oomtrace: watching for *'
}

watch_kill()
{
	BALANCE_KILLED+=("$TRACE_PID")
	kill -KILL "$TRACE_PID"
	drain "$TRACE_ERR" >/dev/null
	exec {TRACE_ERR}<&- {WATCH_OUT}<&-
	TRACE_ERR=
	wait "$TRACE_PID" || true
	TRACE_PID=
}

# The line of our own victim: other tests have their own kills at the same time.
watch_line()
{
	wait_for_line "$WATCH_OUT" "*\"path\":\"/${CGROUP##*/}\"*" && LINE=${LINES[-1]}
}

# incident_check CODE: Python that finds the incident of $LINE in `incident`, and asserts.
incident_check()
{
	/usr/bin/python3 -c "
import json
import sys

incident = json.loads(sys.argv[1])
victim = incident['victim']
$1" "$LINE" "${@:2}"
}
