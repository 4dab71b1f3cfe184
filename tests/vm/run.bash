# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernels' part of tools/run-tests, whose counters these functions add to: boots each kernel for
# each cgroup hierarchy it has, shows what comes back, and closes with a table.

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

# Boots once more where the kernel itself broke, which an emulator can cause: said, and counted in
# the table.
vm_boot()
{
	local cgroups=$1 directory=$VM_CACHE/$vm_kernel crash

	tests/vm/boot --cgroups "$cgroups" ${FULL:+--full} "$vm_kernel" </dev/null \
		>"$directory/result.$cgroups" 2>"$directory/boot.$cgroups.log"
	[[ $(tail -n 1 "$directory/result.$cgroups") != 'done' ]] || return 0
	crash=$(grep -aom1 -E '(BUG|Oops|Kernel panic|general protection).*' \
		"$directory/console.$cgroups.log") || return
	echo "  the kernel broke, booting it once more: $crash"
	cp "$directory/console.$cgroups.log" "$directory/console.$cgroups.first.log"
	((++vm_retries))
	tests/vm/boot --cgroups "$cgroups" ${FULL:+--full} "$vm_kernel" </dev/null \
		>"$directory/result.$cgroups" 2>"$directory/boot.$cgroups.log"
}

# Everything the machine wrote: "kernel RELEASE", then for each file its TAP, then "done".
vm_show()
{
	local name=$1 log=$2 line ended=

	while IFS= read -r line; do
		case $line in
		'kernel '*) vm_release=${line#kernel } ;;
		'file '*) echo "$name ${line#file }" && show_tap "$name ${line#file }" ;;
		'done') ended=1 ;;
		esac
	done
	[[ ! $ended ]] || return 0
	vm_fail "$name did not get to its end; $log ends with:"
	tail -n 20 "$log" 2>/dev/null | sed 's/^/        /'
}

# Both hierarchies, of a kernel that is there.
vm_hierarchies()
{
	local cgroups directory=$VM_CACHE/$vm_kernel

	for cgroups in $(awk -v name="$vm_kernel" '$1 == name { print $4 }' tests/kernels | tr , ' '); do
		echo "booting $vm_kernel, cgroup $cgroups"
		: >"$directory/result.$cgroups"
		: >"$directory/console.$cgroups.log"
		if ! vm_boot "$cgroups"; then
			sed 's/^/        /' "$directory/boot.$cgroups.log"
		fi
		export VM_BASE_MADE=yes
		vm_show "$vm_kernel $cgroups" "$directory/console.$cgroups.log" \
			<"$directory/result.$cgroups"
	done
}

vm_run()
{
	local vm_retries=0 vm_release='' started=$SECONDS
	# shellcheck disable=SC2154 # run-tests counts
	local before_passed=$passed before_failed=$failed before_skipped=$skipped

	vm_kernel=$1
	mkdir -p "$VM_CACHE/$vm_kernel"
	rm -f "$VM_CACHE/$vm_kernel"/{result,console,boot}.*
	if tests/vm/fetch "$vm_kernel" >/dev/null 2>"$VM_CACHE/$vm_kernel/fetch.log"; then
		vm_hierarchies
	else
		vm_fail "$vm_kernel: its package cannot be fetched"
		sed 's/^/        /' "$VM_CACHE/$vm_kernel/fetch.log"
	fi
	vm_rows+=("$(printf '%-7s %-28s %6d %6d %7d %7d %7d' "$vm_kernel" "${vm_release:-?}" \
		$((passed - before_passed)) $((failed - before_failed)) \
		$((skipped - before_skipped)) $vm_retries $((SECONDS - started)))")
	vm_kernel=
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
