#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --files: which files the page cache is of, held against mincore.

# shellcheck disable=SC2154 # python3 is what requires calls python

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory frame_numbers disk python
}

teardown()
{
	live_teardown
}

# file_figure PATH KEY: of the JSON in $TRACE_OUT; -1 where the file is not in it.
file_figure()
{
	/usr/bin/python3 - "$TRACE_OUT" "$@" <<-'END'
		import json, sys
		growth = json.load(open(sys.argv[1]))
		known = [f for f in growth.get("files", []) if f.get("path") == sys.argv[2]]
		assert len(known) <= 1
		print(int(known[0][sys.argv[3]]) if known else -1)
	END
}

# drop PATH BYTES: the page cache of the first part of a file.
drop()
{
	/usr/bin/python3 -c 'import os, sys
os.posix_fadvise(os.open(sys.argv[1], os.O_RDONLY), 0, int(sys.argv[2]), os.POSIX_FADV_DONTNEED)' "$@"
}

# reads_a_file MIB PERIOD
reads_a_file()
{
	FILE=$BATS_TEST_TMPDIR/data
	rm -f "$FILE"
	victim_start file read "$1" "$FILE" &&
		trace_start -p "$VICTIM_PID" --files --period "$2" --format json && victim_grow
}

# mincore ends with the file. Old kernels (5.10) bring in a page past it when its end is read, and
# that one is in the page cache, too.
is_cached()
{
	local pages=$1 true=$2 allowed=$3

	((pages >= true - allowed && pages <= true + 1 + allowed))
}

@test "--files: a file that was read holds what mincore says, to the page and within the bound" {
	for period in 1 16; do
		reads_a_file 64 "$period"
		true_pages=$(judge_value cached file "$FILE")
		trace_stop
		pages=$(($(file_figure "$FILE" bytes) / 4096))
		echo "one page in $period: $pages pages, mincore says $true_pages"
		((true_pages == 64 << 8 && $(file_figure "$FILE" size_bytes) == 64 << 20))
		is_cached "$pages" "$true_pages" \
			$(($(allowed_pages "$true_pages" "$period" 4) + $(trace_skipped_events) * period))
		victim_shed && victim_stop
	done
}

@test "--files: what is dropped from the page cache is gone" {
	reads_a_file 32 1
	drop "$FILE" $((24 << 20))
	true_pages=$(judge_value cached file "$FILE")
	trace_stop
	pages=$(($(file_figure "$FILE" bytes) / 4096))
	echo "$pages pages, mincore says $true_pages"
	((true_pages > 0 && true_pages < 24 << 8))
	is_cached "$pages" "$true_pages" "$(trace_skipped_events)"
}

@test "--files: a file without a name any more says so, and its pages are told" {
	reads_a_file 16 1
	rm "$FILE"
	trace_stop
	/usr/bin/python3 - "$TRACE_OUT" <<-'END'
		import json, sys
		growth = json.load(open(sys.argv[1]))
		gone = [f["bytes"] for f in growth["files"] if f["deleted"]]
		print(gone)
		sys.exit(len(gone) != 1 or gone[0] - (16 << 20) not in (0, 4096))
	END
}

@test "--files: a name of control bytes, and one that is no UTF-8, reach no terminal" {
	requires jsonschema
	local name=$BATS_TEST_TMPDIR/$'a\n\e[31m;\xff 7'

	victim_start file read 8 "$name"
	trace_start -p "$VICTIM_PID" --files --period 1 -o "$BATS_TEST_TMPDIR/x.oomtrace"
	victim_grow && trace_stop
	"$OOMTRACE" report "$BATS_TEST_TMPDIR/x.oomtrace" --format text >"$BATS_TEST_TMPDIR/text"
	grep -F '8.0 MiB  exact' "$BATS_TEST_TMPDIR/text" | grep -F 'a\x0a\x1b[31m;\xff 7'
	"$OOMTRACE" report "$BATS_TEST_TMPDIR/x.oomtrace" --format json >"$BATS_TEST_TMPDIR/json"
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/growth.schema.json" <"$BATS_TEST_TMPDIR/json"
	grep -q "path_hex.*$(printf 'a\n\e[31m;\xff 7' | od -An -v -tx1 | tr -d ' \n')" \
		"$BATS_TEST_TMPDIR/json"
	rm -f "$name"
}

@test "--files: a file deep in directories is known by its end" {
	local dir=$BATS_TEST_TMPDIR depth

	for ((depth = 0; depth < 30; depth++)); do
		dir+=/d$depth
	done
	mkdir -p "$dir"
	victim_start file read 8 "$dir/data"
	trace_start -p "$VICTIM_PID" --files --period 1 --format json
	victim_grow && trace_stop
	grep -qE '"path": *"[^"]*/\.\.\./d7/[^"]*/d29/data"' "$TRACE_OUT"
}

@test "--all --files: what a process that is gone has read is still told" {
	local file=$BATS_TEST_TMPDIR/data

	head -c 33554432 /dev/zero >"$file"
	sync "$file"
	drop "$file" 33554432
	trace_start --all --files --format json
	cat "$file" >/dev/null
	true_pages=$(judge_value cached file "$file")
	trace_stop
	pages=$(($(file_figure "$file" bytes) / 4096))
	echo "$pages pages, mincore says $true_pages"
	# others may press some of it out again
	((true_pages > 4096 && $(distance "$pages" "$true_pages") <= $(allowed_pages 8192 64 4)))
}
