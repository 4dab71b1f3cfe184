# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The real systemd-oomd, where systemd is not the first process: it asks that one over varlink which
# cgroups it is to look after (io.systemd.ManagedOOM), so something else answers, with one cgroup.

OOMD=/lib/systemd/systemd-oomd

# The answer to the subscription, and then nothing more: a twentieth of the time waited for memory is too much.
OOMD_SERVER='
import json, os, socket, sys
os.makedirs("/run/systemd/oom", exist_ok=True)  # its own socket is there
server = socket.socket(socket.AF_UNIX)
path = "/run/systemd/io.system.ManagedOOM"
if os.path.exists(path):
    os.unlink(path)
server.bind(path)
server.listen()
print("listening", flush=True)
client, _ = server.accept()
asked = client.recv(4096)
assert b"SubscribeManagedOOMCGroups" in asked, asked
managed = {"mode": "kill", "path": sys.argv[1], "property": "ManagedOOMMemoryPressure", "limit": 2**32 // 20}
client.sendall(json.dumps({"parameters": {"cgroups": [managed]}, "continues": True}).encode() + b"\0")
print("answered", flush=True)
client.recv(4096)'

# oomd_start PATH: it kills what is in a cgroup below PATH once that one has waited too long for
# memory. Its settings are in a directory that nobody else sees.
oomd_start()
{
	local dir=$BATS_TEST_TMPDIR/oomd

	mkdir -p "$dir"
	mkfifo "$dir/out"
	(run_in_background /usr/bin/python3 -c "$OOMD_SERVER" "$1" </dev/null >"$dir/out" 2>"$dir/server.err") &
	SLEEPERS+=("$!")
	exec {OOMD_OUT}<"$dir/out"
	wait_for_line "$OOMD_OUT" listening || fail "$(<"$dir/server.err")"
	# shellcheck disable=SC2016 # expanded inside
	(run_in_background unshare --mount bash -c 'mkdir -p /etc/systemd && busybox mount -t tmpfs none /etc/systemd &&
		printf "[OOM]\nDefaultMemoryPressureDurationSec=1s\n" >/etc/systemd/oomd.conf &&
		SYSTEMD_LOG_LEVEL=debug exec "$0"' "$OOMD" </dev/null >"$dir/log" 2>&1) &
	SLEEPERS+=("$!")
	wait_for_line "$OOMD_OUT" answered || fail "$(cat "$dir/server.err" "$dir/log")"
}

# reader_start FILE MIB CGROUP: reads a file again and again, in a cgroup, which its pages are counted for: who
# wrote it keeps none.
reader_start()
{
	dd if=/dev/zero of="$1" bs=1M count="$2" conv=fsync status=none
	echo 1 >/proc/sys/vm/drop_caches
	(
		echo "$BASHPID" >"$3/cgroup.procs"
		# shellcheck disable=SC2016 # expanded inside
		run_in_background bash -c 'while :; do cat "$0" >/dev/null; done' "$1"
	) &
	SLEEPERS+=("$!")
}
