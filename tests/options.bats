#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line, as people meet it: help that fits a screen, and one clear line for a mistake.

# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}

# refuses PATTERN WORDS...: exit code 64, nothing on stdout, one line on stderr like PATTERN.
refuses()
{
	local pattern=$1

	shift
	run --separate-stderr -64 "$OOMTRACE" "$@"
	echo "$stderr"
	[[ -z $output ]]
	[[ ${#stderr_lines[@]} -eq 1 ]]
	# shellcheck disable=SC2053 # a pattern is what it is
	[[ $stderr == $pattern ]]
}

@test "--help goes to stdout, under 60 lines, and names every exit code" {
	run --separate-stderr -0 "$OOMTRACE" --help
	[[ -z $stderr ]]
	(($("$OOMTRACE" --help | wc -l) > 20 && $("$OOMTRACE" --help | wc -l) < 60))
	[[ $output == *--help=all* ]]
	for code in 0 1 2 64 77; do
		[[ ${output#*Exit status:} == *"$code "* ]]
	done
	[[ $output == *Examples:* ]]
}

@test "--help lists every option that is taken, within 100 columns" {
	run -0 "$OOMTRACE" --help=all
	for option in pid comm cgroup all children duration period interval max-size output format from to kinds \
		since-start virtual top strict watch-oom-kills spool spool-size keep-free warn on-warn on-warn-user on-warn-deadline container \
		since until reverse last json \
		verbose help version; do
		[[ $output == *"--$option"* ]]
	done
	for line in "${lines[@]}"; do
		((${#line} <= 100))
	done
}

@test "--help=all has all of --help, and what is no extent is refused" {
	"$OOMTRACE" --help | grep -vE 'help=all' | while IFS= read -r line; do
		grep -qxF -- "$line" <("$OOMTRACE" --help=all) || return 1
	done
	(($("$OOMTRACE" --help=all | wc -l) > $("$OOMTRACE" --help | wc -l)))
	refuses "*'some'*all*" --help=some
}

@test "--version prints one line" {
	run --separate-stderr -0 "$OOMTRACE" --version
	[[ $output =~ ^oomtrace\ [0-9]+\.[0-9]+ ]]
	[[ ${#lines[@]} -eq 1 ]]
}

@test "without anything to trace it says what there is" {
	refuses "*nothing to trace*-p PID*--comm NAME*--cgroup PATH*-- CMD*--watch-oom-kills*oomtrace --help*"
}

@test "an unknown option is named" {
	refuses "*unknown option '--frobnicate'*" --frobnicate
	refuses "*unknown option '-x'*" -x
}

@test "an unknown command is answered with how to start a program" {
	refuses "*unknown command 'sort'*oomtrace --help*oomtrace -- sort*" sort -n
}

@test "a bad value is named with what was expected" {
	refuses "*--period*'3'*power of two from 1 to 512*" -p 1 --period 3
	refuses "*--warn*'70,49'*50 to 99*" --watch-oom-kills --warn 70,49
	refuses "*--warn*'70,'*50 to 99*" --watch-oom-kills --warn 70,
	refuses "*--warn*means nothing to a recording*" -p 1 --warn 70
	refuses "*--on-warn*add --warn PERCENT*" --watch-oom-kills --on-warn true
	refuses "*--on-warn-user*add --on-warn CMD*" --watch-oom-kills --warn 70 --on-warn-user daemon
	refuses "*--on-warn-deadline*add --on-warn CMD*" --watch-oom-kills --warn 70 --on-warn-deadline 5
	refuses "*--on-warn-deadline*'soon'*" --watch-oom-kills --warn 70 --on-warn true --on-warn-deadline soon
	refuses "*--duration*'soon'*" -p 1 -d soon
	refuses "*--pid*'0'*" -p 0
	refuses "*--pid*'1,'*list of at most 128*" -p 1,
	refuses "*--pid*'1,x'*" -p 1,x
	refuses "*--pid*list of at most 128*" -p "$(seq -s , 129)"
	refuses "*--comm*1 to 15 bytes*" --comm sixteen-bytes-xx
	refuses "*--kinds*'anonymous'*anon,shmem*" -p 1 --kinds=anonymous
	refuses "*--format*'png'*" -p 1 --format png
	refuses "*'x.oomtrace' would be no recording but text*" -p 1 -o x.oomtrace --format text
	refuses "*'x.oomtrace' would be no recording but folded*" report y.oomtrace -o x.oomtrace --format folded
}

@test "a missing argument is named" {
	refuses "*--pid*needs an argument*" -p
	refuses "*--output*needs an argument*" -p 1 -o
}

@test "two targets are one too many" {
	refuses "*more than one target*" -p 1 -- sort
	refuses "*more than one target*" --comm sort --cgroup /a
}

@test "--children is refused where they are traced anyway" {
	refuses "*--children*--cgroup*" --cgroup /a --children
	refuses "*--children*--all*" --all --children
}

@test "an option that means nothing to a command is refused" {
	refuses "*--period*means nothing to report*" report x.oomtrace --period 1
	refuses "*--strict*means nothing to check*" check --strict
}

@test "an option of one command alone says of which" {
	refuses "*--sigkills*means nothing to a recording: it goes with --watch-oom-kills" --sigkills
	refuses "*--reverse*means nothing to check: it goes with list" check -r
	refuses "*--period*means nothing to check" check --period 1
}

@test "a name that ends in no format is answered with all of them" {
	refuses "*'shop.doc'*.txt, .folded, .json, .svg, .html, .pb.gz or .oomtrace*" -p 1 -o shop.doc
}

@test "a trace file has a size that can hold something" {
	refuses "*--max-size*'10'*1M to 1024G*" -p 1 -o x.oomtrace --max-size 10
}

@test "debug files are fetched of somebody, and kept somewhere" {
	DEBUGINFOD_URLS='' refuses "*--debuginfod has no servers*" -p 1 --debuginfod
	refuses "*--debuginfod has no servers*" -p 1 --debuginfod=
	refuses "*--debuginfod*'--cache none'*" -p 1 --debuginfod=http://localhost --cache none
}

@test "moments that make no interval are refused" {
	refuses "*--from must be before --to*" report x.oomtrace --from 20 --to 10
	refuses "*--from*'noon'*2024-05-01T12:00:00Z*" report x.oomtrace --from noon
	refuses "*--to*means nothing to a recording*" -p 1 --to 10
}

@test "a diff is of two recordings, or of an incident and the life before it" {
	refuses "*oomtrace diff OLD NEW*" diff
	refuses "*-1 is the newest*leave 'a' out*" diff -1 a
	refuses "*unexpected 'c' after 'b'*" diff a b c
	refuses "*cannot print the format 'text': there are folded, svg*" diff a b --format text
}

@test "a format that the name does not tell is asked for" {
	refuses "*'growth.dat'*--format*" -p 1 -o growth.dat
}

@test "control bytes of an argument do not reach the terminal" {
	refuses "*\\\\x1b\\[31m*" $'\e[31mred'
	[[ $stderr != *$'\e'* ]]
}
