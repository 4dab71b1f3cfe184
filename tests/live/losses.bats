#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bats file_tags=kills
#
# What is lost is counted by its cause and told: each cause is made to happen (CONTRIBUTING.md, "Losing
# on purpose"), at period 1, where what the judge sees is what is reported plus what was lost, to the
# page. --strict makes an exit status of each.

PAGES=$((8 << 8))

setup()
{
	bats_require_minimum_version 1.5.0
	load ../lib/common
	load ../lib/incident
	load ../lib/watch
	requires root bpf cgroup_memory frame_numbers
}

teardown()
{
	unset OOMTRACE_TEST_DROP OOMTRACE_TEST_SMALLEST
	live_teardown
}

# lost CAUSE: how often, by what oomtrace says.
lost()
{
	sed -n "s/^oomtrace: warning: lost: .*, \([0-9]*\) times* ($1).*/\1/p" "$TRACE_TALK" |
		awk '{ total += $1 } END { print total + 0 }'
}

# loses CAUSE PROGRAM CASE: a victim grows by 8 MiB while that is lost half of the time.
loses()
{
	local cause=$1

	victim_start "$2" "$3" 8
	OOMTRACE_TEST_DROP=$cause:2 trace_start -p "$VICTIM_PID" --period 1 --strict --kinds=anon \
		--format folded
	victim_grow
	stop_strictly
	LOST=$(lost "$cause")
	SEEN=$(folded_pages "$TRACE_OUT" '[anon]' "grow_$3")
	NAMELESS=$(folded_pages "$TRACE_OUT" '[anon]' '[lost stacks]')
	echo "$cause: $SEEN with their stack, $NAMELESS without, $LOST times lost, of $PAGES"
}

stop_strictly()
{
	trace_interrupt
	trace_wait
	cat "$TRACE_TALK"
	((TRACE_STATUS == 2)) || fail "exits with $TRACE_STATUS"
}

# The victim's heap has one page more, the header of its caller.
no_page_is_missing()
{
	(($1 >= PAGES - 1 && $1 <= PAGES + 8))
}

@test "cell-full: pages whose stack found no room are [lost stacks], and none is missing" {
	loses cell-full stacks tree
	((LOST > 0 && NAMELESS > 0))
	no_page_is_missing $((SEEN + NAMELESS))
}

@test "ring-full: pages whose stack could not be sent are [lost stacks], and none is missing" {
	loses ring-full stacks tree
	((LOST > 0 && NAMELESS > 0))
	no_page_is_missing $((SEEN + NAMELESS))
}

@test "account-full: pages of a process without an account are nobody's, and none is missing" {
	local nobody

	# half of the attempts fail: four are made, for whoever of four has none
	OOMTRACE_TEST_SMALLEST=1 trace_start --all --period 1 --strict --kinds=anon --format folded
	victim_start heap malloc 8
	victim_grow
	stop_strictly
	nobody=$(folded_pages "$TRACE_OUT" '[unattributed]' '[anon]')
	echo "$nobody of $PAGES pages are nobody's"
	(($(lost account-full) >= nobody && nobody + $(folded_pages "$TRACE_OUT" heap '[anon]') >= PAGES - 1))
}

@test "nested: allocations that were not counted are no more than the losses" {
	loses nested heap malloc
	((LOST > 0 && SEEN < PAGES && SEEN + LOST >= PAGES - 1))
}

@test "frame-outside: what lies beyond the ledger is missing, and counted page by page" {
	loses frame-outside heap malloc
	((LOST > 0 && SEEN < PAGES))
	# what else the process allocated meanwhile is lost as often
	((SEEN + LOST >= PAGES - 1 && SEEN + LOST <= PAGES + 128))
}

@test "process-event: forks that were not told are counted, and the children's pages still are" {
	OOMTRACE_TEST_DROP=process-event:1 run -2 "$OOMTRACE" --period 1 --strict --format folded \
		-- bash -c "for i in 1 2 3; do cat /proc/self/stat >/dev/null; done"
	[[ $output == *'(process-event)'* ]]
}

@test "mapping-full: changes of an address space that were not told are read again" {
	requires mapping_events
	victim_start reserve hole 8
	OOMTRACE_TEST_DROP=mapping-full:2 trace_start -p "$VICTIM_PID" --virtual --strict --format folded
	victim_grow
	stop_strictly
	(($(lost mapping-full) > 0))
}

@test "mappings-crowded: of more ranges than are told apart it is told how much they are, not whose" {
	requires mapping_events
	# a range for each page, 131 064 of which there is room for
	victim_start reserve turns 600
	trace_start -p "$VICTIM_PID" --virtual --strict --format folded
	victim_grow
	stop_strictly
	(($(lost mappings-crowded) > 0))
	(($(folded_pages "$TRACE_OUT") >= 600 << 8))
	(($(folded_pages "$TRACE_OUT" '[lost stacks]') > 0))
}

