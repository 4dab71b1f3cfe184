#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every program loads on this kernel, whichever compiler made it, and costs the verifier no more
# than a tenth above what tests/vm/verifier-costs records: a new program is recorded on purpose.

setup()
{
	# nothing here is by chance; tests/lib/common.bash reads it
	# shellcheck disable=SC2034
	ONE_TRY=yes
	load ../lib/common
	# counting for a test is not what it costs to load
	unset OOMTRACE_TEST_BALANCE
	requires root bpf
}

# costs_within DIRECTORY: the most each program costs in any configuration is left on the virtual
# machine's port as "# cost KERNEL COMPILER PROGRAM COUNT", for tests/vm/costs.
costs_within()
{
	local directory=$1 compiler

	compiler=$(<"$directory/compiler")
	"$directory/live/verifier" >"$BATS_TEST_TMPDIR/costs" || return
	awk -v kernel="$OOMTRACE_KERNEL" -v compiler="$compiler" '
		$3 > most[$2] { most[$2] = $3 }
		END { for (program in most) print "# cost", kernel, compiler, program, most[program] }' \
		"$BATS_TEST_TMPDIR/costs" | sort | tee "$BATS_TEST_TMPDIR/now" >&3
	"$ROOT/tests/vm/grown" "$ROOT/tests/vm/verifier-costs" "$BATS_TEST_TMPDIR/now" ||
		fail 'on purpose? then run tests/vm/costs, and commit tests/vm/verifier-costs'
}

@test "every program loads, at the verifier's recorded cost" {
	costs_within "$BUILD"
}

@test "built with a newer compiler every program loads, at the verifier's recorded cost" {
	costs_within "$BUILD/clang-19"
}
