# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `requires root bpf thp` opens a test: it is skipped, saying what is missing, unless the machine
# was probed to have it all. Probes try the thing itself; they never look at versions, and never
# ask oomtrace, whose failure must fail a test. An unknown word is a bug in the test and fails it.

declare -gA REQUIRED_PROGRAM=(
	[redis]=redis-server [gcc]=gcc [musl]=musl-gcc [cxx]=g++ [go]=go [python]=/usr/bin/python3 [perl]=perl [node]=node
	[tmux]=tmux [busybox]=busybox [bpftool]=bpftool [setpriv]=setpriv [capsh]=capsh [unshare]=unshare [chromium]=chromium [zsh]=zsh [man]=man [debuginfod]=debuginfod [earlyoom]=earlyoom [podman]=podman [runc]=runc [crun]=crun [containerd]=containerd [eu_stack]=eu-stack
	[flamegraph]=$(command -v flamegraph.pl || echo /usr/share/perl5/Devel/NYTProf/flamegraph.pl)
)

# Both from 6.14 on; reserved memory is followed less closely without.
probe_mapping_events()
{
	[[ -d /sys/kernel/tracing/events/maple_tree/ma_write ]] &&
		! grep -qs 'memcg_path' /sys/kernel/tracing/events/mmap_lock/mmap_lock_released/format
}
# The kernel's log, read from its end; a container may not.
probe_kernel_log() { dd if=/dev/kmsg of=/dev/null bs=8192 count=1 iflag=nonblock 2>/dev/null; }
probe_root() { [[ $(id -u) == 0 ]]; }
# Loads and attaches empty programs to the hooks of the ledger, and leaves.
probe_bpf() { "$BUILD/bench/empty" </dev/null >/dev/null 2>&1; }
probe_cgroup_memory() { [[ -n $(cgroup_memory_root) ]]; }
probe_cgroup_unified() { [[ -n $(cgroup_unified_root) ]]; }
# systemd 247 and later, where distributions package it; its own library must be there as well.
probe_systemd_oomd() { [[ -x /lib/systemd/systemd-oomd ]] && /lib/systemd/systemd-oomd --version >/dev/null 2>&1; }
# What systemd-oomd wants: v2 alone, at its usual place, with memory, and pressure of it.
probe_cgroup_pressure() { [[ $(cgroup_memory_root) == /sys/fs/cgroup && -e /sys/fs/cgroup/cgroup.procs && -r /proc/pressure/memory ]]; }
probe_frame_numbers() { "$JUDGE" process $$ >/dev/null 2>&1; }
# Of cgroup v1, whose frozen processes do not die of a SIGKILL.
probe_cgroup_freezer() { [[ -w /sys/fs/cgroup/freezer/cgroup.procs ]]; }
probe_trace_instances() { [[ -w /sys/kernel/tracing/instances ]]; }
probe_fuse() { [[ -w /dev/fuse ]] && grep -qw fuse /proc/filesystems; }
probe_thp() { ! grep -qs '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled; }
probe_khugepaged() { probe_thp && [[ -w /sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan ]]; }
probe_x86_64() { [[ $(uname -m) == x86_64 ]]; }
probe_hugetlb() { [[ -w /proc/sys/vm/nr_hugepages ]]; }
probe_compaction() { [[ -w /proc/sys/vm/compact_memory ]]; }
probe_pprof_format() { [[ -d $BUILD/npm/node_modules/pprof-format ]]; }
probe_speedscope() { [[ -d $BUILD/npm/node_modules/speedscope ]]; }
# A second node with memory on it.
probe_numa() { grep -qsw MemTotal: /sys/devices/system/node/node1/meminfo; }
probe_migration_events() { [[ -d /sys/kernel/tracing/events/migrate/mm_migrate_pages_start ]]; }
# The sum of a cgroup's kernel memory: always in v1, from 5.18 on in v2.
probe_cgroup_kernel_memory()
{
	[[ -e $(cgroup_memory_root)/memory.kmem.usage_in_bytes ]] ||
		grep -qs '^kernel ' "$(cgroup_memory_root)/memory.stat"
}
probe_tmpfs() { [[ $(stat -f -c %T /dev/shm 2>/dev/null) == tmpfs && -w /dev/shm ]]; }
# Page cache that can be dropped: a file system of its own on a disk.
probe_disk() { [[ $(stat -f -c %T "$BATS_TEST_TMPDIR") == @(ext2/ext3|xfs|btrfs) ]]; }
probe_jsonschema() { /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; }
probe_mount() { unshare --mount true 2>/dev/null; }
probe_ipc_lock() { (ulimit -l unlimited) 2>/dev/null || capsh --has-p=cap_ipc_lock 2>/dev/null; }

requires()
{
	local word

	for word in "$@"; do
		if [[ -n ${REQUIRED_PROGRAM[$word]-} ]]; then
			command -v "${REQUIRED_PROGRAM[$word]}" >/dev/null ||
				skip "missing: program ${REQUIRED_PROGRAM[$word]}"
		elif declare -F "probe_$word" >/dev/null; then
			"probe_$word" || skip "missing: $word"
		else
			fail "requires: unknown word '$word'"
			return 1
		fi
	done
}
