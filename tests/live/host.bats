#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=alone
#
# --all: the sums of the ledger next to what the kernel says about the whole host.

# shellcheck disable=SC2154 # python3 is what requires calls python

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers tmpfs disk python
}

teardown()
{
	rm -f "/dev/shm/oomtrace-test-$$"
	live_teardown
}

# host_agrees KIND MIB: in $TRACE_OUT (JSON), ledger and meminfo have both grown by so much, and
# differ by no more than the stated bound and 2 MiB: what /proc/meminfo leaves out until processors
# hand in their counts, and pages the kernel took for itself.
host_agrees()
{
	/usr/bin/python3 - "$TRACE_OUT" "$@" <<-'END'
		import json, sys
		path, kind, mib = sys.argv[1], sys.argv[2], int(sys.argv[3]) << 20
		growth = json.load(open(path))
		k = next(k for k in growth["host"]["kinds"] if k["kind"] == kind)
		grown = k["now_bytes"] - k["before_bytes"]
		slack = k["error_bytes"] + (2 << 20)
		print(kind, "stacks", k["stacks_bytes"], "meminfo", grown, "remainder", k["remainder_bytes"])
		assert k["before_bytes"] + k["stacks_bytes"] + k["remainder_bytes"] == k["now_bytes"]
		sys.exit(not (abs(k["stacks_bytes"] - mib) < slack and abs(grown - mib) < slack))
	END
}

# Others use this host as well: what they release of memory from before tracing is in the remainder.
# One quiet session of a few shows that the figures agree.
host_grows()
{
	local kind=$1 tries

	for tries in 1 2 3 4 5 6; do
		victim_start "${@:2}" || return
		trace_start --all --period 16 --format json || return
		victim_grow && trace_stop || return
		! host_agrees "$kind" 96 || return 0
		victim_shed && victim_stop || return
	done
	fail "$kind: ledger and meminfo differ each of $tries times"
}

@test "--all: anonymous memory is what AnonPages has grown by" {
	host_grows anon heap malloc 96
}

@test "--all: tmpfs is what Shmem has grown by" {
	host_grows shmem shmem tmpfs 96 "/dev/shm/oomtrace-test-$$"
}

@test "--all: page cache is what Cached and Buffers have grown by" {
	host_grows file file read 96 "$BATS_TEST_TMPDIR/data"
}
