#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What holds kernels against each other (tests/vm): that it finds what it is there to find.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell

setup()
{
	bats_require_minimum_version 1.5.0
	cd "$(dirname "$BATS_TEST_FILENAME")/.." || return
	mkdir -p "$BATS_TEST_TMPDIR/tests"
	cp -r tests/vm tests/kernels "$BATS_TEST_TMPDIR/tests"
	cd "$BATS_TEST_TMPDIR" || return
}

# now COUNT: what a virtual machine tells of one program.
now()
{
	echo "# cost 6.1 clang-14 page_alloc $1" >now
	echo '6.1 clang-14 page_alloc 1000' >recorded
}

@test "a program may cost the verifier a tenth more, and no more than that" {
	now 1100 && tests/vm/grown recorded now
	now 1101 && run -1 tests/vm/grown recorded now
	[[ $output == 'page_alloc costs the verifier 1101 instructions, recorded are 1000' ]]
}

@test "a program without a recorded cost is found, and so is a machine that tells of none" {
	now 10 && echo '# kernel compiler program count' >recorded
	run -1 tests/vm/grown recorded now
	[[ $output == 'page_alloc has no recorded cost on 6.1 with clang-14' ]]
	: >recorded
	run -1 tests/vm/grown recorded now
	now 10 && : >now
	run -1 tests/vm/grown recorded now
}

@test "costs of kernels that were not run stay as they are" {
	mkdir -p cache/6.1
	printf '# by hand\n5.10 clang-14 page_alloc 7\n6.1 clang-14 page_alloc 9\n' >tests/vm/verifier-costs
	git init -q .
	now 1200 && cp now cache/6.1/result.v2
	VM_CACHE=cache tests/vm/costs
	[[ $(grep -v '^#' tests/vm/verifier-costs) == $'5.10 clang-14 page_alloc 7\n6.1 clang-14 page_alloc 1200' ]]
}

# fields MACHINE SCENARIO NAME...: a line of a result, for each kernel of the list.
fields()
{
	awk -v rest="$*" '!/^#/ && NF { print "# fields " $1 "/" rest }' tests/kernels >>result
}

@test "a field that one kernel does not have is found; one that is excused is not" {
	echo '*/tracepoints|*|points|why' >tests/vm/field-differences
	fields v2/kprobe hog id 'a[].b' points
	fields v2/tracepoints hog id 'a[].b'
	tests/vm/fields result
	echo '# fields 6.1/v1/kprobe hog id points' >>result
	run tests/vm/fields result
	[[ $output == *'not ok 1 hog: '*'# 6.1/v1/kprobe: no a[].b'* ]]
	echo '6.1/v1/*|hog|a[].b|why' >>tests/vm/field-differences
	run tests/vm/fields result
	[[ $output != *'not ok'* && $output == *'ok 2 '* ]]
}

@test "an excuse for nothing is found, and so is the lack of anything to compare" {
	echo '*|*|other|why' >tests/vm/field-differences
	fields v2/kprobe hog id
	run tests/vm/fields result
	[[ $output == *'not ok 2 '*'# *|*|other|why'* ]]
	run tests/vm/fields /dev/null
	[[ $output == *'not ok 1 '* ]]
}

# matrix RESULT: what make says of one kernel whose machine writes RESULT; its console ends with a line of ours.
matrix()
{
	mkdir -p tools cache
	cp "$BATS_TEST_DIRNAME/../tools/run-tests" tools
	printf '%s\n' "$1" >told
	echo '1.0 suite package v2' >tests/kernels
	stub image ':'
	stub fetch "echo '$PWD/cache/1.0'"
	stub boot "echo boot >>booted; echo 'the last line' >cache/1.0/console.v2.log; cat told"
	VM_CACHE=cache KERNEL=1.0 run -1 tools/run-tests vm
}

# Nothing is booted, but who lacks QEMU is not asked for the rest either.
pretend_qemu()
{
	mkdir -p bin
	ln -sf /bin/true bin/qemu-system-x86_64
	PATH=$PWD/bin:$PATH
	[[ $(uname -m) == x86_64 ]] || skip 'missing: a processor of the kernels'
}

stub()
{
	printf '#!/bin/sh\n%s\n' "$2" >"tests/vm/$1"
	chmod +x "tests/vm/$1"
}

# row PASSED FAILED SKIPPED RETRIES: the kernel's row of the table, whatever its seconds.
row()
{
	grep -qE "^1\.0 +1\.0-test +$1 +$2 +$3 +$4 +[0-9]+\$" <<<"$output"
}

@test "a test that a machine skips is a failure, unless the list of reasons has it; the table counts both" {
	pretend_qemu
	echo '1.0|a thing of old: *|no such thing' >tests/vm/skips
	matrix $'kernel 1.0-test\nfile x.bats\n1..3\nok 1 a thing of old: this in 5ms # skip missing: it\nok 2 another # skip\nok 3 a third\nexit 0\ndone'
	row 1 1 1 0
	[[ $output == *'skip  a thing of old: this'*'FAIL  another'*'(must run here)'* ]]
	[[ $output == *$'skipped, and why:\n  1.0: a thing of old: this: no such thing'* ]]
}

