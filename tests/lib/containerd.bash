# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real containerd with its shim and runc, started by hand, and containers of a directory: nothing is
# fetched. What it keeps lies below the test's directory, at /run/containerd for itself, its clients and
# the watcher, and for nobody else.

CONTAINERD=$BATS_TEST_TMPDIR/containerd
CONTAINERD_POD=0c9e6fb2-5c1c-4bd5-9d35-9b6e5c0c8a11
CONTAINERD_PID=
# Of every hierarchy, the test's own; a pod of Kubernetes is below it.
CONTAINERD_CGROUP=oomtrace-test-$$-$BATS_TEST_NUMBER-containerd

# shellcheck disable=SC2016 # expanded inside
CONTAINERD_VIEW=(unshare --mount bash -c 'mount -t tmpfs none /run && mkdir /run/containerd &&
	mount --bind "$0/run" /run/containerd && exec "$@"' "$CONTAINERD")

# The daemon, without what asks for a network or file systems of its own.
containerd_start()
{
	local log=$CONTAINERD/log

	mkdir -p "$CONTAINERD/run" "$CONTAINERD/root"
	cat >"$CONTAINERD/config.toml" <<-END
		version = 2
		root = "$CONTAINERD/root"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt",
			"io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
			"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
	END
	(run_in_background "${CONTAINERD_VIEW[@]}" containerd --config "$CONTAINERD/config.toml" \
		</dev/null >"$log" 2>&1) &
	CONTAINERD_PID=$!
	until grep -qs 'containerd successfully booted' "$log"; do
		kill -0 "$CONTAINERD_PID" || fail "$(<"$log")" || return
	done
}

ctr_here()
{
	(run_in_background timeout "$PATIENCE_SECONDS" "${CONTAINERD_VIEW[@]}" ctr --namespace k8s.io "$@" </dev/null)
}

# pod_container_run ID NAME ROOT COMMAND...: as the kubelet has its containers run; what it prints goes to
# $CONTAINERD/ID.out.
pod_container_run()
{
	local id=$1 name=$2 root=$3
	shift 3

	ctr_here run --detach --rootfs --log-uri "file://$CONTAINERD/$id.out" \
		--cgroup "/$CONTAINERD_CGROUP/kubepods/besteffort/pod$CONTAINERD_POD/$id" \
		--annotation io.kubernetes.cri.image-name=registry.example/shop/mailer:1.4 \
		--annotation "io.kubernetes.cri.container-name=$name" \
		"$root" "$id" "$@" >"$CONTAINERD/ctr.out" 2>&1 || fail "$(<"$CONTAINERD/ctr.out")"
}

containerd_cleanup()
{
	local id tries=0

	[[ $CONTAINERD_PID ]] || return 0
	for id in $(ctr_here container list --quiet 2>/dev/null); do
		{ ctr_here task remove --force "$id" && ctr_here container remove "$id"; } >/dev/null 2>&1 || true
	done
	kill "$CONTAINERD_PID" 2>/dev/null || true
	wait "$CONTAINERD_PID" 2>/dev/null || true
	CONTAINERD_PID=
	# whoever was killed leaves them a moment after it was waited for
	until find /sys/fs/cgroup -depth -type d -path "*/$CONTAINERD_CGROUP*" -exec rmdir {} + 2>/dev/null; do
		((++tries < 100)) || break
	done
}
