#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Incidents are browsed and rendered anywhere: without root, without BPF, on another machine.

# shellcheck disable=SC2154 # bats sets stderr and stderr_lines

bats_require_minimum_version 1.5.0

ROOT=${BATS_TEST_DIRNAME%/tests}
OOMTRACE=${OOMTRACE:-$ROOT/oomtrace}
DATA=$ROOT/tests/data/incidents
EXPECTED=$ROOT/tests/expected/incidents

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

same()
{
	diff -u "$1" "$2"
}

# --- one incident ---------------------------------------------------------------------------

@test "an incident is printed as text, whatever stdout is" {
	for name in pod group log-only evil; do
		"$OOMTRACE" report "$DATA/$name.oomtrace" >out
		same "$EXPECTED/$name.txt" out
	done
}

@test "its stacks are printed as growth's are: folded, as a flame graph, as a profile" {
	"$OOMTRACE" report "$DATA/pod.oomtrace" --format folded >out
	same "$EXPECTED/pod.folded" out
	"$OOMTRACE" report "$DATA/pod.oomtrace" -o out.svg
	grep -q decode_attachment out.svg
	"$OOMTRACE" report "$DATA/pod.oomtrace" -o out.pb.gz
	gzip -t out.pb.gz
}

@test "the report's top says who, why and what within a screen" {
	"$OOMTRACE" report "$DATA/pod.oomtrace" | head -24 >top
	for fact in 'killed worker (pid 1234)' 'supervisor (1200)' 'pod mailer-0' \
		'256.0 MiB of 256.0 MiB' 'metrics (pid 1300) asked' 'anon 200.0 MiB' 'decode_attachment'; do
		grep -qF "$fact" top
	done
}

