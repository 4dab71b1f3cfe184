#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Include arrows point one way: base -> capture / symbols -> model -> render -> fleet -> commands -> main.

ROOT=${BATS_TEST_DIRNAME%/tests}

# What each directory of user/ may include, itself among it. capture and symbols never meet. (-g: bats
# reads this file inside a function.)
declare -gA may_include=(
	[base]='base'
	[capture]='base capture bpf'
	[symbols]='base symbols bpf'
	[model]='base capture symbols model'
	[render]='base capture symbols model render'
	[fleet]='base capture symbols model render fleet'
	[commands]='base capture symbols model render fleet commands'
)

# Prints each include that points the wrong way, below the directory given.
wrong_includes()
{
	local file from line to

	while IFS=: read -r file line; do
		from=${file#"$1"/} from=${from%%/*}
		to=${line#*\"} to=${to%%/*}
		[[ $line == *\"*/*\"* ]] || continue # of the same directory, or generated
		[[ " ${may_include[$from]-nothing} " == *" $to "* ]] || echo "$file: $line"
	done < <(grep -r --include='*.[ch]' '^#include "' "$1"/*/)
}

@test "every directory of user/ has its place in the order" {
	for directory in "$ROOT"/user/*/; do
		[[ -n ${may_include[$(basename "$directory")]-} ]]
	done
}

@test "include arrows in user/ point one way" {
	run wrong_includes "$ROOT/user"
	echo "$output"
	[[ -z $output ]]
}

@test "an include arrow that points back is noticed" {
	mkdir -p "$BATS_TEST_TMPDIR/model" "$BATS_TEST_TMPDIR/capture"
	echo '#include "render/text.h"' >"$BATS_TEST_TMPDIR/model/wrong.c"
	echo '#include "symbols/image.h"' >"$BATS_TEST_TMPDIR/capture/wrong.h"
	echo '#include "base/buf.h"' >"$BATS_TEST_TMPDIR/capture/right.c"
	run wrong_includes "$BATS_TEST_TMPDIR"
	[[ ${#lines[@]} -eq 2 ]]
}

@test "the kernel side includes nothing of user/" {
	run grep -rE '#include "(user|base|capture|symbols|model|render|fleet|commands)/' "$ROOT/bpf"
	[[ $status -eq 1 && -z $output ]]
}

@test "only the wire header of bpf/ is included by user/" {
	run bash -c "grep -rhE '#include \"bpf/' '$ROOT/user' | grep -v '\"bpf/oomtrace.h\"'"
	[[ -z $output ]]
}
