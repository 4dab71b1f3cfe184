# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernels' part of tools/run-tests, whose counters these functions add to: boots each kernel for
# each cgroup hierarchy it has, shows what comes back, and closes with a table.
# The kernels' jobs run in the background and leave files; only the shell itself counts.

VM_CACHE=${VM_CACHE:-build/vm}
# Set while the tests of a kernel are shown: its name in tests/kernels.
vm_kernel=
vm_rows=() vm_skips=()

# The kernels to run: those that KERNEL names, or all.
vm_kernels()
{
	if [[ ${KERNEL-} ]]; then
		tr -s ' ' '\n' <<<"$KERNEL"
	else
		awk '!/^#/ { print $1 }' tests/kernels
	fi
}

# may_skip LINE: anywhere but in a virtual machine, which is made to have what tests need; there
# tests/vm/skips must say so, as kernel|title|reason.
may_skip()
{
	local kernel title reason test

	[[ $vm_kernel ]] || return 0
	test=$(sed -E 's/^(not )?ok [0-9]+ //; s/( in [0-9]+ms)? # [sS][kK][iI][pP].*//' <<<"$1")
	while IFS='|' read -r kernel title reason; do
		# shellcheck disable=SC2053 # patterns
		[[ $vm_kernel == $kernel && $test == $title ]] || continue
		vm_skips+=("  $vm_kernel: $test: $reason")
		return 0
	done < <(grep -v '^#' tests/vm/skips)
	return 1
}

# Nothing to boot them with: counted as one test that is skipped.
vm_missing()
{
	local what=

	[[ $(uname -m) == x86_64 ]] || what="a processor of theirs: this one is $(uname -m)"
	command -v qemu-system-x86_64 >/dev/null || what='program qemu-system-x86_64'
	[[ $what ]] || return 1
	((++skipped))
	echo "  skip  the kernels of tests/kernels # missing: $what"
}

vm_fail()
{
	((++failed))
	echo "  FAIL  $*"
}

# vm_boot KERNEL CGROUPS: boots once more where the kernel itself broke, which an emulator can cause: said,
# and counted in the table.
vm_boot()
{
	local directory=$VM_CACHE/$1 cgroups=$2 crash

	# who asked has been ended: no more of them
	kill -0 $$ || exit
	tests/vm/boot --cgroups "$cgroups" ${FULL:+--full} "$1" </dev/null \
		>"$directory/result.$cgroups" 2>"$directory/boot.$cgroups.log"
	[[ $(tail -n 1 "$directory/result.$cgroups") != 'done' ]] || return 0
	crash=$(grep -aom1 -E '(BUG|Oops|Kernel panic|general protection).*' \
		"$directory/console.$cgroups.log") || return
	echo "  the kernel broke, booting it once more: $crash" >>"$directory/retries"
	cp "$directory/console.$cgroups.log" "$directory/console.$cgroups.first.log"
	tests/vm/boot --cgroups "$cgroups" ${FULL:+--full} "$1" </dev/null \
		>"$directory/result.$cgroups" 2>"$directory/boot.$cgroups.log"
}

vm_hierarchies()
{
	awk -v name="$1" '$1 == name { print $4 }' tests/kernels | tr , ' '
}

# vm_fetch KERNEL: without what an earlier run has left of it.
vm_fetch()
{
	local directory=$VM_CACHE/$1

	mkdir -p "$directory"
	rm -f "$directory"/{result,console,boot}.* "$directory"/{retries,seconds}
	: >"$directory/retries"
	tests/vm/fetch "$1" >"$directory/fetched" 2>"$directory/fetch.log" || rm -f "$directory/fetched"
}

# In a shell of its own: of jobs of this one a `wait -n` of vm_boot_all has heard again, and let one too many begin.
vm_fetch_all()
(
	for kernel in "$@"; do
		vm_fetch "$kernel" &
	done
	wait
)

