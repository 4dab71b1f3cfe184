#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# Where a victim lived: unit, container, pod and their names, of real kills in cgroups that are called
# as each runtime calls its own.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory unshare mount
	LOGS=$BATS_TEST_TMPDIR/logs
	ID=3fe0c1d2b3a495867768594a3b2c1d0e3fe0c1d2b3a495867768594a3b2c1d0e
	POD_UID=0f6a1b2c-1234-4abc-8def-0123456789ab
}

teardown()
{
	live_teardown
}

# The watcher sees $LOGS as /var/log, and nobody else does.
watch_with_logs()
{
	mkdir -p "$LOGS"
	# shellcheck disable=SC2034 # watch_start runs under it
	WATCH_UNDER=(unshare --mount sh -c "mount --bind '$LOGS' /var/log && exec \"\$@\"" sh)
	watch_start --format json
}

# kill_in PATH: the incident of a kill in a cgroup below the test's own is in $LINE.
kill_in()
{
	victim_cleanup
	oom_start hog 32
	cgroup_enter "$1" "$VICTIM_PID"
	oom_go
	watch_line
}

# expect_place RUNTIME ID POD_UID UNIT NAMESPACE POD CONTAINER; "" is: not there.
expect_place()
{
	incident_check '
place = victim.get("container", {})
got = [place.get(key, "") for key in ("runtime", "id", "pod_uid")]
got += [victim.get("unit", "")]
got += [place.get(key, "") for key in ("namespace", "pod", "name")]
assert got == sys.argv[2:], (victim["cgroup"], got)' "$@"
}

@test "a container of a pod has its names, whatever runtime and cgroup driver it is of" {
	slice=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${POD_UID//-/_}.slice
	names=(shop mailer-0 worker)

	mkdir -p "$LOGS/pods/shop_mailer-0_$POD_UID/worker" "$LOGS/pods/shop_mailer-0_$POD_UID/side-car"
	mkdir -p "$LOGS/pods/kube-system_etcd-node1_${POD_UID//-/}/etcd" "$LOGS/containers"
	ln -s /nowhere "$LOGS/containers/mailer-0_shop_worker-$ID.log"
	watch_with_logs
	kill_in "$slice/cri-containerd-$ID.scope"
	expect_place containerd "$ID" "$POD_UID" "" "${names[@]}"
	kill_in "system.slice/containerd.service/kubepods-burstable-pod${POD_UID//-/_}.slice:cri-containerd:$ID"
	expect_place containerd "$ID" "$POD_UID" containerd.service "${names[@]}"
	kill_in "$slice/crio-$ID.scope/container"
	expect_place cri-o "$ID" "$POD_UID" "" "${names[@]}"
	kill_in "kubepods/pod$POD_UID/$ID"
	expect_place "" "$ID" "$POD_UID" "" "${names[@]}"
	# nested: the last id counts
	kill_in "docker/${ID//3/a}/kubepods/besteffort/pod$POD_UID/$ID"
	expect_place "" "$ID" "$POD_UID" "" "${names[@]}"
	kill_in "kubepods/burstable/pod${POD_UID//-/}/${ID//3/a}"
	expect_place "" "${ID//3/a}" "${POD_UID//-/}" "" kube-system etcd-node1 etcd
	# the report that people read has them, too
	"$OOMTRACE" report --spool "$SPOOL" -1 | grep -q 'in .*namespace kube-system, pod etcd-node1, container etcd,'
}

@test "what is in no pod has its runtime's id and its unit, and no names are made up" {
	watch_with_logs
	kill_in "docker/$ID"
	expect_place docker "$ID" "" "" "" "" ""
	kill_in "machine.slice/libpod-$ID.scope/container"
	expect_place podman "$ID" "" "" "" "" ""
	kill_in lxc.payload.web/system.slice/cron.service
	expect_place lxc web "" cron.service "" "" ""
	kill_in 'system.slice/batch\x2dnight.service'
	expect_place "" "" "" batch-night.service "" "" ""
}
