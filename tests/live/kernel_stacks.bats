#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --kernel-stacks: what the kernel did for each stack, below what the program did.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers
}

teardown()
{
	live_teardown
}

# What somebody with a root shell sees, and no more.
probe_kernel_symbols() { grep -m 1 ' [tT] ' /proc/kallsyms | grep -qv ^0000000000000000; }

# nowhere PATTERN FILE: no line matches.
nowhere()
{
	if grep -E "$1" "$2"; then
		fail "'$1' is in $2"
	fi
}

kernel_stacks_of()
{
	victim_start "$@" && trace_start -p "$VICTIM_PID" --period 1 --kinds --kernel-stacks \
		--annotate --format folded && victim_grow && trace_stop
}

@test "--kernel-stacks: pipes are seen down to the allocator, by way of the call that filled them" {
	requires kernel_symbols
	kernel_stacks_of kernel pipes 8
	grep -E 'grow_pipes;.*;[a-z0-9_]*pipe_write(\.[a-z0-9.]*)?_\[k\];.*_\[k\] [0-9]+$' "$TRACE_OUT"
	# every stack that the kernel has a part in ends in it, and none in our own tracing
	nowhere '_\[k\];[^;]*[^]] [0-9]+$' "$TRACE_OUT"
	nowhere ';(bpf_|__bpf_|__traceiter_)' "$TRACE_OUT"
}

@test "--kernel-stacks: figures are the same as without" {
	# shellcheck disable=SC2034 # read by truth
	TRACE_OPTIONS=(--kernel-stacks)
	truth mapping populate 16
	truth kernel pipes 16
	truth_of_free mapping populate 16
}

@test "--kernel-stacks: what the kernel hides is one frame, and that is said" {
	requires setpriv kernel_symbols
	local dir=$BATS_TEST_TMPDIR

	setpriv --bounding-set -syslog "$OOMTRACE" --kernel-stacks --annotate --kinds --period 1 \
		-o "$dir/x.folded" -- "$BUILD/victims/mapping" populate 16 <<<go 2>"$dir/talk"
	cat "$dir/talk"
	grep -q 'kernel functions have no names' "$dir/talk"
	(($(folded_pages "$dir/x.folded" '[anon]' grow_populate '[kernel]_[k]') == 4096))
	nowhere 'ffff[0-9a-f]{12}|\[kernel\]\+' "$dir/x.folded"
}

@test "--kernel-stacks: a recording keeps the kernel's functions, and no address of it" {
	requires kernel_symbols jsonschema
	local dir=$BATS_TEST_TMPDIR

	"$OOMTRACE" --kernel-stacks --period 1 -o "$dir/x.oomtrace" -- \
		"$BUILD/victims/mapping" populate 16 <<<go
	"$OOMTRACE" report "$dir/x.oomtrace" --annotate --format folded >"$dir/x.folded"
	grep -E 'grow_populate;.*vm_mmap_pgoff_\[k\];.*_\[k\] [0-9]+$' "$dir/x.folded"
	"$OOMTRACE" report "$dir/x.oomtrace" --format json >"$dir/x.json"
	"$ROOT/tests/lib/validate-json" \
		"$ROOT/docs/schema/growth.schema.json" <"$dir/x.json"
	grep -q '"kernel_frame_count": *[1-9]' "$dir/x.json"
	# the upper half of an address of kernel text, little-endian as the file would hold it
	text=$(awk '$3 == "_stext" { print substr($1, 9, 4) }' /proc/kallsyms)
	od -An -v -tx1 "$dir/x.oomtrace" | tr -d ' \n' >"$dir/x.hex"
	nowhere "${text:2:2}${text:0:2}ffffffff" "$dir/x.hex"
}
