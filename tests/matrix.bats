#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What holds kernels against each other (tests/vm): that it finds what it is there to find.

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
