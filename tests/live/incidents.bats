#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# Every OOM kill leaves a complete incident: who, why and what filled the memory.

setup_file()
{
	load ../lib/common
	load ../lib/incident
	kills_share
}

teardown_file()
{
	kills_unshare
}

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	requires root bpf cgroup_memory kernel_log
}

teardown()
{
	freezer_cleanup
	kills_cleanup
	live_teardown
}

# What every incident of a kill in a cgroup has; VICTIM is the process that was chosen.
expect_incident()
{
	local anon

	[[ $(incident_field incident scope) == memcg ]]
	VICTIM=$(incident_field victim process role=chosen)
	# program, command line and reserved addresses included
	[[ $(incident_field victim known role=chosen) == 39f ]]
	anon=$(($(incident_field victim anon role=chosen) / 4096))
	incident_close_to "$(incident_pages "$VICTIM" anon)" "$anon"
	incident_lines stack "id=$(incident_field incident kernel_stack) " | grep -q oom_kill_process
	[[ $(incident_field lost count cause=kill-unseen) == 0 ]]
	[[ $(incident_field lost count cause=kill-full) == 0 ]]
}

@test "a hog: who it was, which limit it hit, and the stacks that held its memory" {
	kills_start
	oom_start hog 64
	oom_go
	kills_wait
	grep -av "^figure" "$INCIDENT"
	expect_incident
	[[ $(incident_field process pid "id=$VICTIM ") == "$VICTIM_PID" ]]
	[[ $(incident_field process exe "id=$VICTIM ") == "$BUILD/victims/oom" ]]
	[[ $(incident_field incident trigger_pid) == "$VICTIM_PID" ]]
	[[ $(incident_lines argument "process=$VICTIM " | sed 's/.*text=//') == "$BUILD/victims/oom"$'\nhog\n256' ]]
	[[ $(incident_field ancestor pid depth=1) == "$BASHPID" ]]
	[[ $(incident_field level limit fired=1) == $((64 << 20)) ]]
	(($(incident_field level usage fired=1) > 63 << 20))
	[[ $(incident_field level path fired=1) == "/${CGROUP##*/}" ]]
	# most of it is one stack, of the victim's own code
	stack=$(incident_lines cell "process=$VICTIM " | sed 's/.*stack=\([0-9]*\) anon=\([0-9]*\).*/\2 \1/' | sort -n | tail -1)
	# one page in 64 is looked at, and the same ones again where the next try is given the same memory
	((${stack% *} * 64 > (64 << 8) - $(allowed_pages $((64 << 8)) 64 4)))
	incident_lines stack "id=${stack#* } " | grep -q "$BUILD/victims/oom+.*$BUILD/victims/oom+"
	# the kernel's own figures of that moment, unless it has printed ten dumps in five seconds
	[[ $(incident_field incident sources) == 3 ]] || return 0
	[[ $(incident_lines figure level=0 when=1) =~ \ (total_rss|anon)=([0-9]+) ]]
	((BASH_REMATCH[2] > 60 << 20))
}

# Within the bound, whatever of it was there before; nothing has to be left to subtraction.
@test "a process that was there before the watch: what it had is told, and all of it adds up" {
	oom_start before 64
	oom_go
	victim_wait filled
	kills_start_own
	echo more >&"$VICTIM_IN"
	kills_wait
	grep -av "^figure" "$INCIDENT"
	expect_incident
	before=$(incident_field stack id origin=before)
	incident_close_to $(($(incident_field cell anon "stack=$before ") * 64)) $((32 << 8))
}

@test "a process with many threads is one victim" {
	kills_start
	oom_start threads 64
	oom_go
	kills_wait
	expect_incident
	[[ $(incident_field victim threads role=chosen) == 5 ]]
	[[ $(incident_lines victim | wc -l) == 1 ]]
}

