#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A leak that takes its time: what the watcher has of it from before it was killed.

# bats file_tags=waits

setup()
{
	load ../lib/common
	load ../lib/watch
	requires root bpf cgroup_memory python
}

teardown()
{
	tracer_cleanup
	live_teardown
}

@test "a slow leaker: its minutes before the kill, its stack to the program's entry, and the verdict" {
	watch_start --format json
	# 5 MiB a second into 128 MiB
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((128 << 20))
	victim_spawn /usr/bin/python3 -c '
import time
kept = []
while True:
    kept.append(bytearray(512 << 10))
    time.sleep(0.1)'
	watch_line
	/usr/bin/python3 - "$LINE" <<'END'
import json
import sys

incident = json.loads(sys.argv[1])
pid = incident["victim"]["pid"]
moments = [m for m in incident["timeline"] if m.get("pid") == pid]
anon = [m["anon_bytes"] for m in moments]
assert len(moments) >= 15 and moments[0]["before_ns"] > 20e9, moments
# it never shrinks by more than what sampling may be off by
assert all(b > a - (8 << 20) for a, b in zip(anon, anon[1:])), anon
last, rss = anon[-1], incident["victim"]["rss"]["anon_bytes"]
assert abs(last - rss) < 24 << 20, (last, rss)
assert incident["verdict"]["kind"] == "leak", incident["verdict"]
largest = incident["stacks"][0]
assert largest["frames"][0] == "_start" and "Py_BytesMain" in largest["frames"], largest
END
}
