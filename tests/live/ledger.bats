#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
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

# "audit: 5856 entries open, 5856 counted, 0 cells off"
audit_is_clean()
{
	local audit

	audit=$(grep -o 'audit: .*' "$TRACE_TALK")
	echo "$audit"
	[[ $audit =~ ^audit:\ ([1-9][0-9]*)\ entries\ open,\ ([0-9]+)\ counted,\ 0\ cells\ off$ ]] &&
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
	kill -INT "$TRACE_PID"
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

program_ids()
{
	bpftool prog show | sed -n 's/^\([0-9]*\): .* name page_alloc .*/\1/p' | sort
}

@test "attached and detached twenty times, nothing stays in the kernel" {
	local before tries=0

	requires bpftool
	victim_start heap malloc 1
	before=$(program_ids)
	# shellcheck disable=SC2034
	for turn in {1..20}; do
		"$OOMTRACE" -p "$VICTIM_PID" -d 10ms -o "$BATS_TEST_TMPDIR/x.folded"
	done
	# the kernel lets go of a program after a grace period
	until [[ -z $(comm -13 <(echo "$before") <(program_ids)) ]]; do
		((++tries < 500)) || fail "these stayed: $(program_ids)" || return
	done
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

@test "check: without the capabilities it says so and exits with 77" {
	requires setpriv
	run -77 setpriv --reuid 65534 --regid 65534 --clear-groups "$OOMTRACE" check
	[[ $output == *'CAP_BPF'*'MISSING'*'oomtrace cannot trace here.'* ]]
}
