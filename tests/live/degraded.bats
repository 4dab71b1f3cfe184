#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where a kernel tells less, `check` and each report say what is not known; where it tells too
# little, the refusal says what to do.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf
}

teardown()
{
	live_teardown
}

@test "what check finds missing is what a report says it does without" {
	local name
	local -A options=([plain]='' [virtual]=--virtual)

	# what the first one uses, the second one does as well: in a virtual machine that is enough
	[[ ! ${OOMTRACE_VM-} ]] || unset 'options[plain]'
	"$OOMTRACE" check --format json >"$BATS_TEST_TMPDIR/check"
	for name in "${!options[@]}"; do
		# shellcheck disable=SC2086 # one word, or none
		"$OOMTRACE" ${options[$name]} --format json -- true >"$BATS_TEST_TMPDIR/$name" 2>/dev/null
		/usr/bin/python3 - "$BATS_TEST_TMPDIR/check" "$BATS_TEST_TMPDIR/$name" "$name" <<'END'
import json
import sys

check, report = (json.loads(open(name).read().strip().splitlines()[-1]) for name in sys.argv[1:3])
assert check["usable"] and all(hook["present"] for hook in check["hooks"] if hook["required"])
# of no use with a command: rules, kills
unused = {"process_rename", "process_move", "kill_mark", "kill_choice"}
if sys.argv[3] != "virtual":
    unused |= {"mapping_stored", "mapping_done"}
missing = {hook["without"] for hook in check["hooks"]
           if not hook["present"] and "without" in hook and hook["program"] not in unused}
said = set(report.get("degraded", []))
assert said == missing, (said, missing)
assert check["verified_instructions"]["page_alloc"] < 500000, check["verified_instructions"]
END
	done
}

@test "check: without the capabilities it says so and exits with 77" {
	requires setpriv
	run -77 setpriv --reuid 65534 --regid 65534 --clear-groups "$OOMTRACE" check
	[[ $output == *'CAP_BPF'*'MISSING'*'oomtrace cannot trace here.'* ]]
}

@test "stacks by frame pointers alone: text and JSON say so" {
	run -0 "$OOMTRACE" --unwind fp --format json -- true
	[[ $output == *'"degraded":["stacks are by frame pointers'* ]]
	run -0 "$OOMTRACE" --unwind fp --format text -- true
	[[ $output == *'  degraded  stacks are by frame pointers'* ]]
}

# As from 7.0 on, where tracefs is not mounted.
# shellcheck disable=SC2016 # for the inner shell
@test "raw tracepoints that may be preempted, and no tracefs: check and the report say what that costs" {
	requires mount
	export OOMTRACE_TEST_PERF_EVENTS=1
	# debugfs has tracefs as well
	hidden='for at in /sys/kernel/tracing /sys/kernel/debug; do busybox mount -t tmpfs tmpfs $at; done; exec "$0" "$@"'
	run -0 unshare --mount sh -c "$hidden" "$OOMTRACE" check
	[[ $output == *'Pages '*'no '*'tracefs is not mounted'* ]]
	run -0 unshare --mount sh -c "$hidden" "$OOMTRACE" --format json -- true
	[[ $output == *'"degraded":['*'tracefs is not mounted'* ]]
}

# shellcheck disable=SC2016 # for the inner shell
@test "a kernel that does not describe its types is refused, and the refusal says where to get one" {
	requires mount
	run -77 unshare --mount sh -c \
		'busybox mount -t tmpfs tmpfs /sys/kernel/btf && exec "$0" "$@"' "$OOMTRACE" -- true
	[[ $output == *'does not describe its types'*'CONFIG_DEBUG_INFO_BTF'*'Debian 11'* ]]
	run -77 unshare --mount sh -c \
		'busybox mount -t tmpfs tmpfs /sys/kernel/btf && exec "$0" "$@"' "$OOMTRACE" check
	[[ $output == *'BTF'*'MISSING'*'oomtrace cannot trace here; --watch-oom-kills goes by the kernel'?'s log alone.'* ]]
}