@test "mover-full: moved pages that find no room lose their author, and are counted" {
	requires compaction
	victim_start huge fragments 256
	OOMTRACE_TEST_DROP=mover-full:1 trace_start -p "$VICTIM_PID" --period 1 --strict --kinds=anon \
		--format folded
	victim_grow
	echo 1 >/proc/sys/vm/compact_memory
	trace_interrupt
	trace_wait
	cat "$TRACE_TALK"
	(($(lost mover-full) > 0))
	((TRACE_STATUS == 2))
}

@test "cgroup-depth: a process too deep in cgroups to tell is counted" {
	local top

	victim_start heap malloc 8
	top=$CGROUP/deep
	(
		cd "$CGROUP" && for _ in {1..130}; do mkdir deep && cd deep || exit; done
		echo "$VICTIM_PID" >cgroup.procs
	)
	TRACE_NAME=deep trace_start --cgroup "$CGROUP" --strict --format folded
	victim_grow
	stop_strictly
	(($(lost cgroup-depth) > 0))
	victim_stop || true
	find "$top" -depth -type d -exec rmdir {} \; 2>/dev/null || true
	rmdir "$(dirname "$top")" || true
}

@test "kill-full: a kill that could not be sent is told with the next incident" {
	local tries

	OOMTRACE_TEST_DROP=kill-full:2 watch_start --strict --format json
	for tries in {1..40}; do
		oom_start hog 16
		oom_go
		# gone, whether its kill was told or not
		wait "$VICTIM_PID" || true
		victim_cleanup
		! read -r -t 0.1 -u "$WATCH_OUT" LINE || [[ $LINE != *'"kill-full":'[1-9]* ]] || break
	done
	[[ $LINE == *'"kill-full":'[1-9]* ]] || fail "no loss was told in $tries kills: $LINE"
	trace_interrupt
	drain "$WATCH_OUT" >/dev/null
	trace_wait
	((TRACE_STATUS == 2)) || fail "exits with $TRACE_STATUS: $(cat "$TRACE_TALK")"
}

# lost_late CAUSE: the watcher that is running ends, says so, and its exit status does.
lost_late()
{
	trace_interrupt
	drain "$WATCH_OUT" >/dev/null
	trace_wait
	cat "$TRACE_TALK"
	grep -q "^oomtrace: warning: lost after the last incident: .*, [1-9][0-9]* times* ($1)\$" "$TRACE_TALK"
	((TRACE_STATUS == 2)) || fail "exits with $TRACE_STATUS"
}

@test "sigkill-full: without an incident after it the watcher says so when it ends" {
	OOMTRACE_TEST_DROP=sigkill-full:1 watch_start --sigkills --strict --format json
	victim_start heap malloc 8
	kill -KILL "$VICTIM_PID"
	wait "$VICTIM_PID" || true
	lost_late sigkill-full
}

@test "curve-full: points that nobody was told of are said at the end" {
	OOMTRACE_TEST_DROP=curve-full:1 watch_start --strict --format json
	victim_start heap malloc 64
	victim_grow
	lost_late curve-full
}

@test "kill-memory: what finds no memory set aside at a kill is counted, and the incident is told all the same" {
	local kills line

	OOMTRACE_TEST_SMALLEST=reserve watch_start --strict --format json
	# what nobody has seen before, and some of the many are gone before they are looked at
	mkdir -p "$BATS_TEST_TMPDIR/new/victims"
	cp "$BUILD/victims/oom" "$BATS_TEST_TMPDIR/new/victims"
	BUILD=$BATS_TEST_TMPDIR/new oom_start crowd 64 164
	oom_go
	for kills in {1..30}; do
		wait_for_line "$WATCH_OUT" "*\"path\":\"/${CGROUP##*/}\"*"
		line=${LINES[-1]}
		"$ROOT/tests/lib/validate-json" "$ROOT/docs/schema/incident.schema.json" <<<"$line"
	done
	[[ $line == *'"kill-memory":'[1-9]* ]] || fail "no loss was told in $kills kills: $line"
	trace_interrupt
	drain "$WATCH_OUT" >/dev/null
	trace_wait
	((TRACE_STATUS == 2)) || fail "exits with $TRACE_STATUS: $(cat "$TRACE_TALK")"
	(($("$OOMTRACE" list --spool "$SPOOL" --json | wc -l) >= 30))
}

@test "smallest: with every map at its smallest nothing is lost in silence" {
	OOMTRACE_TEST_SMALLEST=1 run -2 "$OOMTRACE" --period 1 --strict --format json \
		-- /usr/bin/python3 -c 'x = [[i] for i in range(100000)]'
	/usr/bin/python3 - "$(grep '^{"' <<<"$output" | tail -n 1)" <<'END'
import json
import sys

growth = json.loads(sys.argv[1])
assert growth["data_lost"] and sum(growth["lost"].values()) > 0, growth["lost"]
END
}
