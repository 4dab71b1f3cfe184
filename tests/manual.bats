#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual page and the completions cannot drift from the options that are taken.

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
MANUAL=$ROOT/docs/oomtrace.8

# shellcheck source=tests/lib/requires.bash
source "$ROOT/tests/lib/requires.bash"

# "--pid PID", one a line, with the argument as it is named.
options_of_help()
{
	"$OOMTRACE" --help=all | sed -nE 's/^  (-., |    )(--[a-z-]+)(\[=[A-Za-z]+\]| [A-Z]+)?.*/\2\3/p' | sort
}

options_of_manual()
{
	sed -n '/^\.SH OPTIONS/,/^\.SH E/p' "$MANUAL" | grep -A1 '^\.TP' | sed -E 's/\\f[IRB]//g; s/\\-/-/g; s/"//g; s/ \[ ?=([A-Za-z]+) \]/[=\1]/' |
		sed -nE 's/^\.BR? (-. *, *)?(--[a-z-]+) *(\[=[A-Za-z]+\]|[A-Z]+)?.*/\2 \3/p' |
		sed -E 's/ (\[|$)/\1/' | sort
}

# offered WORD...: what bash offers for the last word of a command line.
offered()
{
	PATH="$(dirname "$OOMTRACE"):$PATH" bash -c '
		source "$1" && shift
		compopt() { :; }
		COMP_WORDS=(oomtrace "$@") COMP_CWORD=$#
		_oomtrace oomtrace "${@: -1}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' - "$ROOT/tools/completion/oomtrace.bash" "$@"
}

@test "the manual page has each option with its argument, and no other" {
	diff -u <(options_of_help) <(options_of_manual)
}

@test "the manual page begins with examples and has no mistake in its markup" {
	[[ $(grep -n '^\.SH EXAMPLES' "$MANUAL" | cut -d: -f1) -lt $(grep -n '^\.SH OPTIONS' "$MANUAL" | cut -d: -f1) ]]
	requires man
	# the page itself has the word
	run --separate-stderr man --warnings --encoding=UTF-8 --local-file "$MANUAL"
	# shellcheck disable=SC2154 # run --separate-stderr sets it
	[[ $output == *--warn* && $stderr != *warning* ]]
}

@test "bash completes options, commands, formats and process ids" {
	diff -u <(options_of_help | sed -E 's/[ [].*//' | sort) <(offered -- | grep '^--' | sort)
	[[ $(offered '' | sort | tr '\n' ' ') == *"check diff"*"report"* ]]
	offered --format '' | grep -qx folded
	offered -p '' | grep -qx $$
	[[ $(offered --format fo) == folded ]]
}

@test "bash completes recordings, and leaves CMD alone" {
	cd "$ROOT/tests/data" || return
	offered report ser | grep -qx server.oomtrace
	run offered -- ls --
	[[ -z $output ]]
}

@test "zsh completes the same options, with what they are for" {
	requires zsh
	PATH="$(dirname "$OOMTRACE"):$PATH"
	export PATH
	run zsh -fc '
		_describe() { print -l -- "${(P@)@[-1]}" }
		compadd() { print -l -- "$@" }
		words=(oomtrace --) CURRENT=2
		source "$1"' - "$ROOT/tools/completion/_oomtrace"
	[[ $output == *"--duration:stop after 30"* ]]
	diff -u <(options_of_help | sed -E 's/[ [].*//') <(grep -oE '^--[a-z-]+' <<<"$output" | sort)
}
