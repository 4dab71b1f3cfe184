#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reserved memory: what oomtrace says is mapped, and by whom, is what the kernel says is mapped.

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory mapping_events
}

teardown()
{
	live_teardown
}

# The test program traces a process of its own; both stay in the cgroup.
steps()
{
	victim_spawn "$BUILD/live/spaces" "$@"
	drain "$VICTIM_OUT"
	victim_stop
}

@test "after each of 10 000 random steps the bookkeeping is /proc/PID/maps, and owners are right" {
	for seed in 1 "$RANDOM$RANDOM"; do
		echo "seed $seed"
		steps 10000 "$seed"
	done
}

@test "threads that map and unmap all at once leave nothing wrong" {
	steps 50 "$RANDOM" 4
}

# mapped_bytes PID ADDRESS BYTES: what /proc/PID/maps has of a range.
mapped_bytes()
{
	local low=$(($2)) high=$(($2 + $3)) total=0 range start end

	while read -r range _; do
		start=$((16#${range%-*})) end=$((16#${range#*-}))
		((start > low)) || start=$low
		((end < high)) || end=$high
		((end <= start)) || ((total += end - start))
	done < <(grep -v vsyscall "/proc/$1/maps")
	echo "$total"
}

# all_mapped_bytes PID: VmSize, which the kernel counts apart from maps.
all_mapped_bytes()
{
	awk '$1 == "VmSize:" { print $2 * 1024 }' "/proc/$1/status"
}

# Every byte of the address space belongs to one stack, and the function to blame has its region.
reserves()
{
	local function pid where bytes region expected total

	victim_start reserve "$1" 64
	trace_start -p "$VICTIM_PID" --virtual --format folded
	victim_grow
	total=$(all_mapped_bytes "$VICTIM_PID")
	for region in "${REGIONS[@]}"; do
		read -r _ function _ pid where bytes <<<"$region"
		expected=$(mapped_bytes "$pid" "$where" "$bytes")
	done
	trace_stop
	echo "VmSize $total, by stacks $(($(folded_pages "$TRACE_OUT") * 4096))"
	(($(folded_pages "$TRACE_OUT") * 4096 == total))
	if [[ -n ${function-} ]]; then
		echo "$function: maps has $expected, oomtrace $(folded_pages "$TRACE_OUT" "$function") pages"
		(($(folded_pages "$TRACE_OUT" "$function") * 4096 == expected))
	fi
	! grep -q 'lost stacks' "$TRACE_OUT"
}

@test "--virtual blames a function for what it has mapped, less the hole it made" {
	reserves hole
}

@test "--virtual blames who moved a mapping for all of it" {
	reserves moved
}

@test "thread stacks are told apart, reserved next to resident" {
	victim_start reserve stacks 64
	trace_start -p "$VICTIM_PID" --format text
	victim_grow
	total=$(all_mapped_bytes "$VICTIM_PID")
	trace_stop
	cat "$TRACE_OUT"
	# eight stacks and their guards, of which each thread has touched a few pages
	grep -Eq '^ +thread stacks +16 +64\.0 MiB +[0-9.]+ KiB' "$TRACE_OUT"
	grep -Eq "^ +all +[0-9]+ +$(awk -v b="$total" 'BEGIN { printf "%.1f MiB", b / 1048576 }') " "$TRACE_OUT"
}

@test "a program that has ended shows what it had reserved" {
	local dir=$BATS_TEST_TMPDIR

	"$OOMTRACE" --virtual -o "$dir/out.folded" -- "$BUILD/victims/reserve" hole 64 <<<go
	cat "$dir/out.folded"
	# by its size: a program that ends at once may take its names along
	grep -q " $((63 << 20))$" "$dir/out.folded"
}

@test "a process that maps page by page, without end, keeps nobody waiting" {
	victim_start reserve turns 80
	trace_start -p "$VICTIM_PID" --virtual --format folded
	victim_grow
	trace_stop
	cat "$TRACE_OUT"
	(($(folded_pages "$TRACE_OUT") >= 80 << 8))
}

# How many of this file's tracepoints a process has attached programs to.
attached_by()
{
	cat "/proc/$1/fdinfo/"* 2>/dev/null | grep -cE '^tp_name:\s+(ma_write|mmap_lock_released)$'
}

@test "mappings are followed for --virtual alone, never while the whole host is watched" {
	victim_start reserve hole 64
	trace_start -p "$VICTIM_PID" --virtual --format folded
	[[ $(attached_by "$TRACE_PID") == 2 ]]
	trace_stop
	trace_start -p "$VICTIM_PID" --format folded
	[[ $(attached_by "$TRACE_PID") == 0 ]]
	trace_stop
	trace_start --all --format folded
	[[ $(attached_by "$TRACE_PID") == 0 ]]
	trace_stop
	run "$OOMTRACE" --all --virtual
	((status == 64))
}