@test "processes that share an address space die in one incident, with one account" {
	kills_start
	oom_start shared 64
	oom_go
	victim_wait 'child *'
	child=${LINES[-1]#child }
	kills_wait
	grep -av "^figure" "$INCIDENT"
	expect_incident
	[[ $(incident_lines victim | wc -l) == 2 ]]
	victims=$(incident_lines process | sed 's/.* pid=\([0-9]*\).*/\1/' | sort -n)
	[[ $victims == $(printf '%s\n' "$VICTIM_PID" "$child" | sort -n) ]]
	[[ $(incident_field victim anon role=chosen) == "$(incident_field victim anon role=sharer)" ]]
}

@test "the level that fired is the one with the limit, not the victim's own" {
	kills_start
	oom_start hog 64
	cgroup_nest "$CGROUP"
	oom_go
	kills_wait
	rmdir "$CGROUP/inner" || true
	expect_incident
	[[ $(incident_field level path fired=1) == "/${CGROUP##*/}" ]]
	[[ $(incident_field level index fired=1) == 1 ]]
	[[ $(incident_field victim cgroup role=chosen) == "/${CGROUP##*/}/inner" ]]
}

@test "who asked for memory and who was killed are told apart" {
	kills_start
	oom_start protected 64
	oom_go
	victim_wait 'child *'
	child=${LINES[-1]#child }
	echo more >&"$VICTIM_IN"
	kills_wait
	grep -av "^figure" "$INCIDENT"
	expect_incident
	[[ $(incident_field process pid "id=$VICTIM ") == "$child" ]]
	[[ $(incident_field process comm "id=$VICTIM ") == scapegoat ]]
	[[ $(incident_field victim adj role=chosen) == 1000 ]]
	[[ $(incident_field incident trigger_pid) == "$VICTIM_PID" ]]
	incident_lines stack "id=$(incident_field incident user_stack) " | grep -q "$BUILD/victims/oom+"
}

@test "memory that no process maps is in the cgroup's figures" {
	kills_start
	oom_start tmpfs 64
	oom_go
	kills_wait
	expect_incident
	(($(incident_field victim anon role=chosen) < 4 << 20))
	[[ $(incident_lines figure level=0) =~ \ (total_shmem|shmem)=([0-9]+) ]]
	((BASH_REMATCH[2] > 50 << 20))
	incident_close_to "$(incident_pages "$VICTIM" shmem)" $((BASH_REMATCH[2] / 4096))
}

@test "a process that executes another image is killed as what it is then" {
	kills_start
	oom_start exec 64 100
	oom_go
	kills_wait
	expect_incident
	grep -a "^argument" "$INCIDENT"
	[[ $(incident_field argument text "process=$VICTIM index=0") == executed ]]
	[[ $(incident_field process pid "id=$VICTIM ") == "$VICTIM_PID" ]]
}

@test "a hostile name is passed on as it is" {
	kills_start
	oom_start hostile 64
	oom_go
	kills_wait
	grep -aq 'comm=a;b$' "$INCIDENT"
	grep -aq $'^\e\\[31mX 9 exe=' "$INCIDENT"
}

@test "whom the kernel could have chosen, by its log and by its rule" {
	kills_start
	oom_start crowd 64 128
	oom_go
	kills_wait
	# by BPF and by the kernel's log
	(($(incident_field incident sources) & 2)) ||
		skip "the kernel prints no more than ten dumps in five seconds, of everybody's"
	grep -av "^figure" "$INCIDENT"
	[[ $(incident_field process comm "id=$(incident_field victim process role=chosen) ") == crowd ]]
	(($(incident_lines candidate | wc -l) > 10))
	[[ $(incident_lines candidate chosen=1 | wc -l) == 1 ]]
	# the one with the highest badness was chosen
	highest=$(incident_lines candidate | sed 's/.* badness=\([-0-9]*\) .*/\1/' | sort -n | tail -1)
	[[ $(incident_field candidate badness chosen=1) == "$highest" ]]
	(($(incident_field incident sources) & 1))
	[[ $(incident_field incident order) == 0 ]]
}

@test "fifty kills in a moment: each is an incident of its own, none is lost" {
	kills_start
	oom_start crowd 64 600
	oom_go
	first=
	for ((kill = 0; kill < 50; kill++)); do
		kills_wait
		sequence=$(incident_field incident sequence)
		pid=$(incident_field process pid)
		[[ -z ${seen[pid]-} ]]
		seen[pid]=1
		((sequence > ${first:=0}))
		first=$sequence
	done
	[[ $(incident_field lost count cause=kill-full) == 0 ]]
	[[ $(incident_field lost count cause=kill-crowded) == 0 ]]
	[[ $(incident_field lost count cause=kill-unseen) == 0 ]]
}

@test "what the kernel holds for a process is named, where no process maps it" {
	kills_start
	oom_start pipes 64
	oom_go
	kills_wait
	expect_incident
	(($(incident_field victim anon role=chosen) < 4 << 20))
	(($(incident_pages "$VICTIM" kernel) > 40 << 8))
}

@test "a worker whose parent had filled the memory: what it inherited is not its own" {
	kills_start
	oom_start inherited 64 100
	oom_go
	victim_wait 'child *'
	child=${LINES[-1]#child }
	kills_wait
	grep -av "^figure" "$INCIDENT"
	[[ $(incident_field incident scope) == memcg ]]
	VICTIM=$(incident_field victim process role=chosen)
	[[ $(incident_field process pid "id=$VICTIM ") == "$child" ]]
	(($(incident_field victim anon role=chosen) > 56 << 20))
	(($(incident_pages "$VICTIM" anon) < 24 << 8))
	inherited=$(incident_lines inherited "process=$VICTIM " "author_pid=$VICTIM_PID " |
		sed 's/.* anon=//' | awk '{ slots += $1 } END { print slots * 64 }')
	# what the parent had, by the kernel and by the parent's own stack
	incident_close_to "$inherited" $((50 << 8))
	stack=$(incident_lines inherited "process=$VICTIM " | sed 's/.* stack=\([0-9]*\) anon=\([0-9]*\)/\2 \1/' | sort -n | tail -1)
	incident_lines stack "id=${stack#* } " | grep -q "$BUILD/victims/oom+.*$BUILD/victims/oom+"
}

# Where the kernel writes down whom it marks, and where the dying wait.
MARKS=/sys/kernel/tracing/instances/oomtrace-test-$$
FREEZER=/sys/fs/cgroup/freezer/oomtrace-test-$$

freezer_cleanup()
{
	[[ ! -d $FREEZER ]] || echo THAWED >"$FREEZER/freezer.state"
	[[ ! -d $MARKS ]] || { echo 0 >"$MARKS/events/oom/mark_victim/enable" && rmdir "$MARKS"; }
	[[ ! -d $FREEZER ]] || until rmdir "$FREEZER" 2>/dev/null; do :; done
}

# freeze PID
freeze()
{
	mkdir "$FREEZER"
	echo "$1" >"$FREEZER/cgroup.procs"
	echo FROZEN >"$FREEZER/freezer.state"
	until [[ $(<"$FREEZER/freezer.state") == FROZEN ]]; do :; done
}

# task_will_free_mem() (mm/oom_kill.c): whoever is about to end is given the reserves, and nobody is killed.
@test "who is dying already when the kernel chooses it is marked without a line in the log: no incident" {
	requires cgroup_freezer trace_instances
	mkdir "$MARKS"
	echo 1 >"$MARKS/events/oom/mark_victim/enable"
	kills_start
	oom_start protected 64
	oom_go
	victim_wait 'child *'
	child=${LINES[-1]#child }
	freeze "$child"
	kill -KILL "$child"
	echo more >&"$VICTIM_IN"
	kills_wait
	# marked, and what followed is the first that is told
	grep -q "mark_victim: pid=$child " "$MARKS/trace" || fail "$(<"$MARKS/trace")"
	dmesg >"$BATS_TEST_TMPDIR/log"
	run ! grep -q "Killed process $child " "$BATS_TEST_TMPDIR/log"
	[[ $(incident_field process pid "id=$(incident_field victim process role=chosen) ") == "$VICTIM_PID" ]]
	[[ $(incident_lines victim | wc -l) == 1 ]]
	[[ $(incident_field lost count cause=kill-unseen) == 0 ]]
	[[ $(incident_field lost count cause=kill-crowded) == 0 ]]
}

# Ten dumps in five seconds: the kernel's log says of the others no more than that they were killed.
@test "in a storm of kills most are without a dump in the log, and have all that is not from there" {
	local dumps=0 kill begun last

	kills_start
	oom_start crowd 64 600
	oom_go
	for ((kill = 0; kill < 50; kill++)); do
		kills_wait
		last=$(incident_field end ms)
		: "${begun:=$last}"
		[[ $(incident_field incident scope) == memcg && $(incident_field level limit fired=1) == $((64 << 20)) ]]
		[[ $(incident_field victim anon role=chosen) -gt 0 && $(incident_lines cell) ]]
		incident_lines stack "id=$(incident_field incident kernel_stack) " | grep -q oom_kill_process
		[[ $(incident_field incident sources) != 3 ]] || ((++dumps))
	done
	# in each five seconds, and those that had begun
	((dumps <= 10 * ((last - begun) / 5000 + 2))) || fail "$dumps dumps in $((last - begun)) ms"
}
