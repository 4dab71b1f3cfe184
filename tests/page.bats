#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The page of a recording, opened from disk in a browser.

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
		cat seen
		return 1
	}
}

# look RECORDING WORDS: opens the page of a recording, and keeps what was seen.
look()
{
	requires chromium node
	"$OOMTRACE" report "$DATA/$1.oomtrace" -o "$1.html" 2>/dev/null
	"$OOMTRACE" report "$DATA/$1.oomtrace" -o "$1.json" 2>/dev/null
	mkdir -p "$SHOTS/$1.html"
	node "$BROWSER/page.mjs" "$1.html" "$2" "$SHOTS/$1.html" >seen
	saw 'seen["strangers"] == [] and seen["complaints"] == [] and seen["dialogs"] == []'
	saw 'seen["links"] and seen["overflow"] <= 0'
}

@test "a page says what grew, draws it, and adds it up; light and dark, wide and narrow" {
	look server 'zmalloc|main'
	saw 'seen["title"] == "Memory held: -p 1234"'
	saw 'seen["sections"] == ["Flame graph", "The largest stacks", "How it adds up", "What was lost"]'
	saw '"127.9 MiB" in seen["text"] and "zmalloc < dictExpand < main" in seen["text"]'
	saw '"ring-full" in seen["text"] and "Data was lost" in seen["text"]'
	saw 'seen["share"] == "matched 93.21 % (125,042,688 bytes)"'
	saw 'seen["paper"][0] != seen["paper"][1]'
}

@test "a page hands out the data it was made of" {
	look server main
	saw 'json.loads(seen["downloaded"]) == json.loads(seen["raw"])'
	saw 'json.loads(seen["raw"]) == json.load(open("server.json"))'
}

@test "a page shows mappings, reserved next to resident" {
	look reserving main
	saw '"Mappings" in seen["sections"] and "40.0 GiB" in seen["text"]'
}

@test "hostile names run nothing in a page, and are all there" {
	look hostile evil
	# the data, and the script that reads it
	saw 'seen["scripts"] == 2 and seen["handlers"] == 0'
	saw 'not set(seen["elements"]) & {"script", "img", "iframe", "a", "object", "embed", "link"}'
	saw '"</title><script>alert(1)</script>leaf 42" in seen["text"]'
}

@test "without scripts the text report is there" {
	"$OOMTRACE" report "$DATA/server.oomtrace" -o server.html 2>/dev/null
	"$OOMTRACE" report "$DATA/server.oomtrace" -o server.txt 2>/dev/null
	python3 - <<-'END'
		import html, re
		page = open("server.html", encoding="utf-8").read()
		report = html.unescape(re.search("<noscript><pre>(.*?)</pre>", page, re.S).group(1))
		assert report == open("server.txt", encoding="utf-8").read(), report
	END
}