@test "a machine that does not get to its end is a failure, and the end of its log is shown" {
	pretend_qemu
	matrix $'kernel 1.0-test\nfile x.bats\n1..1\nok 1 a test\nexit 0'
	row 1 1 0 0
	[[ $output == *'FAIL  1.0 v2 did not get to its end'*'the last line'* ]]
	[[ -s cache/1.0/console.v2.log && $(wc -l <booted) == 1 ]]
}

@test "a kernel that breaks is booted once more, which the table counts" {
	pretend_qemu
	matrix $'kernel 1.0-test\nfile x.bats\n1..2\nok 1 a test\nexit 0'
	stub boot "echo boot >>booted; echo 'BUG: unable to handle' >cache/1.0/console.v2.log; cat told"
	: >booted
	VM_CACHE=cache KERNEL=1.0 run -1 tools/run-tests vm
	[[ $(wc -l <booted) == 2 && -s cache/1.0/console.v2.first.log ]]
	[[ $output == *'booting it once more: BUG: unable to handle'* ]]
	row 1 2 0 1
}

# Each writes down when it begins and when it has ended.
test_of()
{
	printf '#!/usr/bin/env bats\n#\n# bats file_tags=%s\n@test "%s" { echo begin >>%s; sleep 1; echo end >>%s; }\n' \
		"$2" "$1" "$PWD/$3" "$PWD/$3" >"$1.bats"
}

@test "files run beside each other, but not two that kill, and nothing beside one that is to be alone" {
	mkdir -p tools
	cp "$BATS_TEST_DIRNAME/../tools/run-tests" tools
	(($(nproc) > 1)) || skip 'missing: two processors'
	test_of one kills killed
	test_of two kills killed
	test_of three busy beside
	test_of four busy beside
	test_of five alone all
	printf '@test "six" { ! grep begin %s; }\n' "$PWD/all" >six.bats
	run -0 tools/run-tests five.bats one.bats two.bats three.bats four.bats six.bats
	[[ $output == *'6 passed, 0 failed, 0 skipped' ]]
	[[ $(<killed) == $'begin\nend\nbegin\nend' ]]
	[[ $output == *six.bats*five.bats* ]]
	: >beside
	run -0 tools/run-tests three.bats four.bats
	[[ $(<beside) == $'begin\nbegin\nend\nend' ]]
}

@test "what waits takes nobody's place" {
	local file

	mkdir -p tools
	cp "$BATS_TEST_DIRNAME/../tools/run-tests" tools
	for file in $(seq $((2 * $(nproc)))); do
		test_of "$file" waits all
	done
	run -0 tools/run-tests [0-9]*.bats
	# each begins before one has ended
	(($(sed '/end/,$d' all | wc -l) == 2 * $(nproc)))
}

@test "Ctrl-C ends what runs, each test with its teardown" {
	local runner status=0

	mkdir -p tools
	cp "$BATS_TEST_DIRNAME/../tools/run-tests" tools
	printf 'teardown() { : >%s; }\n@test "long" { : >%s; sleep 600; }\n' "$PWD/torn-down" "$PWD/begun" >long.bats
	env --default-signal=INT tools/run-tests long.bats 3>&- &
	runner=$!
	until [[ -e begun ]]; do sleep 0.1; done
	kill -INT "$runner"
	wait "$runner" || status=$?
	((status == 130))
	[[ -e torn-down ]]
}

@test "each title that the list of tests names there is" {
	local file filter title

	cd "$BATS_TEST_DIRNAME/.."
	while read -r _ _ file filter; do
		[[ -f $file ]] || { echo "no file $file" && return 1; }
		for title in $(tr -d '^()' <<<"$filter" | tr '|' ' '); do
			grep -qE "^@test \"$title" "$file" || { echo "$file has no test '$title'" && return 1; }
		done
	done < <(grep -v '^#' tests/vm/tests)
}

@test "no title of one file is what the filter of another one means" {
	local file filter other
	local -a files

	cd "$BATS_TEST_DIRNAME/.."
	mapfile -t files < <(awk '!/^#/ { print $3 }' tests/vm/tests | sort -u)
	while read -r file filter; do
		[[ $filter ]] || { echo "$file has no filter" && return 1; }
		for other in "${files[@]}"; do
			[[ $other == "$file" ]] || ! sed -n 's/^@test "\(.*\)" {$/\1/p' "$other" | grep -E "$filter" ||
				{ echo "of $other, and means $file" && return 1; }
		done
	done < <(awk '!/^#/ { print $3, $4 }' tests/vm/tests)
}

@test "lockdown comes last: nothing of a machine can be tested after it" {
	[[ $(awk '!/^#/ { last = $3 } END { print last }' tests/vm/tests) == tests/vm/lockdown.bats ]]
	[[ $(grep -c '^[^#].*tests/vm/lockdown' tests/vm/tests) == 1 ]]
}