@test "hostile names control no terminal and break no line" {
	for format in text json folded; do
		"$OOMTRACE" report "$DATA/evil.oomtrace" --format "$format" >out
		run ! grep -P '[\x00-\x08\x0b-\x1f\x7f]' out
	done
	run -0 "$OOMTRACE" report "$DATA/evil.oomtrace" --format json
	[[ ${#lines[@]} -eq 1 ]]
}

@test "an incident that was cut short is shown as far as it goes, and said to be cut" {
	head -c 2500 "$DATA/pod.oomtrace" >cut.oomtrace
	run --separate-stderr -1 "$OOMTRACE" report cut.oomtrace
	[[ $output == *'killed worker (pid 1234)'*'its end is missing'* ]]
	[[ $stderr == *"'cut.oomtrace' is not whole"*'cut short'* ]]
	[[ ${#stderr_lines[@]} -eq 1 ]]
}

@test "a byte that was changed anywhere is noticed" {
	size=$(wc -c <"$DATA/group.oomtrace")
	for ((at = 20; at < size; at += 97)); do
		cp "$DATA/group.oomtrace" changed.oomtrace
		printf '\xa5' | dd of=changed.oomtrace bs=1 seek=$at conv=notrunc status=none
		cmp -s "$DATA/group.oomtrace" changed.oomtrace && continue
		run --separate-stderr -1 "$OOMTRACE" report changed.oomtrace
		[[ -n $stderr ]]
	done
}

# --- the spool ------------------------------------------------------------------------------

# A spool of four, as a watcher would have left them.
spool_make()
{
	local id=20231114T221500Z-4a7d name number=7

	mkdir spool
	for name in pod group log-only evil; do
		cp "$DATA/$name.oomtrace" "spool/$id-$((number++)).oomtrace"
	done
}

@test "list shows the incidents, the newest last, and -r the newest first" {
	spool_make
	"$OOMTRACE" list --spool spool >out
	[[ $(wc -l <out) -eq 5 ]]
	[[ $(grep -o '4a7d-[0-9]*' out | tr '\n' ' ') == '4a7d-7 4a7d-8 4a7d-9 4a7d-10 ' ]]
	grep -q 'worker (pid 1234) +1 *mailer-0/worker' out
	"$OOMTRACE" list --spool spool -r >out
	[[ $(grep -o '4a7d-[0-9]*' out | head -1) == 4a7d-10 ]]
}

@test "list picks by pid, name, container and time" {
	spool_make
	for filter in '-p 502' '--comm hog' '--container mailer-0' '--container ghcr.io/shop/mailer:1.4' '--container 3fe0c1d2b3a4' \
		'--since 2023-11-14T22:15:00Z --comm hog' '--until 2023-11-15T00:00:00Z -p 77'; do
		# shellcheck disable=SC2086 # several words
		"$OOMTRACE" list --spool spool $filter >out
		[[ $(wc -l <out) -eq 2 ]]
		id=$(awk 'END { print $1 }' out)
		# shellcheck disable=SC2086
		"$OOMTRACE" list --spool spool --json $filter >out
		[[ $(wc -l <out) -eq 1 && $(<out) == *"\"id\":\"$id\""* ]]
	done
	for filter in '-p 1' '--comm worke' '--container fe0' '--since 1h' '--until 2023-11-14T22:00:00Z'; do
		# shellcheck disable=SC2086
		"$OOMTRACE" list --spool spool $filter >out
		[[ ! -s out ]]
	done
}

@test "list --json prints the lines of report, and they are what the schema allows" {
	spool_make
	"$OOMTRACE" list --spool spool --json >out
	cat "$EXPECTED"/{pod,group,log-only,evil}.json >expected
	same expected out
}

@test "diff takes two incidents by their ids: two lives as two columns" {
	spool_make
	"$OOMTRACE" diff --spool spool 20231114T221500Z-4a7d-7 20231114T221500Z-4a7d-8 >out
	grep -Eq '^worker;main;decode_attachment;bytes_grow 178257920 0$' out
	"$OOMTRACE" diff "$DATA/pod.oomtrace" "$DATA/group.oomtrace" >expected
	same expected out
	run "$OOMTRACE" diff --spool spool 20231114T221500Z-4a7d-7 20231114T221500Z-4a7d-999
	[[ $status == 1 && $output == *"4a7d-999"* ]]
}

@test "diff of an incident alone is with the life before it, by what its file tells" {
	mkdir spool
	cp "$DATA/loop.oomtrace" spool/20231114T221500Z-4a7d-15.oomtrace
	run --separate-stderr -1 "$OOMTRACE" diff --spool spool -1
	[[ $stderr == *"cannot read incident '20231114T221454Z-4a7d-14'"* ]]
	cp "$DATA/group.oomtrace" spool/20231114T221454Z-4a7d-14.oomtrace
	"$OOMTRACE" diff "$DATA/group.oomtrace" "$DATA/loop.oomtrace" >expected
	for one in -1 20231114T221500Z-4a7d-15 spool/20231114T221500Z-4a7d-15.oomtrace; do
		"$OOMTRACE" diff --spool spool "$one" >out
		same expected out
	done
	run --separate-stderr -1 "$OOMTRACE" diff --spool spool 20231114T221454Z-4a7d-14
	[[ $stderr == *"tells of no life before it"* ]]
	run --separate-stderr -1 "$OOMTRACE" diff "${DATA%/incidents}/server.oomtrace"
	[[ $stderr == *"tells of no life before it"* ]]
}

@test "list says which life in a row an incident is, --explain why that is a crash loop or is not" {
	mkdir spool
	cp "$DATA/loop.oomtrace" spool/20231114T221500Z-4a7d-15.oomtrace
	cp "$DATA/group.oomtrace" spool/20231114T221454Z-4a7d-14.oomtrace
	"$OOMTRACE" list --spool spool >out
	grep -Eq '^id +time +scope +anon +limit +life +victim' out
	grep -Eq ' 128\.0 MiB +4 +catalog ' out
	run -1 grep -E ' [0-9] +[a-z]+ \(pid 50' out
	"$OOMTRACE" report "$DATA/loop.oomtrace" --explain >out
	grep -A8 '^  crash_loop: ' out | grep -q 'fired, confidence 95 %: the verdict'
	"$OOMTRACE" report "$DATA/group.oomtrace" --explain >out
	grep -A8 '^  crash_loop: ' out | grep -q 'silent: no life before this one'
}

@test "report takes an id, -1, or nothing: the newest" {
	spool_make
	"$OOMTRACE" report --spool spool 20231114T221500Z-4a7d-7 >out
	same "$EXPECTED/pod.txt" out
	"$OOMTRACE" report --spool spool -1 >out
	same "$EXPECTED/evil.txt" out
	"$OOMTRACE" report --spool spool >out
	same "$EXPECTED/evil.txt" out
}

@test "an id that is not there, and a spool that is empty or missing, are said so" {
	mkdir empty
	run --separate-stderr -1 "$OOMTRACE" report --spool empty 20231114T221500Z-4a7d-7
	[[ $stderr == *"cannot read incident '20231114T221500Z-4a7d-7' in 'empty'"* ]]
	run --separate-stderr -1 "$OOMTRACE" report --spool empty
	[[ $stderr == *"no incidents in 'empty'"* ]]
	run --separate-stderr -0 "$OOMTRACE" list --spool empty
	[[ -z $output && $stderr == *"no incidents in 'empty'"* ]]
	run --separate-stderr -1 "$OOMTRACE" list --spool missing
	[[ $stderr == *"'missing': No such file"*"'oomtrace --watch-oom-kills' makes it"* ]]
	run --separate-stderr -1 "$OOMTRACE" report -1 --spool missing
	[[ $stderr == *"'missing': No such file"*"'oomtrace --watch-oom-kills' makes it"* ]]
}

@test "what is no incident in the spool is passed over or said, and hides no other" {
	spool_make
	: >spool/.unfinished
	: >spool/readme.txt
	mkfifo spool/20231114T221500Z-4a7d-11.oomtrace
	head -c 100 "$DATA/pod.oomtrace" >spool/20231114T221500Z-4a7d-12.oomtrace
	run --separate-stderr -1 "$OOMTRACE" list --spool spool
	[[ $output == *4a7d-10* && $output == *4a7d-7* ]]
	[[ $stderr == *4a7d-12* ]]
}
