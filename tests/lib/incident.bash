# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Watches for OOM kills beside a test (tests/live/kills.c), has victims killed in cgroups of their
# own, and looks at what an incident's events say.

# shellcheck disable=SC2120 # arguments are for single tests
# Returns when the probes are live. Where loading them is dear, one watcher serves a whole file.
kills_start()
{
	local dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/kills

	[[ -z ${KILLS_PID-} ]] || return 0
	mkdir -p "$dir"
	rm -f "$dir/out"
	mkfifo "$dir/out"
	(run_in_background "$BUILD/live/kills" "$@" </dev/null >"$dir/out" 2>"$dir/err") &
	KILLS_PID=$!
	exec {KILLS_OUT}<"$dir/out"
	wait_for_line "$KILLS_OUT" ready || fail "$(cat "$dir/err")"
}

# Called when a file begins and ends: in a virtual machine, all of its tests have one watcher.
kills_share()
{
	[[ ${OOMTRACE_VM-} ]] || return 0
	# shellcheck disable=SC2119
	kills_start && export KILLS_SHARED=yes KILLS_PID KILLS_OUT
}

kills_unshare()
{
	KILLS_SHARED=
	kills_cleanup
	balance_check
}

# A watcher of the test's own, whoever else has one.
kills_start_own()
{
	KILLS_SHARED='' KILLS_PID=''
	# shellcheck disable=SC2119
	kills_start
}

# The next incident in the test's own cgroup, or below it, is in $INCIDENT: others have their own
# kills at the same time.
kills_wait()
{
	local name=${CGROUP##*/}

	INCIDENT=$BATS_TEST_TMPDIR/incident
	while true; do
		# no byte more than its lines, of which there may be a thousand: too many for a shell's loop
		timeout "$PATIENCE_SECONDS" sed -u '/^end /q' <&"$KILLS_OUT" >"$INCIDENT"
		grep -aq '^end ' "$INCIDENT" || fail "waited for an incident, got: $(<"$INCIDENT")" || return
		! grep -aq "^level .* path=/$name\(/.*\)\?$" "$INCIDENT" || return 0
	done
}

kills_cleanup()
{
	[[ -n ${KILLS_PID-} && -z ${KILLS_SHARED-} ]] || return 0
	kill -INT "$KILLS_PID" 2>/dev/null || true
	drain "$KILLS_OUT" >/dev/null
	# it may be writing to a pipe whose other end a victim has inherited
	kill -KILL "$KILLS_PID" 2>/dev/null || true
	exec {KILLS_OUT}<&-
	wait "$KILLS_PID" 2>/dev/null || true
	KILLS_PID=
}

# oom_start CASE LIMIT_MIB [MIB]: a victim that waits for `go` where it may have LIMIT_MIB.
oom_start()
{
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$(($2 << 20))
	victim_start oom "$1" "${3:-$((4 * $2))}"
}

oom_go()
{
	echo go >&"$VICTIM_IN"
}

# incident_lines TYPE [WORD...]: the lines of a type that have all these words.
incident_lines()
{
	local type=$1 word
	local -a lines

	shift
	mapfile -t lines < <(grep -a "^$type " "$INCIDENT")
	for word in "$@"; do
		mapfile -t lines < <(printf '%s\n' "${lines[@]}" | grep -aF " $word")
	done
	[[ ${#lines[@]} == 0 ]] || printf '%s\n' "${lines[@]}"
}

# incident_field TYPE KEY [WORD...]: of the first such line.
incident_field()
{
	local type=$1 key=$2

	incident_lines "$type" "${@:3}" | sed -n "1s/.* $key=\([^ ]*\).*/\1/p"
}

# incident_pages PROCESS KIND: what its stacks held, in pages.
incident_pages()
{
	incident_lines cell "process=$1" | sed -n "s/.* $2=\([0-9]*\).*/\1/p" |
		awk '{ slots += $1 } END { print slots * 64 }'
}

# Within four sigma and a slot, one page in 64 counted, as truth.bash gates single estimates: the 95 %
# bound is of two sigma, and one in twenty lies outside.
incident_close_to()
{
	awk -v got="$1" -v wanted="$2" 'BEGIN {
		off = got > wanted ? got - wanted : wanted - got
		exit !(off <= 4 * 64 * sqrt(wanted / 64) + 64)
	}' || fail "$1 pages, and not $2"
}
