#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What programs read: every line of JSON is as docs/schema says, and says what the other formats say.

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
DATA=$ROOT/tests/data
EXPECTED=$ROOT/tests/expected

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "missing: python3-jsonschema"
}

# validates KIND: the lines on stdin.
validates()
{
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/$1.schema.json"
}

# schema_of NAME: what is told in passing is no incident.
schema_of()
{
	case $1 in
	brief*) echo sigkill ;;
	warning*) echo warning ;;
	*) echo incident ;;
	esac
}

@test "every recording is printed as one line that the schema allows" {
	for recording in "$DATA"/*.oomtrace; do
		for view in '' --since-start --kinds=anon --virtual; do
			# shellcheck disable=SC2086 # no view is no word
			"$OOMTRACE" report "$recording" --format json $view >line 2>/dev/null
			[[ $(wc -l <line) -eq 1 ]]
			validates growth <line
		done
	done
}

@test "every part of a recording is, too" {
	for part in '--from 0' '--from 10 --to 20' '--to 10' '--from 10 --since-start'; do
		# shellcheck disable=SC2086
		"$OOMTRACE" report "$DATA/snapshots.oomtrace" --format json $part 2>/dev/null |
			validates growth
	done
	"$OOMTRACE" report "$DATA/snapshots.oomtrace" --from 10 --to 20 -o out.json 2>/dev/null
	diff -u "$EXPECTED/snapshots.10-to-20.json" out.json
}

@test "and so is what was cut short" {
	head -c 1200 "$DATA/server.oomtrace" >cut.oomtrace
	run -1 --separate-stderr "$OOMTRACE" report cut.oomtrace --format json
	validates growth <<<"$output"
}

@test "every incident is printed as one line that the schema allows" {
	for incident in "$DATA"/incidents/*.oomtrace; do
		name=$(basename "$incident" .oomtrace)
		"$OOMTRACE" report "$incident" --format json >line
		[[ $(wc -l <line) -eq 1 ]]
		validates "$(schema_of "$name")" <line
		diff -u "$EXPECTED/incidents/$name.json" line
	done
}

@test "an incident's limit is accounted for to the byte, and its stacks are those of folded" {
	for incident in "$DATA"/incidents/*.oomtrace; do
		[[ $(schema_of "$(basename "$incident" .oomtrace)") == incident ]] || continue
		"$OOMTRACE" report "$incident" --format json >line
		"$OOMTRACE" report "$incident" --format folded >stacks 2>/dev/null
		/usr/bin/python3 - line stacks <<'END'
import json
import sys

incident = json.load(open(sys.argv[1]))
assert sum(term["bytes"] for term in incident["account"]) == incident["account_limit_bytes"]
assert sum(stack["bytes"] for stack in incident["stacks"]) == \
    sum(int(line.rsplit(" ", 1)[1]) for line in open(sys.argv[2]))
END
	done
}

@test "a line of an incident that the schema does not allow is noticed" {
	line=$(<"$EXPECTED/incidents/pod.json")
	for change in 's/"scope":"memcg"/"scope":"mem"/' 's/"what":"slab"/"what":"slabs"/' \
		's/"role":/"rol":/' 's/"taken":"after"/"taken":"late"/'; do
		run ! validates incident <<<"$(sed "$change" <<<"$line")"
	done
}

@test "the lines that other tests expect are what the schema allows" {
	cat "$EXPECTED"/*.json | validates growth
}

@test "a line that the schema does not allow is noticed" {
	line=$(<"$EXPECTED/server.json")
	for change in 's/"pid":1234/"pid":-1/' 's/"kind":"anon"/"kind":"heap"/' 's/"bytes":/"new":/' \
		's/"error_bytes":/"error_bytes":"x","y":/' 's/{"schema":1,/{/'; do
		run ! validates growth <<<"$(sed "$change" <<<"$line")"
	done
}

@test "check prints a line that the schema allows, whatever it finds" {
	"$OOMTRACE" check --format json >line || [[ $? -eq 77 ]]
	validates check <line
	if [[ $EUID -eq 0 ]]; then
		cp "$OOMTRACE" oomtrace
		chmod 755 . oomtrace
		setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all \
			./oomtrace check --format json >line || [[ $? -eq 77 ]]
		validates check <line
	fi
}

# Sums what JSON says and compares it with the lines of folded stacks: for each process, and in all.
same_figures()
{
	"$OOMTRACE" report --format json "$@" >line 2>/dev/null
	"$OOMTRACE" report --format folded "$@" >stacks 2>/dev/null
	/usr/bin/python3 - line stacks <<'END'
import collections
import json
import re
import sys

growth = json.load(open(sys.argv[1]))
of_json, of_folded = collections.Counter(), collections.Counter()
for stack in growth["stacks"]:
    of_json[stack["pid"]] += stack["bytes"]
for line in open(sys.argv[2]):
    stack, count = line.rstrip("\n").rsplit(" ", 1)
    of_folded[int(re.search(r";pid (\d+)", stack)[1])] += int(count)
assert of_json == of_folded, (of_json, of_folded)
assert sum(of_json.values()) == growth["total_bytes"]

for total in growth["totals"]:
    if total["kind"] == "anon" and "mapped_bytes" in total:
        terms = ("stacks", "resident_before", "inherited", "moved", "lost", "unexplained")
        assert sum(total[term + "_bytes"] for term in terms) == \
            total["mapped_bytes"] + total["split_huge_bytes"] + total["elsewhere_bytes"]
END
}

@test "JSON and folded stacks have the same figures, to the byte" {
	for recording in "$DATA"/*.oomtrace; do
		for view in '' --since-start --kinds=anon --virtual; do
			# shellcheck disable=SC2086 # no view is no word
			same_figures "$recording" $view
		done
	done
	same_figures "$DATA/snapshots.oomtrace" --to 20
}

@test "hostile names come through JSON as they were" {
	"$OOMTRACE" report "$DATA/hostile.oomtrace" --format json >line
	run ! grep -P '[^\x20-\x7e]' line
	/usr/bin/python3 - line <<'END'
import json
import sys

growth = json.load(open(sys.argv[1]))
assert growth["processes"][0]["comm"] == "a;b\n\x1b[31mX 9"
frames = {tuple(bytes.fromhex(frame) for frame in stack["frames_hex"])
          for stack in growth["stacks"] if "frames_hex" in stack}
assert frames == {(b"evil;frame 12.5", b"\xff\xfe;x\r\n 7+0x400")}, frames
assert any("\ufffd\ufffd;x\r\n 7+0x400" in stack["frames"] for stack in growth["stacks"])
END
}
