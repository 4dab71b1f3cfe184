#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The judges themselves, against victims whose size is known by construction: no oomtrace in here.

setup()
{
	load ../lib/common
	requires root cgroup_memory frame_numbers
}

teardown()
{
	rm -f "/dev/shm/oomtrace-test-$$"
	live_teardown
}

# judged PROGRAM CASE PAGES... [-- ARGUMENT...]: what the judge finds in each region of a victim of
# 32 MiB, in the order the victim names them.
judged()
{
	local program=$1 name=$2 region kind pid where bytes expected
	local -a expectations=()

	shift 2
	while (($#)) && [[ $1 != -- ]]; do
		expectations+=("$1")
		shift
	done
	victim_start "$program" "$name" 32 "${@:2}" && truth_before && victim_grow || return
	for region in "${REGIONS[@]}"; do
		read -r _ _ kind pid where bytes <<<"$region"
		expected=${expectations[0]} expectations=("${expectations[@]:1}")
		true_pages "$kind" "$pid" "$where" "$bytes" || return
		echo "$region: $TRUE_PAGES pages"
		((TRUE_PAGES == expected)) || fail "expected $expected" || return
	done
	((${#expectations[@]} == 0)) || fail "more regions were expected" || return
	victim_shed && victim_stop
}

@test "anonymous pages: all of them, three quarters, a half" {
	judged heap malloc 8192
	judged heap calloc 8192
	judged heap brk_shrink 4096
	judged mapping munmap_part 6144
	judged mapping dontneed 6144
	judged mapping madv_free 4096
	judged mapping populate 8192
	judged mapping mlock 8192
	judged mapping read 8192
	judged process threads 8192
}

@test "realloc: what was there before, and what came" {
	judged heap realloc 4096 4096
}

@test "processes: parent and child, heir, new image" {
	judged process fork 8192 4096
	judged process prefork 8192
	judged process exec 0 8192
	judged process vfork 8192
}

@test "huge pages: held by what is left of them" {
	requires thp
	judged huge thp 8192
	judged huge thp_half 8192
}

@test "shared memory: by mapping, by file, by cgroup" {
	requires tmpfs
	judged shmem shared 8192
	judged shmem memfd 8192
	judged shmem tmpfs 8192 -- "/dev/shm/oomtrace-test-$$"
}

@test "page cache: by file and by cgroup" {
	requires disk
	judged file read 8192 -- "$BATS_TEST_TMPDIR/data"
	judged file mmap 8192 -- "$BATS_TEST_TMPDIR/data"
}

@test "kernel memory: page tables by the process, pipes by the cgroup" {
	requires cgroup_kernel_memory
	victim_start kernel page_tables 32
	truth_before
	victim_grow
	true_pages page_tables "$VICTIM_PID" - 0
	# a table for each of 8192 pages, and a few for the levels above them
	echo "$TRUE_PAGES page tables"
	((TRUE_PAGES >= 8192 && TRUE_PAGES < 8192 + 64))
	victim_stop
	judged kernel pipes 8192
}
