#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Incidents are browsed and rendered anywhere: without root, without BPF, on another machine.

# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
DATA=$ROOT/tests/data/incidents
EXPECTED=$ROOT/tests/expected/incidents

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

same()
{
	diff -u "$1" "$2"
}

# --- one incident ---------------------------------------------------------------------------

@test "an incident is printed as text, whatever stdout is" {
	for name in pod group log-only evil; do
		"$OOMTRACE" report "$DATA/$name.oomtrace" >out
		same "$EXPECTED/$name.txt" out
	done
}

@test "its stacks are printed as growth's are: folded, as a flame graph, as a profile" {
	"$OOMTRACE" report "$DATA/pod.oomtrace" --format folded >out
	same "$EXPECTED/pod.folded" out
	"$OOMTRACE" report "$DATA/pod.oomtrace" -o out.svg
	grep -q decode_attachment out.svg
	"$OOMTRACE" report "$DATA/pod.oomtrace" -o out.pb.gz
	gzip -t out.pb.gz
}

@test "the report's top says who, why and what within a screen" {
	"$OOMTRACE" report "$DATA/pod.oomtrace" | head -24 >top
	for fact in 'killed worker (pid 1234)' 'supervisor (1200)' 'pod mailer-0' \
		'256.0 MiB of 256.0 MiB' 'metrics (pid 1300) asked' 'anon 200.0 MiB' 'decode_attachment'; do
		grep -qF "$fact" top
	done
}

@test "hostile names control no terminal and break no line" {
	for format in text json folded; do
		"$OOMTRACE" report "$DATA/evil.oomtrace" --format "$format" >out
		run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]' out
	done
	run -0 "$OOMTRACE" report "$DATA/evil.oomtrace" --format json
	[[ ${#lines[@]} -eq 1 ]]
}

@test "an incident that was cut short is shown as far as it goes, and said to be cut" {
	head -c 2500 "$DATA/pod.oomtrace" >cut.oomtrace
	run --separate-stderr -1 "$OOMTRACE" report cut.oomtrace
	[[ $output == *'killed worker (pid 1234)'*'its end is missing'* ]]
	[[ $stderr == *"'cut.oomtrace' is not whole"*'cut short'* ]]
	[[ ${#stderr_lines[@]} -eq 1 ]]
}

@test "a byte that was changed anywhere is noticed" {
	size=$(wc -c <"$DATA/group.oomtrace")
	for ((at = 20; at < size; at += 97)); do
		cp "$DATA/group.oomtrace" changed.oomtrace
		printf '\xa5' | dd of=changed.oomtrace bs=1 seek=$at conv=notrunc status=none
		cmp -s "$DATA/group.oomtrace" changed.oomtrace && continue
		run --separate-stderr -1 "$OOMTRACE" report changed.oomtrace
		[[ -n $stderr ]]
	done
}
