#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=alone
#
# The kernel moves pages on its own account. Whoever touched them first remains their author.

KHUGEPAGED=/sys/kernel/mm/transparent_hugepage/khugepaged

setup()
{
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers
}

teardown()
{
	khugepaged_restore
	live_teardown
}

khugepaged_hurry()
{
	local name

	requires khugepaged
	for name in scan_sleep_millisecs alloc_sleep_millisecs pages_to_scan; do
		KHUGEPAGED_BEFORE[$name]=$(<$KHUGEPAGED/$name)
	done
	echo 0 >$KHUGEPAGED/alloc_sleep_millisecs
	echo 100000 >$KHUGEPAGED/pages_to_scan
	echo 1 >$KHUGEPAGED/scan_sleep_millisecs
}

khugepaged_restore()
{
	local name

	for name in "${!KHUGEPAGED_BEFORE[@]}"; do
		echo "${KHUGEPAGED_BEFORE[$name]}" >"$KHUGEPAGED/$name"
	done
}

# Of the first region: process, address, bytes.
region_place()
{
	read -r _ _ _ pid address bytes <<<"${REGIONS[0]}"
	echo "$pid $address $bytes"
}

# Pages the kernel has moved since it was booted, whoever's they are.
pages_migrated()
{
	awk '$1 == "pgmigrate_success" { print $2 }' /proc/vmstat
}

# How many of PAGES must have moved for nine tenths of them to say anything. A machine that has just
# booted has room among the victim's own pages alone; on one in use it may be anywhere.
least_moved()
{
	[[ ${OOMTRACE_VM-} ]] && echo $(($1 / 5)) || echo 1
}

# Compacts until enough of the first region has moved: what others have below it may at first fill what is
# free within it.
compact()
{
	local place all moved=0 turns=0 before

	read -ra place <<<"$(region_place)"
	"$JUDGE" frames "${place[@]}" | sort >"$BATS_TEST_TMPDIR/before"
	all=$(wc -l <"$BATS_TEST_TMPDIR/before")
	before=$(pages_migrated)
	until ((moved >= $(least_moved "$all") || turns++ == 8)); do
		echo 1 >/proc/sys/vm/compact_memory
		moved=$("$JUDGE" frames "${place[@]}" | sort | comm -13 "$BATS_TEST_TMPDIR/before" - | wc -l)
	done
	echo "compaction moved $moved of $all pages, and $(($(pages_migrated) - before)) of everybody's"
	((moved >= $(least_moved "$all"))) || fail "compaction moved too few: $moved of $all pages"
}

@test "compaction: at least nine tenths stay with their author" {
	requires compaction
	# shellcheck disable=SC2317 # truth calls it
	truth_meanwhile() { compact; }
	truth huge fragments 256
}

@test "khugepaged: at least nine tenths stay with their author" {
	declare -gA KHUGEPAGED_BEFORE
	khugepaged_hurry
	# shellcheck disable=SC2317 # truth calls it
	truth_meanwhile()
	{
		local place turns=0

		read -ra place <<<"$(region_place)"
		until (($(judge_value huge range "${place[@]}") * 4096 == place[2])); do
			((++turns < 5000)) || fail "khugepaged did not collapse all of it" || return
		done
	}
	truth huge collapse 16
}

@test "migration between NUMA nodes: at least nine tenths stay with their author" {
	requires numa migration_events
	# shellcheck disable=SC2317 # truth calls it
	truth_meanwhile()
	{
		local place there

		read -ra place <<<"$(region_place)"
		there=$(awk -v start="${place[1]#0x}" '$1 == start {
			for (i = 2; i <= NF; i++)
				if (sub(/^N1=/, "", $i))
					print $i
		}' "/proc/${place[0]}/numa_maps")
		echo "${there:-0} of $((place[2] / 4096)) pages are on the second node"
		((there * 4096 * 10 >= place[2] * 9))
	}
	truth huge migrated 16
}
