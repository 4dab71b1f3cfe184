# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of oomtrace's command line for bash. Options, commands and formats are read from
# `oomtrace --help=all`, so that this file never lags behind.

_oomtrace_help()
{
	command oomtrace --help=all 2>/dev/null
}

_oomtrace_options()
{
	_oomtrace_help | grep -oE '^  (-[a-zA-Z0-9], |    )--[a-z-]+' | grep -oE -- '--?[a-zA-Z-]+'
}

_oomtrace_commands()
{
	_oomtrace_help | sed -nE 's/^ +oomtrace \[OPTIONS\] ([a-z]+).*/\1/p' | sort -u
}

_oomtrace_formats()
{
	_oomtrace_help | sed -nE 's/^ +--format NAME +//p' | grep -oE '[a-z]+' | grep -vx or
}

# Whole lines may complete: paths and names have blanks.
_oomtrace_lines()
{
	local IFS=$'\n'

	mapfile -t COMPREPLY < <(compgen -W "$("$@")" -- "$current")
}

_oomtrace_pids()
{
	local proc

	for proc in /proc/[0-9]*; do
		echo "${proc#/proc/}"
	done
}

_oomtrace_names()
{
	cat /proc/[0-9]*/comm 2>/dev/null | sort -u
}

_oomtrace_cgroups()
{
	local root=/sys/fs/cgroup

	[[ ! -d $root/memory ]] || root=$root/memory
	find "$root" -mindepth 1 -maxdepth 6 -type d -printf '/%P\n' 2>/dev/null
}

_oomtrace_incidents()
{
	command oomtrace list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# What was given as a command, if one was.
_oomtrace_command()
{
	local word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if _oomtrace_commands | grep -qxF -- "$word"; then
			echo "$word"
			return
		fi
	done
}

_oomtrace_words()
{
	case $(_oomtrace_command) in
	'') _oomtrace_commands ;;
	report) _oomtrace_incidents; compgen -f -X '!*.oomtrace' -- "$current"; compgen -d -- "$current" ;;
	diff) compgen -f -X '!*.oomtrace' -- "$current"; compgen -d -- "$current" ;;
	esac
}

_oomtrace()
{
	local current=$2 previous=$3

	COMPREPLY=()
	if [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *' -- '* ]]; then
		COMPREPLY=()
		compopt -o default
		return
	fi
	case $previous in
	-p | --pid) _oomtrace_lines _oomtrace_pids ;;
	--comm) _oomtrace_lines _oomtrace_names ;;
	--cgroup) _oomtrace_lines _oomtrace_cgroups ;;
	--format) _oomtrace_lines _oomtrace_formats ;;
	-o | --output | --spool | --btf) compopt -o default ;;
	*)
		if [[ $current == -* ]]; then
			_oomtrace_lines _oomtrace_options
		else
			_oomtrace_lines _oomtrace_words
		fi
		;;
	esac
}

complete -F _oomtrace oomtrace
