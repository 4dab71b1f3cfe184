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
		cut -c1-200 seen | head -60
		return 1
	}
}

# look RECORDING WORDS: opens the page of a recording, and keeps what was seen.
look()
{
	local name=${1##*/}

	requires chromium node
	"$OOMTRACE" report "$DATA/$1.oomtrace" -o "$name.html" 2>/dev/null
	"$OOMTRACE" report "$DATA/$1.oomtrace" -o "$name.json" 2>/dev/null
	mkdir -p "$SHOTS/$name.html"
	node "$BROWSER/page.mjs" "$name.html" "$2" "$SHOTS/$name.html" >seen
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

@test "the page of an incident says who, why, what and how it got there on its first screen" {
	look incidents/pod 'bytes_grow'
	saw 'seen["title"] == "Killed for memory: worker (pid 1234) and 1 more"'
	saw 'seen["sections"][:4] == ["Verdict: leak (confidence 66 %)", "How it got there", "What filled the memory", "Flame graph"]'
	saw '"203.0 MiB" in seen["text"] and "mailer-0" in seen["text"] and "metrics (pid 1300)" in seen["text"]'
	# the whole of the limit, to the byte
	saw 'sum(t["bytes"] for t in json.loads(seen["raw"])["account"]) == 256 << 20'
	saw 'seen["share"].startswith("matched 83.5")'
}

@test "the page of a crash loop has its lives, each as a bar, and what all of them did first" {
	look incidents/loop 'load_table'
	saw 'seen["sections"][:2] == ["Verdict: crash loop (confidence 95 %)", "Lives in a row"]'
	saw '"4.00 s to 4.20 s, steady" in seen["text"] and "119.0 MiB to 121.0 MiB, steady" in seen["text"]'
	saw '"20231114T221444Z-4a7d-12" in seen["text"] and "81.0 MiB, 82.0 MiB, 83.0 MiB, 84.0 MiB" in seen["text"]'
	saw '"oomtrace diff 20231114T221454Z-4a7d-14 20231114T221500Z-4a7d-15" in seen["text"]'
}

@test "the page of a forked victim has what it inherited, and what it had reserved, by mapping" {
	look incidents/heir 'load_catalogue'
	saw '"Mappings" in seen["sections"] and "inherited from 700" in seen["text"]'
	saw '"900.0 MiB of addresses at the kill (data 850.0 MiB, stack 132.0 KiB, code 4.0 MiB), 102.0 MiB resident." in seen["text"]'
	saw '"as it was 1.5 s before the kill" in seen["text"] and "/usr/lib/libshop.so" in seen["text"]'
	saw 'seen["text"].index("512.0 MiB") < seen["text"].index("320.0 MiB") < seen["text"].index("/usr/lib/libshop.so")'
}

@test "the timeline zooms where it is dragged, tells what is under the pointer, and comes back" {
	requires chromium node
	"$OOMTRACE" report "$DATA/incidents/pod.oomtrace" -o pod.html
	node "$BROWSER/timeline.mjs" pod.html >seen
	saw 'seen["whole"][0] == "-40 s" and seen["zoomed"][0] != "-40 s" and seen["back"] == seen["whole"]'
	saw '"anon" in seen["note"] and "cgroup usage" in seen["note"]'
	saw 'seen["limit"] == "limit 256.0 MiB" and seen["mark"] == "killed"'
	saw 'seen["complaints"] == []'
}

@test "what was warned of before the kill is marked where it was told, with the forecast of then" {
	requires chromium node
	mkdir -p "$SHOTS"
	"$OOMTRACE" report "$DATA/incidents/pod.oomtrace" -o pod.html
	node "$BROWSER/timeline.mjs" pod.html "$SHOTS/warned.png" >seen
	saw '[mark["label"] for mark in seen["warnings"]] == ["70 %", "80 %", "host 70 %"]'
	saw '"180.0 MiB of 256.0 MiB" in seen["warnings"][0]["title"] and "forecast then: " in seen["warnings"][1]["title"]'
	# 15, 9 and 4 s before the kill on an axis of 40 s
	python3 - <<-'END'
		import json
		seen = json.load(open("seen"))
		for mark, before in zip(seen["warnings"], (15, 9, 4)):
		    assert abs((seen["killed_at"] - mark["at"]) / (seen["killed_at"] - 80) - before / 40) < 0.002, seen
		# lines at that part of the height of the limit, above zero
		bottom = 300 - 34
		parts = [(bottom - height) / (bottom - seen["limit_height"]) for height in seen["heights"]]
		assert all(abs(part - told) < 0.002 for part, told in zip(parts, (0.7, 0.8))) and len(parts) == 2, parts
	END
}

@test "hostile names run nothing in the page of an incident" {
	look incidents/evil 'x'
	saw 'seen["scripts"] == 2 and seen["handlers"] == 0'
	saw 'not set(seen["elements"]) & {"script", "img", "iframe", "a", "object", "embed", "link"}'
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
