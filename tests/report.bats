#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Recordings are rendered anywhere: without root, without BPF, on another machine.

# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
DATA=$ROOT/tests/data
EXPECTED=$ROOT/tests/expected

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

same()
{
	diff -u "$1" "$2"
}

# fails_with PATTERN WORDS...: exit code 1 and one line on stderr like PATTERN.
fails_with()
{
	local pattern=$1

	shift
	run --separate-stderr -1 "$OOMTRACE" "$@"
	echo "$stderr"
	[[ ${#stderr_lines[@]} -eq 1 ]]
	# shellcheck disable=SC2053 # a pattern is what it is
	[[ $stderr == $pattern ]]
}

flamegraph()
{
	local script

	for script in "$(command -v flamegraph.pl)" /usr/share/perl5/Devel/NYTProf/flamegraph.pl; do
		if [[ -r $script ]]; then
			perl "$script" "$@"
			return
		fi
	done
	skip "flamegraph.pl is missing (package libdevel-nytprof-perl)"
}

# --- output ---------------------------------------------------------------------------------

@test "a recording is printed as folded stacks when stdout is no terminal" {
	"$OOMTRACE" report "$DATA/server.oomtrace" >out
	same "$EXPECTED/server.folded" out
}

@test "a recording is printed as text on request" {
	"$OOMTRACE" report "$DATA/server.oomtrace" --format text >out
	same "$EXPECTED/server.txt" out
}

@test "a recording is printed as text on a terminal" {
	script -qec "'$OOMTRACE' report '$DATA/server.oomtrace'" /dev/null >out </dev/null
	grep -q 'How it adds up' out
}

@test "--kinds tells kinds apart, --kinds=LIST prints some of them" {
	"$OOMTRACE" report --kinds "$DATA/server.oomtrace" >out
	same "$EXPECTED/server.kinds.folded" out
	"$OOMTRACE" report --kinds=anon "$DATA/server.oomtrace" >out
	same "$EXPECTED/server.anon.folded" out
}

@test "inlined functions, lines and a JIT's code are told, and marked with --annotate" {
	"$OOMTRACE" report --annotate "$DATA/inlined.oomtrace" >out
	same "$EXPECTED/inlined.annotated.folded" out
	"$OOMTRACE" report "$DATA/inlined.oomtrace" >plain
	sed 's/_\[[ij]\]//g' out >stripped
	same stripped plain
	"$OOMTRACE" report "$DATA/inlined.oomtrace" -o x.svg
	[[ $(grep -oE '<g class="f inlined"' x.svg | wc -l) -ge 3 ]]
	[[ $(grep -oE '<g class="f jit"' x.svg | wc -l) -ge 2 ]]
	run ! grep -qF '_[i]' x.svg
}

@test "--annotate marks the frames of the kernel, which are plain without" {
	"$OOMTRACE" report --annotate "$DATA/kernel.oomtrace" >out
	same "$EXPECTED/kernel.annotated.folded" out
	"$OOMTRACE" report "$DATA/kernel.oomtrace" >plain
	sed 's/_\[k\]//g' out >stripped
	same stripped plain
}

@test "--since-start counts what was allocated" {
	"$OOMTRACE" report --since-start "$DATA/server.oomtrace" >out
	same "$EXPECTED/server.since-start.folded" out
}

@test "the ending of -o is the format" {
	"$OOMTRACE" report "$DATA/server.oomtrace" -o out.folded
	"$OOMTRACE" report "$DATA/server.oomtrace" -o out.txt
	same "$EXPECTED/server.folded" out.folded
	same "$EXPECTED/server.txt" out.txt
}

@test "a recording is read from stdin" {
	"$OOMTRACE" report - <"$DATA/server.oomtrace" >out
	same "$EXPECTED/server.folded" out
}

@test "a recording needs no privilege to be rendered" {
	[[ $EUID -eq 0 ]] || skip "not root: every other test here shows it"
	# the checkout may lie where nobody else can look
	cp "$OOMTRACE" oomtrace
	chmod 755 . oomtrace
	setpriv --reuid=65534 --regid=65534 --clear-groups ./oomtrace report - \
		<"$DATA/server.oomtrace" >out
	same "$EXPECTED/server.folded" out
}

@test "nothing has grown: nothing on stdout, a sentence on stderr" {
	run --separate-stderr -0 "$OOMTRACE" report "$DATA/idle.oomtrace"
	[[ -z $output ]]
	[[ $stderr == *"no memory was seen to grow"* ]]
}

@test "lost data is said on stderr, and is exit code 2 with --strict" {
	run --separate-stderr -0 "$OOMTRACE" report "$DATA/server.oomtrace"
	[[ $stderr == *"a stack could not be sent"* && $stderr != *"a free was not seen"* ]]
	run --separate-stderr -2 "$OOMTRACE" report --strict "$DATA/server.oomtrace"
	run --separate-stderr -0 "$OOMTRACE" report --strict "$DATA/prefork.oomtrace"
}

# --- a part of it ---------------------------------------------------------------------------

@test "--to shows what was held then, by offset and by time of day" {
	"$OOMTRACE" report "$DATA/snapshots.oomtrace" --to 20 >out
	same "$EXPECTED/snapshots.to-20.folded" out
	"$OOMTRACE" report "$DATA/snapshots.oomtrace" --to 2023-11-14T23:13:45+01:00 --format text >out
	same "$EXPECTED/snapshots.to-20.txt" out
}

@test "--from shows what grew, and says what folded stacks cannot show" {
	run --separate-stderr -0 "$OOMTRACE" report "$DATA/snapshots.oomtrace" --from 10s --to 20s
	[[ $output == "$(<"$EXPECTED/snapshots.10-to-20.folded")" ]]
	[[ $stderr == *"2 stacks that have shrunk, by 13369344 bytes, are left out"* ]]
	[[ ${#stderr_lines[@]} -eq 2 ]] # and what was lost
	# the growth in text is the lines less what was left out
	total=$(awk '{ sum += $NF } END { printf "%d", sum - 13369344 }' <<<"$output")
	text=$("$OOMTRACE" report "$DATA/snapshots.oomtrace" --from 10 --to 20 --format text 2>/dev/null)
	[[ $text == *"($total bytes)"* && $text == *"-12.5 MiB"* ]]
}

@test "--from and --since-start show what was allocated in between" {
	"$OOMTRACE" report "$DATA/snapshots.oomtrace" --from 10 --since-start --format text >out
	same "$EXPECTED/snapshots.since-10.txt" out
}

@test "where no snapshot is, what there is is named" {
	fails_with "*'$DATA/snapshots.oomtrace' has no snapshots*its 4 were taken from 0.000 s to 30.000 s*" \
		report "$DATA/snapshots.oomtrace" --from 11 --to 19
	fails_with "*only the end: record with -i" report "$DATA/server.oomtrace" --from 1
}

@test "of a recording cut within a snapshot, the one before is shown" {
	size=$(stat -c %s "$DATA/snapshots.oomtrace")
	head -c $((size - 300)) "$DATA/snapshots.oomtrace" >cut.oomtrace
	run --separate-stderr -1 "$OOMTRACE" report cut.oomtrace --format text
	[[ $stderr == *"cut short"* ]]
	[[ $output == *"at 20.0 s after the start"*"(39976960 bytes)"*"the end of the recording"* ]]
}

# --- two of them ----------------------------------------------------------------------------

@test "diff has a column for each recording, and their totals" {
	"$OOMTRACE" diff "$DATA/server.oomtrace" "$DATA/prefork.oomtrace" >out 2>/dev/null
	for column in 1 0; do
		recording=$([[ $column -eq 1 ]] && echo server || echo prefork)
		sum=$(awk -v column=$column '{ sum += $(NF - column) } END { printf "%d", sum }' out)
		[[ $sum -eq $(awk '{ sum += $NF } END { printf "%d", sum }' "$EXPECTED/$recording.folded") ]]
	done
	run grep -E 'pid [0-9]|inherited from' out
	[[ -z $output ]]
}

@test "the same recording twice differs nowhere" {
	"$OOMTRACE" diff "$DATA/hostile.oomtrace" "$DATA/hostile.oomtrace" >out
	awk '$NF != $(NF - 1) { exit 1 }' out
	[[ $(wc -l <out) -eq $(wc -l <"$EXPECTED/hostile.folded") ]]
}

@test "flamegraph.pl reads a diff without a warning, and paints it in two colours" {
	"$OOMTRACE" diff "$DATA/server.oomtrace" "$DATA/prefork.oomtrace" >folded 2>/dev/null
	flamegraph --countname bytes folded >svg 2>warnings
	[[ ! -s warnings ]]
	# red is more, blue is less: only a differential graph has both
	grep -qE 'fill="rgb\(255,[0-9]+,[0-9]+\)"' svg
	grep -qE 'fill="rgb\([0-9]+,[0-9]+,255\)"' svg
}

@test "diff of what cannot be read says which" {
	fails_with "*'no.oomtrace'*No such file*" diff "$DATA/server.oomtrace" no.oomtrace
	fails_with "*'/dev/null': not an oomtrace file" diff /dev/null "$DATA/server.oomtrace"
}

# --- the flame graph ------------------------------------------------------------------------

@test "flamegraph.pl reads every recording without a warning, and its total is ours" {
	for recording in server prefork command hostile snapshots; do
		"$OOMTRACE" report "$DATA/$recording.oomtrace" >folded 2>/dev/null
		flamegraph --colors mem --countname bytes folded >svg 2>warnings
		[[ ! -s warnings ]]
		total=$(awk '{ sum += $NF } END { printf "%d", sum }' folded)
		shown=$(sed -n 's/.*<title>all (\([0-9,]*\) bytes.*/\1/p' svg)
		[[ ${shown//,/} -eq $total ]]
		text=$("$OOMTRACE" report "$DATA/$recording.oomtrace" --format text 2>/dev/null)
		[[ $text == *"($total bytes)"* ]]
	done
}

# --- bad input ------------------------------------------------------------------------------

@test "every saved file is rendered in every format" {
	local file format

	for file in "$ROOT"/tests/data/*.oomtrace "$ROOT"/tests/data/incidents/*.oomtrace "$ROOT"/docs/images/*.oomtrace; do
		for format in text folded json svg html pprof; do
			"$OOMTRACE" report "$file" --format "$format" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
			# where there are no stacks nothing is folded, and that is said
			[[ -s $BATS_TEST_TMPDIR/out ]] || grep -q 'nothing to show' "$BATS_TEST_TMPDIR/err"
		done
	done
}

@test "a file that is not there is named" {
	fails_with "*'no.oomtrace': No such file*" report no.oomtrace
}

@test "a foreign file is told as such" {
	echo "something else" >foreign
	fails_with "*'foreign': not an oomtrace file" report foreign
	fails_with "*'.': Is a directory" report .
}

@test "of a recording that was cut short, what is left is shown" {
	size=$(stat -c %s "$DATA/prefork.oomtrace")
	head -c $((size - 1)) "$DATA/prefork.oomtrace" >cut.oomtrace
	fails_with "*'cut.oomtrace'*cut short*" report cut.oomtrace
	[[ $output == "$(<"$EXPECTED/prefork.folded")" ]]
	head -c 100 "$DATA/prefork.oomtrace" >cut.oomtrace
	fails_with "*'cut.oomtrace'*cut short*" report cut.oomtrace
}

@test "a damaged recording is told as such" {
	cp "$DATA/prefork.oomtrace" damaged.oomtrace
	printf 'X' | dd of=damaged.oomtrace bs=1 seek=400 conv=notrunc status=none
	fails_with "*'damaged.oomtrace'*damaged*" report damaged.oomtrace
}

@test "of a recording that ends before its session nothing can be shown, and that is said" {
	head -c 16 "$DATA/prefork.oomtrace" >cut.oomtrace
	fails_with "*'cut.oomtrace', nothing of it can be shown: cut short*" report cut.oomtrace
}

@test "a small file takes no more memory than is bounded: stacks that cells share are made once" {
	"$ROOT/tests/lib/swollen-trace" 1 100 >swollen.oomtrace
	bash -c "ulimit -v 600000; '$OOMTRACE' report swollen.oomtrace" >out
	[[ $(tail -c 8 out) == ' 409600' ]]
	"$ROOT/tests/lib/swollen-trace" 12 1 >swollen.oomtrace
	for command in 'report swollen.oomtrace' 'diff swollen.oomtrace swollen.oomtrace'; do
		run --separate-stderr -1 bash -c "ulimit -v 600000; '$OOMTRACE' $command"
		[[ $stderr == "oomtrace: cannot report on 'swollen.oomtrace': the report would be too large"* ]]
		[[ ${#stderr_lines[@]} -eq 1 ]]
	done
}

@test "a full disk leaves nothing half-written" {
	fails_with "*No space left*" report "$DATA/prefork.oomtrace" -o /dev/full --format folded
	echo old >out.folded
	# no file may grow beyond 0 blocks: what a full disk looks like from here
	run -1 bash -c "ulimit -f 0; trap '' XFSZ; '$OOMTRACE' report '$DATA/prefork.oomtrace' -o out.folded"
	[[ $(<out.folded) == old ]]
	[[ -z $(find . -name '.oomtrace*') ]]
}

@test "an unwritable output is named" {
	fails_with "*/no/such/directory/x.folded*" report "$DATA/prefork.oomtrace" \
		-o /no/such/directory/x.folded
}

@test "a full stdout is noticed" {
	run -1 bash -c "'$OOMTRACE' report '$DATA/prefork.oomtrace' 2>&1 >/dev/full"
	[[ $output == *"cannot write to stdout: No space left on device" ]]
}
