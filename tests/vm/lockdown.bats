#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A kernel that is locked down. There is no way back: this comes last on a virtual machine.

LOCKDOWN=/sys/kernel/security/lockdown

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	[[ ${OOMTRACE_VM-} ]] || skip 'only in a virtual machine'
	requires root bpf
	[[ -w $LOCKDOWN ]] || skip 'missing: lockdown'
}

@test "lockdown for integrity hinders nothing" {
	echo integrity >$LOCKDOWN
	run -0 "$OOMTRACE" --format folded -- true
}

@test "lockdown for confidentiality: the refusal and check say that it is this" {
	echo confidentiality >$LOCKDOWN
	run -77 "$OOMTRACE" -- true
	[[ $output == *'locked down'*'lockdown=integrity'* ]]
	run -77 "$OOMTRACE" check
	[[ $output == *'locked down'* ]]
}
