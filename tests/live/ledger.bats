#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=alone
#
# The ledger as a whole: its counters and its entries agree, a full table loses names but no bytes,
# several recorders do not disturb each other, and `check` says what it is made of.

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

# "audit: 5856 entries open, 5856 counted, 0 cells and 0 accounts off"
audit_is_clean()
{
	local audit

	audit=$(grep -o 'audit: .*' "$TRACE_TALK")
	echo "$audit"
	[[ $audit =~ ^audit:\ ([1-9][0-9]*)\ entries\ open,\ ([0-9]+)\ counted,\ 0\ cells\ and\ 0\ accounts\ off$ ]] &&
		[[ ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]]
}

@test "after a busy time every counter equals the open entries it counts" {
	trace_start --all --period 1 -v --format folded
	victim_start heap malloc 64
	victim_grow
	# shellcheck disable=SC2034
	for turn in {1..40}; do
		cat /proc/self/maps >/dev/null
	done
	trace_stop
	audit_is_clean
}

@test "more stacks than the table holds: their bytes are [lost stacks], and none is missing" {
	local lost counted

	victim_start stacks tree 192
	trace_start -p "$VICTIM_PID" --period 1 --kinds=anon -v --format folded
	victim_grow
	trace_stop
	lost=$(folded_pages "$TRACE_OUT" '[lost stacks]')
	counted=$(folded_pages "$TRACE_OUT" 'grow_tree')
	echo "$counted pages with their stack, $lost without, of $((192 * 256))"
	((lost > 0 && counted > 0))
	((lost + counted == 192 * 256))
	grep -q 'lost: .*(cell-full)' "$TRACE_TALK"
	audit_is_clean
}

@test "--all: a process with stacks without end leaves room for those of others" {
	trace_start --all --period 1 --kinds=anon --format folded
	victim_start stacks tree 64
	victim_grow
	coproc OTHER { exec "$BUILD/victims/heap" malloc 8; }
	echo go >&"${OTHER[1]}"
	wait_for_line "${OTHER[0]}" grown
	trace_stop
	echo quit >&"${OTHER[1]}" || true
	echo "$(folded_pages "$TRACE_OUT" stacks '[lost stacks]') pages lost their stack"
	(($(folded_pages "$TRACE_OUT" stacks '[lost stacks]') > 0))
	(($(folded_pages "$TRACE_OUT" heap grow_malloc) >= 8 * 256 - 2))
}

@test "--strict makes lost data an exit status" {
	victim_start stacks tree 160
	trace_start -p "$VICTIM_PID" --period 1 --strict --format folded
	victim_grow
	trace_interrupt
	trace_wait
	((TRACE_STATUS == 2))
}

@test "two recorders at once both tell the truth" {
	local first_out

	victim_start heap malloc 32
	trace_start -p "$VICTIM_PID" --period 1 --kinds=anon --format folded
	first_out=$BATS_TEST_TMPDIR/other
	(run_in_background "$OOMTRACE" -p "$VICTIM_PID" --period 1 --kinds=anon -o "$first_out.folded" \
		2>"$first_out.talk") &
	other=$!
	until grep -q tracing "$first_out.talk"; do :; done
	victim_grow
	kill -INT "$other"
	wait "$other"
	trace_stop
	(($(folded_pages "$TRACE_OUT" grow_malloc) == $(folded_pages "$first_out.folded" grow_malloc)))
	(($(folded_pages "$TRACE_OUT" grow_malloc) >= 32 * 256 - 1))
}

# What a process holds of the kernel's BPF objects, "prog 12", "map 34", "link 56", "btf 7": others
# trace on this machine, too, with programs of the same names.
bpf_objects_of()
{
	sed -n -E 's/^(prog|map|link|btf)_id:[[:space:]]*([0-9]+)$/\1 \2/p' "/proc/$1/fdinfo/"* |
		sort -u
}

bpf_objects()
{
	local kind

	for kind in prog map link btf; do
		bpftool $kind show | sed -n "s/^\([0-9]*\): .*/$kind \1/p"
	done | sort
}

# The kernel lets go of an object after a grace period.
bpf_objects_are_gone()
{
	local tries=0 objects=$1

	until [[ -z $(comm -12 "$objects" <(bpf_objects)) ]]; do
		((++tries < 500)) ||
			fail "these stayed: $(comm -12 "$objects" <(bpf_objects))" || return
	done
}

# Descriptors of the kernel's objects: not the files of programs, one for each that was seen to run.
descriptors()
{
	find "/proc/$1/fd" -lname 'anon_inode:*' -o -lname 'socket:*' -o -lname 'pipe:*' | wc -l
}

@test "attached and detached a hundred times beside a watch of the host, nothing stays in the kernel" {
	local watch watch_err watch_out open all=$BATS_TEST_TMPDIR/objects turn kind

	requires bpftool
	victim_start heap malloc 16
	trace_start --all --period 16 --kinds=anon --format folded
	watch=$TRACE_PID watch_err=$TRACE_ERR watch_out=$TRACE_OUT
	bpf_objects_of "$watch" >"$all.watch"
	victim_grow
	open=$(descriptors "$watch")
	for turn in {1..100}; do
		TRACE_NAME=turn trace_start -p "$VICTIM_PID" --format folded
		bpf_objects_of "$TRACE_PID" >>"$all"
		trace_stop
	done
	sort -u -o "$all" "$all"
	# each turn had objects of its own, of every kind, or nothing was looked at
	for kind in prog map link; do
		echo "$(grep -c "^$kind" "$all") ${kind}s"
		(($(grep -c "^$kind" "$all") >= 5 * turn))
	done
	bpf_objects_are_gone "$all"
	echo "the watch has $open descriptors, then $(descriptors "$watch")"
	(($(descriptors "$watch") == open))

	# the watch still has its own, so what is there is seen
	[[ -s $all.watch && -z $(comm -23 "$all.watch" <(bpf_objects)) ]]

	# and it went on counting all the time
	TRACE_PID=$watch TRACE_ERR=$watch_err
	trace_stop
	(($(distance "$(folded_pages "$watch_out" heap grow_malloc)" 4096) <= $(allowed_pages 4096 16 4)))
	bpf_objects_are_gone "$all.watch"
}

@test "check: what it lists adds up to what it says, and works here" {
	local json

	run -0 "$OOMTRACE" check
	[[ $output == *'oomtrace works here.'* ]]
	json=$("$OOMTRACE" check --format json)
	python3 - "$json" <<'END'
import json, sys
check = json.loads(sys.argv[1])
assert check["kind"] == "check" and check["usable"] is True
assert sum(check["map_bytes"].values()) == check["map_bytes_total"] > 1 << 20
assert all(hook["present"] for hook in check["hooks"] if hook["required"])
END
}
