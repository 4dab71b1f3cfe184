# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every live test loads: where things are, how to wait without sleeping, how to clean up.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
[[ $BUILD = /* ]] || BUILD=$ROOT/$BUILD
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
JUDGE=$BUILD/judge

# Generous: only a hang gets there, a slow machine does not.
PATIENCE_SECONDS=${PATIENCE_SECONDS:-120}

# shellcheck source=tests/lib/requires.bash
source "$ROOT/tests/lib/requires.bash"
# shellcheck source=tests/lib/victim.bash
source "$ROOT/tests/lib/victim.bash"
# shellcheck source=tests/lib/balance.bash
source "$ROOT/tests/lib/balance.bash"
# shellcheck source=tests/lib/tracer.bash
source "$ROOT/tests/lib/tracer.bash"
# shellcheck source=tests/lib/truth.bash
source "$ROOT/tests/lib/truth.bash"

# The kernel is shared with whatever else runs on the machine: a case that failed is tried once more,
# and that is told (tools/run-tests shows it).
if ((${BATS_TEST_TRY_NUMBER:-1} > 1)); then
	echo "# tried again: ${BATS_TEST_DESCRIPTION:-}" >&3
elif [[ ! ${ONE_TRY-} ]]; then
	export BATS_TEST_RETRIES=1
	# The last try's stack is wanted, for which bats looks at every command: a quarter of what all this costs.
	trap - DEBUG
fi

# Whoever a test speaks to may be gone already: that is an error to handle, not the test's death.
trap '' PIPE

# Says why on the way out; bats shows what a failed test printed.
fail()
{
	printf '%s\n' "$*"
	return 1
}

# A background process of its own: no descriptor of bats (which waits for them to close), and not
# the ignored SIGINT that a shell hands to its background jobs.
run_in_background()
{
	exec 3>&- env --default-signal=INT,QUIT,PIPE "$@"
}

# wait_for_line FD PATTERN: reads lines, and keeps them in LINES, until one matches.
wait_for_line()
{
	local fd=$1 pattern=$2 line

	LINES=()
	while IFS= read -r -t "$PATIENCE_SECONDS" -u "$fd" line; do
		LINES+=("$line")
		# shellcheck disable=SC2053 # a pattern is what it is
		[[ $line != $pattern ]] || return 0
	done
	fail "waited for '$pattern', got: ${LINES[*]-nothing}"
}

# Reads until everybody has closed the other end: nobody is left then.
drain()
{
	timeout "$PATIENCE_SECONDS" cat <&"$1" || true
}

for program in "$OOMTRACE" "$JUDGE" "$BUILD/bench/empty"; do
	[[ -x $program ]] || fail "$program is not built: make all victims" || return
done

# The last of a teardown: where a session does not add up, it fails.
live_teardown()
{
	tracer_cleanup
	victim_cleanup
	balance_check
}
