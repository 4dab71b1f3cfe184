# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a victim (tests/victims/victim.h) in a memory cgroup with a limit, so that whatever goes
# wrong stays in there, and speaks its protocol.

VICTIM_LIMIT_BYTES=$((768 << 20))

# Where memory cgroups can be made: a v1 hierarchy, or v2 with the controller enabled for children.
cgroup_memory_root()
{
	local root

	for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		if [[ -e $root/memory.limit_in_bytes ]] ||
			{ grep -qsw memory $root/cgroup.controllers &&
				echo +memory 2>/dev/null >$root/cgroup.subtree_control; }; then
			echo $root
			return
		fi
	done
}

# Where the v2 hierarchy is mounted, whatever controllers it has.
cgroup_unified_root()
{
	findmnt -n -o TARGET -t cgroup2 | head -n 1
}

cgroup_make()
{
	CGROUP=$(cgroup_memory_root)/oomtrace-test-$$-$BATS_TEST_NUMBER
	mkdir "$CGROUP" || return
	if [[ -e $CGROUP/memory.limit_in_bytes ]]; then
		echo "$VICTIM_LIMIT_BYTES" >"$CGROUP/memory.limit_in_bytes"
	else
		echo "$VICTIM_LIMIT_BYTES" >"$CGROUP/memory.max"
	fi
}

# cgroup_nest CGROUP: moves the victim to a cgroup within its own, with the memory controller, which v2
# gives to those whose parent has no process.
cgroup_nest()
{
	mkdir "$1/inner"
	echo "$VICTIM_PID" >"$1/inner/cgroup.procs"
	[[ ! -e $1/cgroup.subtree_control ]] || echo +memory >"$1/cgroup.subtree_control"
}

# Makes the kernel let go of pages that nobody uses any more but that still lie in some processor's
# batch, or were isolated by a compaction: both drain the batches of all processors first.
cgroup_drain()
{
	echo 0 2>/dev/null >"$CGROUP/memory.force_empty" ||
		echo 1M 2>/dev/null >"$CGROUP/memory.reclaim" || true
}

# cgroup_enter PATH PID: a cgroup below the test's own, and a process that moves in.
cgroup_enter()
{
	mkdir -p "$CGROUP/$1" && echo "$2" >"$CGROUP/$1/cgroup.procs"
}

# Whoever is left in there was a test's.
cgroup_remove()
{
	local pid tries=0

	[[ -n ${CGROUP-} && -d $CGROUP ]] || return 0
	while read -r pid; do
		kill -KILL "$pid" 2>/dev/null || true
	done < <(find "$CGROUP" -name cgroup.procs -exec cat {} +)
	# the last process leaves a cgroup a moment after it was waited for
	until find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null; do
		((++tries < 5000)) || break
	done
	CGROUP=
}

# Starts any program in a cgroup of its own; VICTIM_IN and VICTIM_OUT are its ends. It is kept on
# one processor: pages that sit in another one's batch when they are unmapped are freed late.
victim_spawn()
{
	local dir=$BATS_TEST_TMPDIR/victim

	cgroup_make || return
	mkdir -p "$dir"
	rm -f "$dir/in" "$dir/out"
	mkfifo "$dir/in" "$dir/out"
	(
		echo "$BASHPID" >"$CGROUP/cgroup.procs"
		run_in_background taskset -c "${VICTIM_CPUS:-0}" "$@" <"$dir/in" >"$dir/out"
	) &
	VICTIM_PID=$!
	exec {VICTIM_IN}>"$dir/in" {VICTIM_OUT}<"$dir/out"
}

# victim_start PROGRAM CASE [MIB [ARGUMENT...]]
victim_start()
{
	victim_spawn "$BUILD/victims/$1" "${@:2}" && victim_wait ready
}

victim_wait()
{
	wait_for_line "$VICTIM_OUT" "$1"
}

# Grows, and keeps what the victim says about it in REGIONS.
victim_grow()
{
	echo go >&"$VICTIM_IN"
	victim_wait grown || return
	# shellcheck disable=SC2034 # tests/lib/truth.bash reads it
	mapfile -t REGIONS < <(printf '%s\n' "${LINES[@]}" | grep ^region)
}

victim_shed()
{
	echo free >&"$VICTIM_IN"
	victim_wait freed
}

victim_stop()
{
	[[ -n ${VICTIM_PID-} ]] || return 0
	{ echo quit >&"$VICTIM_IN"; } 2>/dev/null || true # it may have left already
	exec {VICTIM_IN}>&- {VICTIM_OUT}<&-
	local status=0
	wait "$VICTIM_PID" || status=$?
	VICTIM_PID=
	cgroup_remove
	((status == 0)) || fail "the victim exits with $status"
}

victim_cleanup()
{
	if [[ -n ${VICTIM_PID-} ]]; then
		kill -KILL "$VICTIM_PID" 2>/dev/null || true
		exec {VICTIM_IN}>&- {VICTIM_OUT}<&-
		wait "$VICTIM_PID" 2>/dev/null || true
		VICTIM_PID=
	fi
	cgroup_remove
}
