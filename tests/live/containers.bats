#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real containers, of podman and the runtimes it starts: what their victims are called, and who killed.

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	load ../lib/container
	load ../lib/podman
	requires root bpf cgroup_memory mount unshare podman runc crun jsonschema
	# shellcheck disable=SC2034 # podman_run reads it
	PODMAN_WITH=()
}

teardown()
{
	podman_cleanup
	live_teardown
}

# A life in a container until its limit: its incident is in LINE.
life_of()
{
	# shellcheck disable=SC2034
	PODMAN_WITH=(-i)
	podman_run "$@" <<<go || true
	wait_for_line "$WATCH_OUT" '*"comm":"oom"*' || fail "$(<"$BATS_TEST_TMPDIR/podman.out")"
	LINE=${LINES[-1]}
	"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$LINE"
}

@test "a container has its name and its image, and lives of one image are lives of one workload" {
	local id

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
	"$OOMTRACE" report --spool "$SPOOL" -1 | grep -q 'in .*container bold_noether, image localhost/shop/mailer:1.5, podman '
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
	requires busybox
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
