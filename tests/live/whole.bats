#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
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
