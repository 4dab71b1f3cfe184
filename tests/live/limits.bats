#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How long will it last? A forecast, held against what happens then.

# bats file_tags=waits

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	requires root bpf cgroup_memory python jsonschema
}

teardown()
{
	tracer_cleanup
	live_teardown
}

@test "when a steady leak fills its cgroup is told, and the kill comes within the bounds" {
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((200 << 20))
	# 6 MiB a second, whatever the machine's load: behind its schedule it catches up
	victim_spawn /usr/bin/python3 -c '
import time
kept, begun = [], time.monotonic()
while True:
    kept.append(bytearray(256 << 10))
    time.sleep(max(0, begun + len(kept) / 24 - time.monotonic()))'
	trace_start -p "$VICTIM_PID" -d 22 --format json
	trace_wait
	wait "$VICTIM_PID" || true
	killed=$EPOCHREALTIME
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/growth.schema.json" <"$TRACE_OUT"
	/usr/bin/python3 - "$TRACE_OUT" "$killed" "${CGROUP##*/}" <<'END'
import datetime
import json
import sys

growth = json.load(open(sys.argv[1]))
limit = growth["limit"]
assert limit["cgroup"] == "/" + sys.argv[3] and limit["limit_bytes"] == 200 << 20, limit
assert limit["trend"] == "rising", limit
assert abs(limit["rate_bytes_per_second"] - (6 << 20)) < 1 << 20, limit
whole, _, part = growth["time"].rstrip("Z").partition(".")
then = datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + part)
took = float(sys.argv[2]) - then
assert limit["forecast_low_seconds"] <= took <= limit["forecast_high_seconds"] + 1, (took, limit)
END
}
