#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Warned before the kill: each percent of a limit once, with a forecast that is held against the kill.

# bats file_tags=waits

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory python jsonschema
}

teardown()
{
	tracer_cleanup
	live_teardown
}

# The lines about our own cgroup, up to its kill, in $1.
lines_until_kill()
{
	local line

	while true; do
		wait_for_line "$WATCH_OUT" "*\"/${CGROUP##*/}\"*" || return
		line=${LINES[-1]}
		echo "$line" >>"$1"
		[[ $line != *'"kind":"oom_kill"'* ]] || return 0
	done
}

@test "a steady leak is warned of at each percent once, before the kill, which comes as forecast" {
	local told=$BATS_TEST_TMPDIR/told

	watch_start --format json --warn 70,80,90
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((128 << 20))
	# 3 MiB a second, whatever the machine's load: behind its schedule it catches up
	victim_spawn /usr/bin/python3 -c '
import time
kept, begun = [], time.monotonic()
while True:
    kept.append(bytearray(256 << 10))
    time.sleep(max(0, begun + len(kept) / 12 - time.monotonic()))'
	lines_until_kill "$told"
	wait "$VICTIM_PID" || true
	grep '"kind":"warning"' "$told" | "$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/warning.schema.json"
	/usr/bin/python3 - "$told" "${CGROUP##*/}" <<'END'
import datetime
import json
import sys


def seconds(line):
    whole, _, part = line["time"].rstrip("Z").partition(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + part)


*warnings, kill = [json.loads(line) for line in open(sys.argv[1])]
print(warnings)
assert [warning["percent"] for warning in warnings] == [70, 80, 90], warnings
for warning in warnings:
    assert warning["scope"] == "memcg" and warning["cgroup"] == "/" + sys.argv[2], warning
    assert warning["limit_bytes"] == 128 << 20, warning
    part = 100 * warning["held_bytes"] / warning["limit_bytes"]
    assert warning["percent"] <= part < warning["percent"] + 10, (part, warning)
    assert warning["held_bytes"] <= warning["usage_bytes"] <= warning["limit_bytes"], warning
    assert warning["trend"] == "rising", warning
    assert abs(warning["rate_bytes_per_second"] - (3 << 20)) < 1 << 20, warning
    took = seconds(kill) - seconds(warning)
    print(took, warning)
    assert warning["forecast_low_seconds"] - 1 <= took <= warning["forecast_high_seconds"] + 1
# the incident has what was told: the same percents, figures and forecasts, at the same times
fired = [place for place, level in enumerate(kill["cgroups"]) if level["fired"]]
marks = [mark for mark in kill["warnings"] if mark.get("level") in fired]
print(kill["warnings"])
assert [mark["percent"] for mark in marks] == [70, 80, 90], marks
for mark, warning in zip(marks, warnings):
    assert abs(seconds(mark) - seconds(warning)) < 0.01, (mark, warning)
    assert abs(seconds(kill) - seconds(mark) - mark["before_ns"] / 1e9) < 0.01, (mark, kill)
    for key in ("held_bytes", "limit_bytes", "forecast_seconds", "forecast_low_seconds", "forecast_high_seconds"):
        assert mark[key] == warning[key], (key, mark, warning)
END
	report=$("$OOMTRACE" report --spool "$SPOOL" "$(sed -n 's/.*"kind":"oom_kill","id":"\([^"]*\)".*/\1/p' "$told")")
	[[ $report == *'  warned: 70 % '*' before, '*'  warned: 80 % '*'  warned: 90 % '*'forecast then: in '* ]]
}

@test "page cache fills no limit: who reads and writes files alone is not warned of" {
	local told=$BATS_TEST_TMPDIR/told

	[[ $(stat -f -c %T "$BATS_TEST_TMPDIR") != tmpfs ]] || skip "missing: a file system with page cache"
	watch_start --format json --warn 50,70
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((64 << 20))
	# the limit is full of page cache before the leak begins, and as long as there is any
	victim_spawn /usr/bin/python3 -c '
import os
import sys
import time
with open(sys.argv[1], "wb") as file:
    for _ in range(96):
        file.write(bytes(1 << 20))
    os.fsync(file.fileno())
kept, begun = [], time.monotonic()
while True:
    kept.append(bytearray(256 << 10))
    time.sleep(max(0, begun + len(kept) / 16 - time.monotonic()))' "$BATS_TEST_TMPDIR/file"
	lines_until_kill "$told"
	wait "$VICTIM_PID" || true
	/usr/bin/python3 - "$told" <<'END'
import json
import sys

*warnings, kill = [json.loads(line) for line in open(sys.argv[1])]
print(warnings)
assert [warning["percent"] for warning in warnings] == [50, 70], warnings
for warning in warnings:
    part = 100 * warning["held_bytes"] / warning["limit_bytes"]
    assert warning["percent"] <= part, (part, warning)
assert warnings[0]["usage_bytes"] > 0.9 * (64 << 20), warnings
assert warnings[0]["held_bytes"] < 0.8 * (64 << 20), warnings
END
}

# The first warning of our own cgroup is in $LINE.
wait_for_warning()
{
	wait_for_line "$WATCH_OUT" "*\"kind\":\"warning\"*\"/${CGROUP##*/}\"*" && LINE=${LINES[-1]}
}

@test "a warning names the stack that grows, by as much as it grew, before one that holds more" {
	watch_start --format json --warn 70
	# 64 of 128 MiB stay, 1 MiB a second comes
	oom_start steady 128
	oom_go
	victim_wait filled
	wait_for_warning
	kill -KILL "$VICTIM_PID"
	drain "$VICTIM_OUT" >"$BATS_TEST_TMPDIR/leaked"
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/warning.schema.json" <<<"$LINE"
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/leaked" "$LINE" <<'END'
import datetime
import json
import sys

warning = json.loads(sys.argv[2])
whole, _, part = warning["time"].rstrip("Z").partition(".")
told = datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + part)
since = told - warning["grown_seconds"]
steps = [(int(line.split()[1]), float(line.split()[2])) for line in open(sys.argv[1]) if line.startswith("leaked")]
leaked = sum(size for size, time in steps if since < time <= told)
print(warning, leaked, since)
assert 10 <= warning["grown_seconds"] <= 25 and steps[0][1] < since, steps[0]
first, *others = warning["stacks"]
assert "leak_a_little" in first["frames"] and "grow_steady" in first["frames"], first
assert first["comm"] == "oom" and first["kind"] == "anon"
# the stated bound is of two sigma: twice that, and a step more or less at both ends
assert abs(first["grown_bytes"] - leaked) <= 2 * first["error_bytes"] + (1 << 19), (first, leaked)
assert first["error_bytes"] < leaked, first
assert not any("hold_much" in stack["frames"] for stack in warning["stacks"]), others
# what it holds is all that it has leaked
held = sum(size for size, time in steps if time <= told)
assert abs(first["held_bytes"] - held) <= 2 * first["error_bytes"] * (held / leaked) ** 0.5 + (1 << 19), (first, held)
assert first["grown_bytes"] <= warning["grown_bytes"] and warning["grown_stacks"] >= 1
END
}

# meminfo_write AVAILABLE_PERCENT: of a host of 16 GiB.
meminfo_write()
{
	local all=$((16 << 20))

	printf 'MemTotal: %d kB\nMemFree: %d kB\nMemAvailable: %d kB\n' \
		$all $((all * $1 / 100)) $((all * $1 / 100)) >"$BATS_TEST_TMPDIR/meminfo"
}

# The watcher sees a meminfo of the test's own, and nobody else does: no host is filled for a test.
@test "the host as a whole is warned of, at each percent that it passes" {
	local percent

	requires mount unshare
	meminfo_write 60
	# shellcheck disable=SC2034,SC2016 # watch_start runs under it
	WATCH_UNDER=(unshare --mount bash -c 'mount --bind "$0" /proc/meminfo && exec "$@"' "$BATS_TEST_TMPDIR/meminfo")
	watch_start --format json --warn 70,90
	for percent in 70 90; do
		meminfo_write $((95 - percent))
		wait_for_line "$WATCH_OUT" '*"kind":"warning"*"scope":"global"*'
		LINE=${LINES[-1]}
		"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/warning.schema.json" <<<"$LINE"
		/usr/bin/python3 - "$LINE" $percent <<'END'
import json
import sys

warning, percent = json.loads(sys.argv[1]), int(sys.argv[2])
print(warning)
assert warning["percent"] == percent and "cgroup" not in warning, warning
assert warning["limit_bytes"] == 16 << 30, warning
assert warning["held_bytes"] // (1 << 20) == (16 << 10) * (percent + 5) // 100, warning
END
	done
}