# vm_job KERNEL: runs all of its tests; what they said is left in its directory.
vm_job()
{
	local cgroups directory=$VM_CACHE/$1 started=$SECONDS

	for cgroups in $([[ ! -e $directory/fetched ]] || vm_hierarchies "$1"); do
		vm_boot "$1" "$cgroups"
	done
	echo $((SECONDS - started)) >"$directory/seconds"
}

# What one hierarchy's machine wrote: "kernel RELEASE", then for each file its TAP, then "done".
vm_show()
{
	local cgroups=$1 directory=$VM_CACHE/$vm_kernel line ended=
	local name="$vm_kernel $cgroups"

	while IFS= read -r line; do
		case $line in
		'kernel '*) vm_release=${line#kernel } ;;
		'file '*) echo "$name ${line#file }" && show_tap "$name ${line#file }" ;;
		'done') ended=1 ;;
		esac
	done <"$directory/result.$cgroups"
	[[ ! $ended ]] || return 0
	vm_fail "$name did not get to its end; $directory/console.$cgroups.log ends with:"
	tail -n 20 "$directory/boot.$cgroups.log" "$directory/console.$cgroups.log" 2>/dev/null |
		sed 's/^/        /'
}

# vm_count KERNEL: shows what its job has left, and keeps its row of the table.
vm_count()
{
	local vm_release='' cgroups directory=$VM_CACHE/$1
	# shellcheck disable=SC2154 # run-tests counts
	local before_passed=$passed before_failed=$failed before_skipped=$skipped

	vm_kernel=$1
	cat "$directory/retries"
	if [[ -e $directory/fetched ]]; then
		for cgroups in $(vm_hierarchies "$1"); do
			vm_show "$cgroups"
		done
	else
		vm_fail "$1: its package cannot be fetched"
		sed 's/^/        /' "$directory/fetch.log"
	fi
	vm_rows+=("$(printf '%-7s %-28s %6d %6d %7d %7d %7d' "$1" "${vm_release:-?}" \
		$((passed - before_passed)) $((failed - before_failed)) \
		$((skipped - before_skipped)) "$(wc -l <"$directory/retries")" \
		"$(<"$directory/seconds")")")
	vm_kernel=
}

# vm_run KERNEL...: VM_JOBS at a time, as many as there are processors unless that is set: an emulator keeps
# one busy. Each is counted when it has ended, and then what they say is held against each other.
vm_run()
{
	local kernel

	mkdir -p "$VM_CACHE"
	echo "fetching $*"
	vm_fetch_all "$@"
	tests/vm/image "$VM_CACHE/base.cpio" || { vm_fail 'no image for the machines' && return; }
	export VM_BASE_MADE=yes
	echo "booting $*"
	while read -r kernel; do
		vm_count "$kernel"
	done < <(vm_boot_all "$@")
	vm_compare "$@"
}

# Tells the name of each that has ended.
vm_boot_all()
{
	local kernel
	local -i left=${VM_JOBS:-$(nproc)}

	for kernel in "$@"; do
		((left-- > 0)) || wait -n
		(vm_job "$kernel" && echo "$kernel") &
	done
	wait
}

# vm_compare KERNEL...: what they have told of the same kills, held against each other.
vm_compare()
{
	local kernel
	local -a results=()

	for kernel in "$@"; do
		results+=("$VM_CACHE/$kernel"/result.*)
	done
	echo tests/vm/fields
	show_tap tests/vm/fields < <(tests/vm/fields "${results[@]}" 2>&1; echo "exit $?")
}

vm_table()
{
	((${#vm_rows[@]})) || return 0
	echo
	printf '%-7s %-28s %6s %6s %7s %7s %7s\n' kernel release passed failed skipped retries seconds
	printf '%s\n' "${vm_rows[@]}"
	((${#vm_skips[@]} == 0)) || printf '\nskipped, and why:\n%s\n' "$(printf '%s\n' "${vm_skips[@]}")"
	echo
}
