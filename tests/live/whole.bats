#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=alone
#
# Whatever fills a cgroup, its incident is whole: tests/lib/whole-incident says what that is.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory python
}

teardown()
{
	tracer_cleanup
	live_teardown
}

# kill_whole CASE LIMIT_MIB MIB [NAME=VALUE...]: has a victim killed, and looks at all of it.
kill_whole()
{
	watch_start --format json
	oom_start "$1" "$2" "$3"
	oom_go
	watch_line
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	"$ROOT/tests/lib/whole-incident" "/${CGROUP##*/}" "$2" "${@:4}" <<<"$LINE"
}

@test "a single hog" {
	kill_whole hog 64 256 frame=grow_hog term=anon
}

@test "a process with many threads" {
	kill_whole threads 64 256 frame=grow_thread term=anon
}

@test "processes that share an address space" {
	kill_whole shared 64 256 victims=2 frame=grow_hog term=anon
}

@test "a file system in memory is filled" {
	kill_whole tmpfs 64 256 frame=grow_tmpfs term=shmem
}

@test "pipes are filled" {
	kill_whole pipes 32 256 frame=grow_pipes term=kernel_other
}

@test "sockets are filled" {
	kill_whole sockets 32 1 frame=grow_sockets term=slab,sockets,kernel_other
}

@test "slab is filled" {
	kill_whole slab 32 1 frame=grow_slab term=slab,kernel_other
}

@test "many small processes" {
	kill_whole crowd 64 128 term=anon argv=unknown
}

@test "a worker of a server that had loaded much before it forked" {
	kill_whole prefork 64 256 frame=grow_hog term=anon inherited=grow_preloaded:32 own=grow_hog:29
}

@test "a daemon whose parent, which loaded all it has, has gone" {
	kill_whole daemon 64 256 frame=grow_hog term=anon inherited=grow_preloaded:32 own=grow_hog:29
}

# kill_restless CASE PATTERN NAME=VALUE...: five die of it, whose lines match.
kill_restless()
{
	local child

	watch_start --format json
	for _ in 1 2 3 4 5; do
		oom_start "$1" 64 256
		oom_go
		victim_wait 'child *'
		child=${LINES[-1]#child }
		echo more >&"$VICTIM_IN"
		# the one who grows is killed after it
		wait_for_line "$WATCH_OUT" "*\"victim\":{${2/PID/$child}*"
		LINE=${LINES[-1]}
		"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
		"$ROOT/tests/lib/whole-incident" "/${CGROUP##*/}" 64 "${@:3}" <<<"$LINE"
		victim_cleanup
	done
}

# It, or a child that it has just forked. Another child that ends between the charge that finds no room
# and the signal gives back its page tables and its kernel stack, and what processors had in stock for
# the cgroup (MEMCG_CHARGE_BATCH) is drained then: 1.3 MiB were seen.
@test "a victim that forks while it dies" {
	kill_restless forks '*"comm":"restless","role":"chosen"' term=anon freed=2
}

@test "a victim that executes something while it dies" {
	kill_restless execs '"pid":PID,' term=anon argv=unknown
}

@test "the watcher is in the cgroup that is full, and each incident is whole" {
	local pid

	watch_start --format json
	oom_start hog 64 256
	while read -r pid; do
		echo "$pid" >"$CGROUP/cgroup.procs"
	done < <(echo "$TRACE_PID" && pgrep -P "$TRACE_PID")
	oom_go
	watch_line
	"$ROOT/tests/lib/whole-incident" "/${CGROUP##*/}" 64 frame=grow_hog term=anon <<<"$LINE"
	for _ in 1 2 3; do
		(echo "$BASHPID" >"$CGROUP/cgroup.procs" && exec "$BUILD/victims/oom" hog 128 now) || true
		watch_line
		"$ROOT/tests/lib/whole-incident" "/${CGROUP##*/}" 64 frame=grow_hog term=anon <<<"$LINE"
	done
}
