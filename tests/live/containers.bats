#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# Real containers, of podman, of containerd and the runtimes they start: what their victims are called, and
# who killed.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	load ../lib/container
	load ../lib/podman
	load ../lib/containerd
	requires root bpf cgroup_memory mount unshare runc jsonschema
	# shellcheck disable=SC2034 # podman_run reads it
	PODMAN_WITH=()
}

teardown()
{
	podman_cleanup
	containerd_cleanup
	live_teardown
}

# A life in a container until its limit: its incident is in LINE.
life_of()
{
	# shellcheck disable=SC2034
	PODMAN_WITH=(-i)
	podman_run "$@" <<<go || true
	wait_for_line "$WATCH_OUT" '*"comm":"oom"*"runtime":"podman"*' || fail "$(<"$BATS_TEST_TMPDIR/podman.out")"
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
}

@test "a container has its name and its image, and lives of one image are lives of one workload" {
	local id

	requires podman
	image_make 1.4 "$BUILD/victims/oom"
	image_make 1.5 "$BUILD/victims/oom"
	watch_with_store
	life_of calm_hopper 1.4 /oom hog 128
	incident_check '
place = victim["container"]
assert (place["image"], place["name"], place["runtime"]) == ("localhost/shop/mailer:1.4", "calm_hopper", "podman"), place
assert place["names_taken"] == "after" and "previous" not in incident, place
assert any("grow_hog" in stack["frames"] for stack in incident["stacks"]), incident["stacks"]'
	id=$(incident_check 'print(incident["id"])')
	# another version of it, and another name that podman could have made up
	life_of bold_noether 1.5 /oom hog 128
	incident_check '
assert victim["container"]["image"] == "localhost/shop/mailer:1.5", victim["container"]
assert [life["id"] for life in incident["previous"]] == [sys.argv[2]], incident.get("previous")' "$id"
	"$OOMTRACE" report --spool "$SPOOL" "$(incident_check 'print(incident["id"])')" |
		grep -q 'in .*container bold_noether, image localhost/shop/mailer:1.5, podman '
	[[ $("$OOMTRACE" list --spool "$SPOOL" --container localhost/shop/mailer:1.4) == *"calm_hopper of localhost/shop/mailer:1.4" ]]
}

# expect_sender NAME PROGRAM [ANCESTOR]: the container that was killed, and by what.
expect_sender()
{
	wait_for_line "$WATCH_OUT" '*"comm":"busybox"*"sender":*"kind":"container_runtime"*'
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/sigkill.schema.json" <<<"$LINE"
	incident_check '
sender, name, program = incident["sender"], sys.argv[2], sys.argv[3]
assert victim["container"]["id"] == name and victim["container"]["runtime"] == "podman", victim
assert (sender["kind"], sender["how"]) == ("container_runtime", "system_call"), sender
assert sender["exe"].endswith("/" + program) or sender["comm"].startswith(program), sender
assert sender["cgroup"] and not sender["for_memory"], sender
assert not sys.argv[4:] or sys.argv[4] in [above["comm"] for above in sender["ancestors"]], sender' "$@"
}

# sleeper_run NAME: its id is in ID.
sleeper_run()
{
	# shellcheck disable=SC2034
	PODMAN_WITH=(--detach)
	podman_run "$1" 1 /busybox sleep 1000 || fail "$(<"$BATS_TEST_TMPDIR/podman.out")"
	ID=$(tail -n 1 "$BATS_TEST_TMPDIR/podman.out")
}

@test "what podman, runc and crun kill is told with the runtime that did it" {
	requires podman crun busybox
	image_make 1 "$(command -v busybox)"
	watch_with_store --sigkills
	sleeper_run one
	(podman_here kill --signal KILL one) >/dev/null
	expect_sender "$ID" runc podman
	sleeper_run two
	runc kill "$ID" KILL
	expect_sender "$ID" runc bash
	RUNTIME=crun sleeper_run three
	(RUNTIME=crun podman_here kill --signal KILL three) >/dev/null
	expect_sender "$ID" crun podman
}

