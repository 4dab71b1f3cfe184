# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A victim in a root of its own, on a mount nobody else sees, and stripped programs with the debug
# file they were stripped of.

# stripped_build VICTIM OPTION...: makes ./VICTIM and ./VICTIM.debug, which it names.
stripped_build()
{
	local victim=$1
	shift

	# shellcheck disable=SC2153 # of tests/lib/common.bash
	gcc -D_GNU_SOURCE= -I"$ROOT" -std=gnu11 -g -O1 -fno-optimize-sibling-calls -fno-builtin \
		-fno-inline "$@" "$ROOT/tests/victims/$victim.c" -pthread -o "$victim"
	objcopy --only-keep-debug "$victim" "$victim.debug"
	strip "$victim"
	objcopy --add-gnu-debuglink="$victim.debug" "$victim"
}

# fill_root ROOT PROGRAM: what the program needs; DEBUG_AS: and where its debug file goes.
fill_root()
{
	local library

	for library in $(ldd "$2" 2>/dev/null | grep -o '/[^ ]*'); do
		cp --parents "$library" "$1" || return
	done
	cp "$2" "$1/"
	[[ -z ${DEBUG_AS-} ]] || install -D "$2.debug" "$1/$DEBUG_AS"
}

# The pid that a command started by the victim's shell has here.
child_of()
{
	local child

	until child=$(pgrep -P "$1" | head -n 1) && [[ -n $child ]]; do :; done
	echo "$child"
}

# container_start PROGRAM ARGUMENT...: its pid is in CONTAINER_PID; all of it is gone with it.
container_start()
{
	local root=$BATS_TEST_TMPDIR/root program=$1
	shift

	mkdir -p "$root"
	export -f fill_root
	# shellcheck disable=SC2016 # expanded inside
	victim_spawn unshare --mount --pid --fork --kill-child bash -c \
		'mount -t tmpfs none "$0" && fill_root "$0" "$1" && cd "$0" && mkdir old &&
		 pivot_root . old && exec "/${1##*/}" "${@:2}"' "$root" "$program" "$@"
	victim_wait ready
	# shellcheck disable=SC2034 # the test reads it
	CONTAINER_PID=$(child_of "$VICTIM_PID")
	[[ ! -e $root/${program##*/} ]]
}
