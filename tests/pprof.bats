#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Profiles for pprof and its kin, read by decoders that are not ours.

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
BUILD=${BUILD:-build}
[[ $BUILD = /* ]] || BUILD=$ROOT/$BUILD
DATA=$ROOT/tests/data

# shellcheck source=tests/lib/requires.bash
source "$ROOT/tests/lib/requires.bash"

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	export HOME=$BATS_TEST_TMPDIR PPROF_TMPDIR=$BATS_TEST_TMPDIR
}

# for_each_case COMMAND: runs it for every recording in every view, with profile.pb.gz and the total
# of the folded stacks; says how many there were.
for_each_case()
{
	local recording view

	cases=0
	for recording in "$DATA"/*.oomtrace; do
		for view in "" --since-start --kinds=anon --virtual; do
			# shellcheck disable=SC2086 # no view is no word
			"$OOMTRACE" report $view "$recording" -o out.folded 2>/dev/null
			# shellcheck disable=SC2086
			"$OOMTRACE" report $view "$recording" -o profile.pb.gz 2>/dev/null
			"$1" "$(awk '{ sum += $NF } END { printf "%.0f", sum }' out.folded)" || {
				echo "of $recording $view"
				return 1
			}
			((++cases))
		done
	done
	((cases >= 20))
}

# Go's own tool: it validates what it reads, and refuses what is not as it should be.
go_agrees()
{
	local total

	go tool pprof -raw profile.pb.gz >raw 2>errors || {
		cat errors
		# a profile of nothing is refused by name
		[[ $1 == 0 ]] && grep -q 'profile is empty' errors
		return
	}
	total=$(awk '/^Locations/ { exit }
		/\[dflt\]/ { for (i = 1; i <= NF; i++) if ($i ~ /\[dflt\]/) column = i }
		column && /^ *[0-9]+ .*:/ { sum += $column } END { printf "%.0f", sum }' raw)
	[[ $total == "$1" ]] || { echo "pprof says $total, folded $1"; cat raw; false; }
}

npm_agrees()
{
	local total

	total=$(node "$ROOT/tests/lib/pprof_total.js" "$BUILD/npm/node_modules" profile.pb.gz) || return
	[[ $total == "$1" ]] || { echo "pprof-format says $total, folded $1"; false; }
}

@test "Go's pprof adds a profile up to the folded total, to the byte" {
	requires go
	for_each_case go_agrees
}

# The sandwich view lists every function with what it holds itself, in units of 1024.
speedscope_agrees()
{
	node "$ROOT/tests/browser/speedscope.mjs" "$BUILD/npm/node_modules/speedscope/dist/release/index.html" \
		profile.pb.gz >seen || return
	python3 - "$1" <<-'END'
		import json, sys
		seen, folded = json.load(open("seen")), int(sys.argv[1])
		units = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
		held = {name: float(size) * units[unit] for size, unit, name in seen["functions"]}
		print(seen["said"], held, folded)
		assert "Importing as protobuf encoded pprof file" in seen["said"] and not seen["strangers"]
		# two digits are shown
		assert abs(sum(held.values()) - folded) <= 0.005 * folded
		assert abs(held["zmalloc"] - (100 << 20)) <= 0.01 * (100 << 20)
	END
}

@test "speedscope opens a profile in a browser, and shows what each function holds" {
	requires chromium node speedscope python
	"$OOMTRACE" report "$DATA/server.oomtrace" -o out.folded 2>/dev/null
	"$OOMTRACE" report "$DATA/server.oomtrace" -o profile.pb.gz 2>/dev/null
	speedscope_agrees "$(awk '{ sum += $NF } END { printf "%.0f", sum }' out.folded)"
}

@test "npm's pprof-format finds every reference, and the folded total" {
	requires node pprof_format
	for_each_case npm_agrees
}

@test "pprof shows the program, its build-id, names and who called whom" {
	requires go
	"$OOMTRACE" report "$DATA/server.oomtrace" -o profile.pb.gz 2>/dev/null
	run -0 go tool pprof -peek zmalloc profile.pb.gz
	[[ $output == *"File: redis-server"*"Build ID: dead01"*"Type: inuse_space"* ]]
	[[ $output == *"dictExpand"*"zmalloc"* ]]
	run -0 go tool pprof -raw -tagfocus=pid=1234 profile.pb.gz
	[[ $output == *"[moved by the kernel]"* ]]
}

@test "what was inlined is one location of many lines, the innermost first" {
	requires go
	"$OOMTRACE" report "$DATA/inlined.oomtrace" -o profile.pb.gz 2>/dev/null
	go tool pprof -raw profile.pb.gz >raw 2>/dev/null
	sed -n '/^Locations/,/^Mappings/p' raw | sed 's/  */ /g' >locations
	cat locations
	# pprof leaves out what templates are of
	grep -A2 'M=.*shelf::fill /srv/shop/shelf.h:17' locations | tr '\n' '|' >found
	[[ $(<found) == *'fill /srv/shop/shelf.h:17'*'|'*'shelf::put /srv/shop/shelf.h:11'*'|'*' grow_shelf /srv/shop/shelf.cc:25'* ]]
	grep -q 'main ../src/main.cc:32' locations
}

@test "every label has a place of its own" {
	requires go
	"$OOMTRACE" report "$DATA/server.oomtrace" -o profile.pb.gz 2>/dev/null
	"$OOMTRACE" report "$DATA/server.oomtrace" -o out.folded 2>/dev/null
	go tool pprof -traces profile.pb.gz >traces 2>/dev/null
	while read -r label; do
		grep -qF "$label" traces
	done < <(grep -oE '\[[a-z ]+\]' out.folded | sort -u)
}
