#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What oomtrace says about a function is what the kernel says about its memory: for every way to
# grow that we know, at period 1 to the page and at 16 and 64 within the error it states; and what
# was given back is gone. tests/lib/truth.bash names the judge of each kind of memory.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers
}

teardown()
{
	rm -f "/dev/shm/oomtrace-test-$$"
	live_teardown
}

# Both promises for one victim of 32 MiB.
grows_and_frees()
{
	truth "$1" "$2" 32 && truth_of_free "$1" "$2" 32
}

@test "malloc: the pages a function touched are its own until free" {
	grows_and_frees heap malloc
}

# As from 7.0 on, where whoever runs a program of a raw tracepoint may be preempted within it.
@test "told of by events of perf, pages are the same" {
	export OOMTRACE_TEST_PERF_EVENTS=1
	"$OOMTRACE" check | grep -q '^ *Pages *yes *by events of perf'
	grows_and_frees heap malloc
	grows_and_frees huge thp
}

@test "calloc: the pages a function touched are its own until free" {
	grows_and_frees heap calloc
}

@test "realloc that moves: who touched a page first keeps it" {
	grows_and_frees heap realloc
}

@test "brk: what is below the shrunken break is left" {
	grows_and_frees heap brk_shrink
}

@test "munmap of a part: the rest is left" {
	grows_and_frees mapping munmap_part
}

@test "MADV_DONTNEED: every fourth page is gone" {
	grows_and_frees mapping dontneed
}

@test "MADV_FREE: pages are gone when they are reclaimed" {
	grows_and_frees mapping madv_free
}

@test "MAP_POPULATE: pages nobody touched belong to who mapped them" {
	grows_and_frees mapping populate
}

@test "mlock: locked pages belong to who locked them" {
	requires ipc_lock
	grows_and_frees mapping mlock
}

@test "read() into fresh memory: the kernel's own faults belong to the reader" {
	grows_and_frees mapping read
}

@test "stack: what a deep recursion left behind" {
	truth mapping stack 4 && truth_of_free mapping stack 4
}

@test "huge pages: whole ones, exact at every period" {
	requires thp
	grows_and_frees huge thp
}

@test "huge pages: half unmapped, they hold all their frames" {
	requires thp
	grows_and_frees huge thp_half
}

@test "fork: the child owns what it wrote, the parent what it had" {
	follow_children
	grows_and_frees process fork
}

# anon_total KEY: of the victim's own sum, in pages.
anon_total()
{
	sed -n "s/.*{\"pid\":$VICTIM_PID,\"kind\":\"anon\"[^}]*\"$1\":\(-\?[0-9]*\)[,}].*/\1/p" "$TRACE_OUT" |
		awk '{ print $1 / 4096 }'
}

# left OPTION...: what the child alone maps is in the parent's sum, and all of it adds up.
left()
{
	local heir where bytes elsewhere theirs skipped

	victim_start process left 16
	trace_start -p "$VICTIM_PID" --period 1 --format json "$@"
	victim_grow
	read -r _ _ _ heir where bytes <<<"${REGIONS[0]}"
	theirs=$(judge_value anon range "$heir" "$where" "$bytes")
	trace_stop
	elsewhere=$(anon_total elsewhere_bytes) skipped=$(trace_skipped_events)
	echo "the heir has $theirs pages of the range, oomtrace says $elsewhere; $skipped events skipped"
	((theirs == 4096))
	# and a few that the parent has written to since, and has copies of
	((elsewhere >= theirs - skipped && elsewhere <= theirs + 64))
	echo "unexplained: $(anon_total unexplained_bytes) pages"
	(($(distance "$(anon_total unexplained_bytes)" 0) <= skipped))
}

@test "fork: what its child alone maps is told in the author's sum, and that adds up" {
	left --children
}

@test "fork: nor is it unexplained where nobody follows the child" {
	left
}

@test "prefork: the heir of a dead worker shows that worker's pages and stacks" {
	follow_children
	grows_and_frees process prefork
}

@test "exec: the old image's pages are gone, the new one's are counted" {
	grows_and_frees process exec
}

@test "vfork: a child in the parent's memory grows the parent" {
	grows_and_frees process vfork
}

@test "CLONE_VM: a process that shares the memory grows the owner" {
	grows_and_frees process clone_vm
}

@test "threads: eight of them fill one function" {
	VICTIM_CPUS=$(cat /sys/devices/system/cpu/online) truth process threads 32
	truth_of_free process threads 32
}

@test "MAP_SHARED: shared anonymous pages" {
	grows_and_frees shmem shared
}

@test "memfd: pages of a file without a name" {
	grows_and_frees shmem memfd
}

@test "tmpfs: written pages belong to the writer until unlink" {
	requires tmpfs
	for check in truth truth_of_free; do
		"$check" shmem tmpfs 32 "/dev/shm/oomtrace-test-$$"
	done
}

@test "page cache by read: what reading brought in" {
	requires disk
	truth file read 32 "$BATS_TEST_TMPDIR/data"
}

@test "page cache by mmap: what touching a mapping brought in" {
	requires disk
	truth file mmap 32 "$BATS_TEST_TMPDIR/data"
}

@test "page tables: as many as the kernel counts" {
	requires cgroup_kernel_memory
	grows_and_frees kernel page_tables
}

@test "pipes: the bytes that lie in them" {
	requires cgroup_kernel_memory
	grows_and_frees kernel pipes
}

@test "slab: what the cgroup is charged for sockets" {
	requires cgroup_kernel_memory
	truth kernel slab
}

@test "sampling: the printed 95 % bound holds for 95 % of many functions" {
	truth mapping shares 256
	truth_bounds
}
