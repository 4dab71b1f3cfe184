# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real containers, made by podman and an OCI runtime of an image that is made here: nothing is
# fetched. Everything podman keeps lies below the test's directory.

STORE=$BATS_TEST_TMPDIR/store
IMAGE=localhost/shop/mailer

# Its view of the cgroups is its own: crun takes no hybrid hierarchy whose v2 side has controllers.
# Limits of open files and processes that are ours already, for a test may not raise them. Where it runs,
# conmon leaves a file "oom".
podman_here()
{
	cd "$BATS_TEST_TMPDIR" || return
	# shellcheck disable=SC2016 # expanded inside
	exec 3>&-
	unshare --mount bash -c '[[ ! -d /sys/fs/cgroup/unified ]] || umount /sys/fs/cgroup/unified
		exec podman "$@"' podman --storage-driver vfs --root "$STORE" --runroot "$BATS_TEST_TMPDIR/runroot" \
		--tmpdir "$BATS_TEST_TMPDIR/libpod" --cgroup-manager cgroupfs --events-backend none \
		--runtime "${RUNTIME:-runc}" "$@"
}

# image_make TAG PROGRAM: an image of a program and what it needs.
image_make()
{
	local root=$BATS_TEST_TMPDIR/image

	mkdir -p "$root"
	fill_root "$root" "$2"
	tar -C "$root" -cf "$root.tar" .
	(podman_here import "$root.tar" "$IMAGE:$1") >"$BATS_TEST_TMPDIR/podman.out" 2>&1 ||
		fail "$(<"$BATS_TEST_TMPDIR/podman.out")"
}

# podman_run NAME TAG ARGUMENT...: PODMAN_WITH has options.
podman_run()
{
	local name=$1 tag=$2
	shift 2

	(podman_here run --name "$name" --network none --memory 48m --memory-swap 48m \
		--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		"${PODMAN_WITH[@]}" "$IMAGE:$tag" "$@") >"$BATS_TEST_TMPDIR/podman.out" 2>&1
}

podman_cleanup()
{
	[[ ! -d $STORE ]] || (podman_here rm --all --force --time 0) >/dev/null 2>&1 || true
	# of every hierarchy, what podman leaves behind; who has a process stays
	find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
}

# The watcher sees the store where podman keeps it by itself, and nobody else does.
watch_with_store()
{
	mkdir -p "$STORE"
	# shellcheck disable=SC2034,SC2016 # watch_start runs under it
	WATCH_UNDER=(unshare --mount bash -c 'mount -t tmpfs none /var/lib && mkdir -p /var/lib/containers/storage &&
		mount --bind "$0" /var/lib/containers/storage && exec "$@"' "$STORE")
	watch_start --format json "$@"
}