# pod_victim DIGIT NAME COMMAND...: a container of a pod; its id is in ID.
pod_victim()
{
	ID=$(printf "$1%.0s" {1..64})
	pod_container_run "$ID" "$2" "$BATS_TEST_TMPDIR/pod" "${@:3}"
}

# expect_pod_sender NAME EXE KIND: the line of whom containerd had killed, and with what.
expect_pod_sender()
{
	wait_for_line "$WATCH_OUT" '*"sender":{"kind":"container_runtime"*'
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/$3.schema.json" <<<"$LINE"
	incident_check '
sender, place = incident["sender"], victim["container"]
assert sender["how"] == "system_call" and sender["exe"].endswith("/" + sys.argv[2]), sender
assert "containerd-shim" in [sender["comm"]] + [above["comm"] for above in sender["ancestors"]], sender
assert (place["id"], place["pod_uid"]) == (sys.argv[3], sys.argv[4]), place' "$2" "$1" "$CONTAINERD_POD"
}

@test "what containerd has killed is told with the shim or its runc, and the pod whose container it was" {
	requires containerd busybox
	mkdir "$BATS_TEST_TMPDIR/pod"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/pod"
	containerd_start
	WATCH_UNDER=("${CONTAINERD_VIEW[@]}")
	watch_start --format json --sigkills
	pod_victim a mailer /busybox sleep 1000
	# the shim itself kills what was started beside the container's first process
	ctr_here task exec --detach --exec-id more "$ID" /busybox sleep 1000
	ctr_here task kill --signal SIGKILL --exec-id more "$ID"
	expect_pod_sender "$ID" containerd-shim-runc-v2 sigkill
	# and has its runc kill the first one
	ctr_here task kill --signal SIGKILL "$ID"
	expect_pod_sender "$ID" runc sigkill
	incident_check '
assert incident["sender"]["ancestors"][0]["comm"] == "containerd-shim" and not incident["sender"]["for_memory"]
assert "id" not in incident and not incident.get("stacks"), incident'
}

# What the kubelet decides by is the host's memory: the watcher reads of one that has none left.
watch_host_that_is_short()
{
	sed 's/^\(MemFree:\|Inactive(file):\) *[0-9]*/\1 1024/' /proc/meminfo >"$BATS_TEST_TMPDIR/meminfo"
	# shellcheck disable=SC2016,SC2034 # expanded inside; watch_start runs under it
	WATCH_UNDER=("${CONTAINERD_VIEW[@]}" bash -c 'mount --bind "$0" /proc/meminfo && exec "$@"'
		"$BATS_TEST_TMPDIR/meminfo")
	watch_start --format json --sigkills
}

@test "a pod's container that the runtime kills on a host short of memory: an eviction, with its stacks" {
	requires containerd busybox
	mkdir "$BATS_TEST_TMPDIR/pod"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/pod"
	fill_root "$BATS_TEST_TMPDIR/pod" "$BUILD/victims/heap"
	containerd_start
	watch_host_that_is_short
	pod_victim b mailer /busybox sh -c '/busybox mkfifo /in; exec 5<>/in; echo go >&5; exec /heap malloc 32 <&5'
	until grep -qs grown "$CONTAINERD/$ID.out"; do :; done
	ctr_here task kill --signal SIGKILL "$ID"
	expect_pod_sender "$ID" runc incident
	incident_check '
place = victim["container"]
assert incident["kind"] == "sigkill" and incident["sender"]["for_memory"], incident["sender"]
assert (place["image"], place["name"]) == ("registry.example/shop/mailer:1.4", "mailer"), place
anon = [stack for stack in incident["stacks"] if stack["kind"] == "anon"]
assert any("grow_malloc" in stack["frames"] for stack in anon), anon'
	"$OOMTRACE" report --spool "$SPOOL" "$(incident_check 'print(incident["id"])')" |
		grep -q "in .*container mailer, image .*pod uid $CONTAINERD_POD"
}
