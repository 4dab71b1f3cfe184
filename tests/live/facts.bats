#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# What a victim was set to is in its incident: taken while it lived, and nothing that is secret.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory python
}

teardown()
{
	tracer_cleanup
	live_teardown
}

# Grows for some seconds, so that it is looked at, and says how many files it has open.
GROWING='
import mmap, os, socket, time
reserved = mmap.mmap(-1, 300 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
sockets = [socket.socket() for _ in range(3)]
files = [open("/dev/null") for _ in range(20)]
print("files", len(os.listdir("/proc/self/fd")) - 1, flush=True)
kept = []
while True:
    kept.append(bytearray(1 << 20))
    time.sleep(0.08)
'

@test "limits, files and what the runtime was told are in the incident, other variables are nowhere" {
	local secret=hunter2-$$-$RANDOM files

	watch_start --format json
	# shellcheck disable=SC2034 # tests/lib/victim.bash reads it
	VICTIM_LIMIT_BYTES=$((64 << 20))
	# shellcheck disable=SC2016 # for bash in the cgroup
	victim_spawn env PASSWORD="$secret" JAVA_TOOL_OPTIONS="-Dkey=$secret -Xmx2g" GOMEMLIMIT=4GiB \
		bash -c 'ulimit -n 321; exec /usr/bin/python3 -c "$0"' "$GROWING"
	wait_for_line "$VICTIM_OUT" 'files *'
	files=${LINES[-1]#files }
	watch_line
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
	incident_check '
facts = {f["key"]: f for f in incident["figures"] if f.get("pid") == victim["pid"]}
assert facts["GOMEMLIMIT"]["text"] == "4GiB", facts
assert facts["JAVA_TOOL_OPTIONS"]["text"] == "-Xmx2g", facts
assert facts["limit.open_files"]["value"] == 321, facts
assert facts["open_files"]["value"] == int(sys.argv[2]), (facts["open_files"], sys.argv[2])
assert facts["open_sockets"]["value"] == 3, facts["open_sockets"]
assert facts["threads"]["value"] == 1 and facts["runtime"]["text"] == "python", facts
assert all(f["taken"] == "before" for f in facts.values())
settings = {f["key"] for f in incident["figures"] if f["source"] == "setting"}
assert "vm.overcommit_memory" in settings, settings
# what it had reserved, at the kill and, by name, some time before it
reserved, resident = victim["reserved"], victim["rss"]
assert reserved["taken"] == "at_kill" and reserved["stack_bytes"] >= 4096, reserved
assert reserved["all_bytes"] >= (300 << 20) + resident["anon_bytes"], reserved
assert reserved["all_bytes"] >= reserved["data_bytes"] + reserved["stack_bytes"] + reserved["exec_bytes"]
mappings = victim["mappings"]
sizes = [m["reserved_bytes"] for m in mappings if m["kind"] != "others"]
assert sizes == sorted(sizes, reverse=True) and len(mappings) <= 17, mappings
assert mappings[0]["kind"] == "anonymous" and sizes[0] >= 300 << 20, mappings
assert any(m.get("name", "").endswith("/libc.so.6") and m["count"] >= 3 for m in mappings), mappings
assert victim["mappings_taken"] == "before" and victim["mappings_before_ns"] > 0, victim
assert sum(m["reserved_bytes"] for m in mappings) <= reserved["all_bytes"], mappings
assert (victim["exe_taken"], victim["argv_taken"]) == ("before", "before"), victim
# whose variables are for other runtimes is not misconfigured
assert incident["verdict"]["kind"] != "runtime_misconfigured", incident["verdict"]
' "$files"
	[[ $LINE != *"$secret"* ]]
	run ! grep -rqa "$secret" "$SPOOL"
}
