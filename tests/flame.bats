#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Flame graphs drawn by oomtrace itself: what they say, and what a browser makes of them.

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
DATA=$ROOT/tests/data
BROWSER=$ROOT/tests/browser
# Kept, so that people can look at them.
SHOTS=$ROOT/build/screenshots

# shellcheck source=tests/lib/requires.bash
source "$ROOT/tests/lib/requires.bash"

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# saw QUERY: what the browser saw is so, by a Python expression over `seen`.
saw()
{
	python3 -c 'import json, sys; seen = json.load(open("seen")); sys.exit(not ('"$1"'))' || {
		echo "not so: $1"
		cut -c1-200 seen | head -60
		return 1
	}
}

# look FILE FRAME WORDS: uses the page, and keeps what was seen.
look()
{
	requires chromium node
	mkdir -p "$SHOTS/$(basename "$1")"
	node "$BROWSER/flame.mjs" "$1" "$2" "$3" "$SHOTS/$(basename "$1")" >seen
	saw 'seen["strangers"] == [] and seen["complaints"] == [] and seen["dialogs"] == []'
}

@test "the graph and the folded stacks agree: every frame, its bytes, its width to a pixel" {
	local view recording

	for recording in "$DATA"/*.oomtrace; do
		for view in "" --kinds --since-start; do
			# shellcheck disable=SC2086 # no view is no word
			"$OOMTRACE" report $view "$recording" -o out.svg 2>/dev/null
			# shellcheck disable=SC2086
			"$OOMTRACE" report $view "$recording" -o out.folded 2>/dev/null
			[[ ! -s out.folded ]] || python3 "$BROWSER/agrees.py" out.svg out.folded
		done
	done
}

@test "a recording in which nothing grew is still a picture" {
	"$OOMTRACE" report "$DATA/idle.oomtrace" -o out.svg
	python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("out.svg")'
	run grep -ciE 'nan|inf"' out.svg
	[[ $output == 0 ]]
}

@test "in a browser: click to zoom, back, Ctrl-F to search, and the address keeps the view" {
	"$OOMTRACE" report "$DATA/server.oomtrace" -o server.svg 2>/dev/null
	look server.svg dictExpand 'zmalloc|main'
	saw 'seen["detail"] == "dictExpand: 104,857,600 bytes, 78.2 %"'
	saw 'seen["resetIsShown"] and seen["searchHasFocus"]'
	# main holds 125042688 of 134156288 bytes; zmalloc is called from it and not counted again
	saw 'seen["matched"] == 2 and seen["share"] == "matched 93.21 % (125,042,688 bytes)"'
	saw 'seen["shareFromAddress"] == seen["share"]'
	saw 'len(seen["colours"]["matched"]) == 1'
	saw 'seen["colours"]["other"] not in seen["colours"]["matched"]'
}

@test "in a browser: hostile names are text, and run nothing" {
	"$OOMTRACE" report "$DATA/hostile.oomtrace" -o hostile.svg
	look hostile.svg '</title><script>alert(1)</script>leaf_42' 'evil'
	saw 'seen["scripts"] == 1 and seen["handlers"] == 0'
	saw 'seen["elements"] == ["g", "rect", "text", "title"]'
}

@test "a differential graph: red grew, blue shrank, and nothing that went is left out" {
	"$OOMTRACE" diff "$DATA/server.oomtrace" "$DATA/prefork.oomtrace" -o diff.svg 2>/dev/null
	"$OOMTRACE" diff "$DATA/server.oomtrace" "$DATA/prefork.oomtrace" -o diff.folded 2>/dev/null
	grep -q 'class="f more4"' diff.svg
	grep -q 'class="f less4"' diff.svg
	wanted=$(awk '{ sum += $NF > $(NF - 1) ? $NF : $(NF - 1) } END { printf "%.0f", sum }' diff.folded)
	grep -q "data-total=\"$wanted\"" diff.svg
	look diff.svg main 'main'
}
